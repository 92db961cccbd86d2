#include "operators/aggregate.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "operators/aggregate_parts.h"
#include "operators/group_states.h"

namespace laketide {

Schema partial_schema(const AggregateOptions& options) {
  arrow::FieldVector fields;
  if (options.window) {
    const auto& type = options.input->field(options.window->time)->type();
    fields.push_back(arrow::field("_window_start", type, false));
  }
  for (const int key : options.keys) fields.push_back(options.input->field(key));
  if (options.window && options.window->kind == WindowOptions::Kind::kSession) fields.push_back(fields.front()->WithName("_window_end"));
  for (auto& field : state_fields(options.calls)) fields.push_back(std::move(field));
  fields.push_back(arrow::field("_rows", arrow::int64(), false));
  return arrow::schema(std::move(fields));
}

int group_key_count(const AggregateOptions& options) { return static_cast<int>(options.keys.size()) + (options.window ? 1 : 0); }

AggregateRows::AggregateRows(const AggregateOptions& options, arrow::MemoryPool* memory)
    : schema_(options.output->AddField(options.output->num_fields(), change_field()).ValueOrDie()), memory_(memory) {}

Result<Batch> AggregateRows::make(Columns group_columns, Columns results, std::span<const Change> changes) const {
  Columns columns = std::move(group_columns);
  for (auto& result : results) columns.push_back(std::move(result));
  expr::Type int8(expr::TypeId::kOther);
  int8.other = arrow::int8();
  auto change = expr::fixed_column<int8_t>(int8, static_cast<int64_t>(changes.size()), memory_, [&](int64_t row, int8_t& out) {
    out = static_cast<int8_t>(changes[static_cast<size_t>(row)]);
    return true;
  });
  if (!change.ok()) return expr::memory_status(change.status());
  columns.push_back(std::move(change).ValueUnsafe());
  if (static_cast<int>(columns.size()) != schema_->num_fields()) return Status::internal("aggregate_output", "an aggregate's output has another number of columns: " + schema_->ToString());
  return Batch(arrow::RecordBatch::Make(schema_, static_cast<int64_t>(changes.size()), std::move(columns)));
}

Result<Columns> AggregateRows::results(const Columns& group_columns, std::span<const uint32_t> groups, const Finish& finish) const {
  auto all = finish(groups);
  if (all.ok() || all.status().fault() != Fault::kUser) return all;
  for (size_t i = 0; i < groups.size(); ++i) {
    const Status failure = finish(groups.subspan(i, 1)).status();
    if (failure.ok()) continue;
    return Status::user(std::string(failure.code()), std::string(failure.detail()) + "; keep such rows out with WHERE or FILTER, or compute in a wider type, as in sum(x::double precision); the group is " +
                                                         group_text(group_columns, static_cast<int64_t>(i)));
  }
  return all;
}

std::string AggregateRows::group_text(const Columns& group_columns, int64_t row) const {
  std::string text;
  for (size_t i = 0; i < group_columns.size(); ++i) {
    const auto value = group_columns[i]->GetScalar(row);
    text += (i > 0 ? ", " : "") + schema_->field(static_cast<int>(i))->name() + " = " + (value.ok() && (*value)->is_valid ? (*value)->ToString() : "NULL");
  }
  return text.empty() ? "that of all rows" : text;
}

Result<std::shared_ptr<arrow::Array>> moment_column(const std::shared_ptr<arrow::DataType>& type, const std::vector<int64_t>& moments,
                                                    arrow::MemoryPool* memory) {
  expr::Type moment(expr::TypeId::kOther);
  moment.other = type;
  return expr::memory_result(expr::fixed_column<int64_t>(moment, static_cast<int64_t>(moments.size()), memory, [&](int64_t row, int64_t& out) {
    out = moments[static_cast<size_t>(row)];
    return true;
  }));
}

Result<std::unique_ptr<Operator>> make_final_aggregate(AggregateOptions options, Context& context, state::StateTables& tables) {
  if (!options.window || options.window->kind == WindowOptions::Kind::kTumble) return make_group_aggregate(std::move(options), context, tables);
  if (options.window->kind == WindowOptions::Kind::kHop) return make_hop_aggregate(std::move(options), context, tables);
  return make_session_aggregate(std::move(options), context, tables);
}

std::shared_ptr<Counter> late_counter(const std::string& name, Context& context) {
  if (!context.metrics) return nullptr;
  Labels labels = context.labels;
  labels["operator"] = name;
  return context.metrics->counter("laketide_aggregate_late_records_total", "Records that came after their window had ended for good.", labels);
}

}  // namespace laketide
