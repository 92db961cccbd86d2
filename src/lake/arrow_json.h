// Arrow's nested values as JSON, for log rows out of checkpoints.
#pragma once

#include <cstdint>

#include <arrow/type_fwd.h>
#include <nlohmann/json_fwd.hpp>

namespace laketide::lake {

/// Row `row` of `column`: structs and maps with text keys become objects, lists arrays; null members are left out of
/// structs. Types that no log action has become null.
nlohmann::json to_json(const arrow::Array& column, int64_t row);

}  // namespace laketide::lake
