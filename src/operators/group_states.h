// The states of all calls of a GROUP BY.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/aggregate.h"
#include "operators/aggregate.h"
#include "operators/key_codec.h"

namespace laketide {

/// One accumulator a call, all with the same group numbers. Confined to its task.
class GroupStates {
 public:
  /// Fails `kUser` key_type where DISTINCT is asked of values that cannot be compared.
  static Result<GroupStates> make(const std::vector<AggregateCall>& calls, arrow::MemoryPool* memory);

  Status resize(int64_t count);
  /// Rows of the aggregate's input. `order`: ranks of the rows, if a call wants them.
  Status update(const arrow::RecordBatch& rows, std::span<const uint32_t> groups, const arrow::Array* order);
  /// Columns of `state_fields`.
  Status merge(std::span<const std::shared_ptr<arrow::Array>> columns, std::span<const uint32_t> groups);
  Result<Columns> partial(std::span<const uint32_t> groups) const;
  /// One column a call.
  Result<Columns> finish(std::span<const uint32_t> groups) const;
  void clear(std::span<const uint32_t> groups);
  int64_t bytes() const;

 private:
  explicit GroupStates(arrow::MemoryPool* memory) : memory_(memory) {}
  struct State {
    AggregateCall call;
    size_t columns;  // of its partial state
    std::unique_ptr<expr::Accumulator> accumulator;
  };
  std::vector<State> states_;
  arrow::MemoryPool* memory_;
};

/// What the partial states of all calls look like as columns.
std::vector<std::shared_ptr<arrow::Field>> state_fields(const std::vector<AggregateCall>& calls);

}  // namespace laketide
