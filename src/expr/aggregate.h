// Functions over the rows of a group: sum, count, min and the like. Signature and accumulator together.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/type.h"
#include "laketide/status.h"

namespace laketide::expr {

/// Types of an aggregate's arguments and result, as the binder decided them. Immutable.
struct AggregateTypes {
  std::vector<Type> args;
  Type result;
};

/// The states of one aggregate call for many groups, by the group's number; a group begins empty. Columns of arguments and partial
/// states are plain Arrow arrays. Fails only for lack of memory, or `kUser` with PostgreSQL's code where a group has no result
/// (numeric_value_out_of_range). Confined to its task.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  /// Groups [0, count) exist from now on.
  virtual Status resize(int64_t count) = 0;
  /// Adds row i of the arguments to group `groups[i]`, for all rows of `args`; rows of which `take` is false or NULL are left out
  /// (null: none is). `order[i]`: the row's rank among all rows there will ever be, binary, ranked byte by byte, for functions that
  /// are `ordered`; else null.
  virtual Status update(const std::vector<std::shared_ptr<arrow::Array>>& args, std::span<const uint32_t> groups, const arrow::BooleanArray* take,
                        const arrow::Array* order) = 0;
  /// Adds partial states (rows of `partial`, columns as in `Aggregate::partial`) to groups.
  virtual Status merge(const std::vector<std::shared_ptr<arrow::Array>>& partial, std::span<const uint32_t> groups) = 0;
  /// The partial states of these groups, in their order.
  virtual Result<std::vector<std::shared_ptr<arrow::Array>>> partial(std::span<const uint32_t> groups, arrow::MemoryPool* memory) const = 0;
  /// Their results.
  virtual Result<std::shared_ptr<arrow::Array>> finish(std::span<const uint32_t> groups, arrow::MemoryPool* memory) const = 0;
  /// These groups are empty again.
  virtual void clear(std::span<const uint32_t> groups) = 0;
  virtual int64_t bytes() const = 0;
};

/// One overload. Immutable.
struct Aggregate {
  std::string_view name;
  std::vector<TypeId> args;  // none: count(*); kUnknown as an argument: any type
  TypeId result = TypeId::kUnknown;
  /// Where digits or an argument decide the type (numeric sums, min of anything); null: `result`.
  Type (*result_type)(const std::vector<Type>& args) = nullptr;
  /// Types of the columns of a partial state.
  std::vector<Type> (*partial)(const AggregateTypes& types) = nullptr;
  /// What grows with the groups is allocated from `memory`, which outlives the accumulator.
  std::unique_ptr<Accumulator> (*make)(const AggregateTypes& types, arrow::MemoryPool* memory) = nullptr;
  bool ordered = false;     // the result depends on the order of rows: (topic, partition, offset)
  bool null_if_empty = true;  // false: count
};

/// Every overload of a name; empty if there is none. Lives as long as the process.
std::span<const Aggregate* const> aggregates(std::string_view name);
/// All names, for hints.
std::vector<std::string_view> aggregate_names();

}  // namespace laketide::expr
