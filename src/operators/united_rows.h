// UNION ALL behind the lanes: the rows of one of its SELECTs, as the whole has them.
#pragma once

#include <memory>

#include "flow/context.h"
#include "flow/operator.h"

namespace laketide {

/// `output` ends in `_change`; before it stand columns of the same types as those of the rows that come in. Rows that come without
/// `_change` are inserts.
std::unique_ptr<Operator> make_united_rows(Schema output, Context& context);

}  // namespace laketide
