#include "flow/change.h"

#include <arrow/type.h>

namespace laketide {

std::shared_ptr<arrow::Field> change_field() { return arrow::field(std::string(kChangeColumn), arrow::int8(), false); }

}  // namespace laketide
