#include "operators/group_states.h"

#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "operators/distinct_values.h"

namespace laketide {
namespace {

std::vector<expr::Type> state_types(const AggregateCall& call) {
  return call.distinct ? distinct_state_types(call) : call.function->partial(call.types);
}

}  // namespace

std::vector<std::shared_ptr<arrow::Field>> state_fields(const std::vector<AggregateCall>& calls) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (size_t i = 0; i < calls.size(); ++i) {
    int part = 0;
    for (const expr::Type& type : state_types(calls[i])) {
      fields.push_back(type.field("_state_" + std::to_string(i) + "_" + std::to_string(part++), true));
    }
  }
  return fields;
}

Result<GroupStates> GroupStates::make(const std::vector<AggregateCall>& calls, arrow::MemoryPool* memory) {
  GroupStates made(memory);
  for (const AggregateCall& call : calls) {
    std::unique_ptr<expr::Accumulator> accumulator;
    if (call.distinct) {
      LT_ASSIGN_OR_RETURN(accumulator, make_distinct_values(call, memory));
    } else {
      accumulator = call.function->make(call.types, memory);
    }
    made.states_.push_back({call, state_types(call).size(), std::move(accumulator)});
  }
  return made;
}

Status GroupStates::resize(int64_t count) {
  for (State& state : states_) LT_RETURN_IF_ERROR(state.accumulator->resize(count));
  return {};
}

Status GroupStates::update(const arrow::RecordBatch& rows, std::span<const uint32_t> groups, const arrow::Array* order) {
  for (State& state : states_) {
    Columns args;
    for (const int arg : state.call.args) args.push_back(rows.column(arg));
    std::shared_ptr<arrow::Array> take;
    if (state.call.filter >= 0) take = rows.column(state.call.filter);
    LT_RETURN_IF_ERROR(state.accumulator->update(args, groups, static_cast<const arrow::BooleanArray*>(take.get()),
                                                 state.call.function->ordered ? order : nullptr));
  }
  return {};
}

Status GroupStates::merge(std::span<const std::shared_ptr<arrow::Array>> columns, std::span<const uint32_t> groups) {
  size_t at = 0;
  for (State& state : states_) {
    const auto own = columns.subspan(at, state.columns);
    LT_RETURN_IF_ERROR(state.accumulator->merge(Columns(own.begin(), own.end()), groups));
    at += state.columns;
  }
  return {};
}

Result<Columns> GroupStates::partial(std::span<const uint32_t> groups) const {
  Columns all;
  for (const State& state : states_) {
    LT_ASSIGN_OR_RETURN(Columns columns, state.accumulator->partial(groups, memory_));
    for (auto& column : columns) all.push_back(std::move(column));
  }
  return all;
}

Result<Columns> GroupStates::finish(std::span<const uint32_t> groups) const {
  Columns all;
  for (const State& state : states_) {
    auto column = state.accumulator->finish(groups, memory_);
    if (!column.ok()) return column.status().in(state.call.name);
    all.push_back(std::move(column).value());
  }
  return all;
}

void GroupStates::clear(std::span<const uint32_t> groups) {
  for (State& state : states_) state.accumulator->clear(groups);
}

int64_t GroupStates::bytes() const {
  int64_t sum = 0;
  for (const State& state : states_) sum += state.accumulator->bytes();
  return sum;
}

}  // namespace laketide
