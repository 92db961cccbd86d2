// What a row that comes out of a query with memory does to the result.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <arrow/type_fwd.h>

namespace laketide {

/// Rows behind the part of a query that remembers carry one of these in the hidden column `_change`; rows of a batch without that
/// column are all inserts. An insert or update is the whole new row; of a delete only the key columns count. Within one epoch a key
/// has one row at most.
enum class Change : int8_t { kInsert = 0, kUpdate = 1, kDelete = 2 };

inline constexpr std::string_view kChangeColumn = "_change";  // int8, not null; stands behind all visible columns

std::shared_ptr<arrow::Field> change_field();

}  // namespace laketide
