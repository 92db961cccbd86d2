#include "sql/table_side.h"

#include <utility>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flow/arrow_status.h"
#include "operators/lookup_index.h"
#include "sql/explain.h"
#include "sql/lowering.h"

namespace laketide::sql {
namespace {

const PlanNode& scan_node(const PlanNode& plan) { return *scans_of(plan).front(); }

Status pass_on(const Operators& operators, size_t from, const Batch& batch, std::vector<Batch>& out, Rejects& rejects) {
  if (from == operators.size()) {
    out.push_back(batch);
    return {};
  }
  for (Step step = Step::kMore; step == Step::kMore;) {
    Batch made;
    LT_ASSIGN_OR_RETURN(step, operators[from]->process(0, batch, made, rejects));
    if (made) LT_RETURN_IF_ERROR(pass_on(operators, from + 1, made, out, rejects));
  }
  return {};
}

// The columns that the plan reads, in its order and with its types.
Result<Batch> scanned(const PlanNode& scan, const arrow::RecordBatch& rows) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& field : scan.output->fields()) {
    auto column = rows.GetColumnByName(field->name());
    if (!column || !column->type()->Equals(field->type())) {
      return Status::user("static_table", "a column of a static table is gone or has another type than when the pipeline was started; start it again: column " + field->name());
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(scan.output, rows.num_rows(), std::move(columns));
}

Result<std::vector<Batch>> rows_of(const PlanPtr& plan, const TableContent& content, arrow::MemoryPool* memory) {
  Context context;
  context.memory = memory;
  const PlanNode& scan = scan_node(*plan);
  LT_ASSIGN_OR_RETURN(const Operators operators, lower_above(*plan, nullptr, "", {scan.output, {}}, context));
  std::vector<Batch> out;
  Rejects rejects;
  for (const Batch& batch : content.rows) {
    LT_ASSIGN_OR_RETURN(const Batch rows, scanned(scan, *batch));
    LT_RETURN_IF_ERROR(pass_on(operators, 0, rows, out, rejects));
  }
  const std::vector<Reject> refused = rejects.take();
  if (refused.empty()) return out;
  return Status::user("static_table", "a row of the static table cannot be used, and without it the join would be wrong: " + refused[0].reason);
}

std::string name_of(const Lookup& lookup) {
  std::string name = explain(*lookup.table, {});
  for (const expr::ExprPtr& key : lookup.table_keys) name += "\n" + expr::print(*key) + " " + key->type.name();
  return name;
}

}  // namespace

Result<std::string> declare_index(const Lookup& lookup, const Context& context) {
  if (context.tables == nullptr) return Status::internal("static_table", "a join was made for a run without static tables");
  LookupIndexOptions options;
  options.rows = lookup.table->output;
  for (int i = 0; i < options.rows->num_fields(); ++i) options.columns.push_back(i);
  for (const expr::ExprPtr& key : lookup.table_keys) {
    LT_ASSIGN_OR_RETURN(options.keys.emplace_back(), expr::resolve(key, *options.rows));
  }
  std::string name = name_of(lookup);
  const std::string& table = scan_of(*lookup.table).origin.source;
  const auto build = [options, plan = lookup.table, table, memory = context.memory](const TableContent& content) -> Result<std::shared_ptr<const TableIndex>> {
    auto rows = rows_of(plan, content, memory);
    if (!rows.ok()) return rows.status().in(table);
    auto made = LookupIndex::make(options, *rows, memory);
    if (!made.ok()) return made.status().in(table);
    return std::shared_ptr<const TableIndex>(std::move(made).value());
  };
  LT_RETURN_IF_ERROR(context.tables->declare(table, name, build));
  return name;
}

}  // namespace laketide::sql
