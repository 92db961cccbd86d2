#include "sql/scope.h"

#include <algorithm>

#include <arrow/type.h>

#include "flow/pseudo_columns.h"
#include "sql/habits.h"

namespace laketide::sql {
namespace {

constexpr std::string_view kUnknownColumn = "sql_unknown_column";

std::string listed(const arrow::Schema& schema) {
  constexpr int kShown = 20;
  std::string text;
  for (int i = 0; i < std::min(schema.num_fields(), kShown); ++i) text += (i > 0 ? ", " : "") + schema.field(i)->name();
  return text + (schema.num_fields() > kShown ? ", …" : "");
}

}  // namespace

Status Scope::check_table(const std::string& table, int at, const QueryText& text) const {
  if (std::find(names_.begin(), names_.end(), table) != names_.end()) return {};
  return text.refuse("sql_unknown_table", at, "'" + table + "' is not the table of this query; write " + names_.front() + ", or no table");
}

Result<expr::ExprPtr> Scope::column(const Syntax& syntax, const QueryText& text) const {
  if (syntax.parts.size() > 1) LT_RETURN_IF_ERROR(check_table(syntax.parts.front(), syntax.at, text));
  const std::string& name = syntax.parts.back();
  const auto field = plan_->output->GetFieldByName(name);
  if (field) return expr::column(name, expr::Type::of(*field), field->nullable(), text.place(syntax.at));
  if (is_record_pseudo_column(name)) return pseudo_column(name, syntax.at, text);
  if (name == "_epoch" || name == "_pipeline") {
    return text.refuse("sql_unsupported", syntax.at, name + " is not available yet; a sink's receipts tell the epoch of a range of offsets");
  }
  return unknown(name, syntax.at, text);
}

Result<expr::ExprPtr> Scope::pseudo_column(const std::string& name, int at, const QueryText& text) const {
  const Scan& scan = scan_of(*plan_);
  if (const PlanPtr memory = memory_of(plan_); memory && !std::holds_alternative<Aggregate>(memory->step)) {
    return text.refuse(kUnknownColumn, at, "rows that were chosen out of others carry no " + name + ": select it where they are chosen, as " + name + " AS place, or leave deduplicate out");
  } else if (memory) {
    return text.refuse(kUnknownColumn, at, "the groups of a GROUP BY have no " + name + ": many records are behind one; write max(" + name + ") AS … where they are made");
  }
  if (!scan.pseudo_columns) {
    return text.refuse(kUnknownColumn, at, "source '" + scan.origin.source + "' makes its rows itself, there is no record with " + name);
  }
  const auto field = pseudo_column_field(name);
  return expr::column(name, expr::Type::of(*field), field->nullable(), text.place(at));
}

Status Scope::unknown(const std::string& name, int at, const QueryText& text) const {
  std::string what = "there is no column '" + name + "'";
  if (name == "window_start" || name == "window_end") {
    return text.refuse(kUnknownColumn, at, what + " without a window: write GROUP BY tumble(ts, INTERVAL '10 seconds'), hop(…) or session(…) in this SELECT");
  }
  std::vector<std::string_view> names;
  for (const auto& field : plan_->output->fields()) names.push_back(field->name());
  for (const char* pseudo : {"_topic", "_partition", "_offset", "_timestamp", "_timestamp_type", "_key", "_value", "_headers"}) names.push_back(pseudo);
  if (at >= 0 && static_cast<size_t>(at) < text.text().size() && text.text()[static_cast<size_t>(at)] == '"') {
    what += " (a text is written in single quotes: '" + name + "')";
  } else if (const std::string near = nearest(name, names); !near.empty()) {
    const bool quoted = std::any_of(near.begin(), near.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    what += quoted ? " (names with capital letters need quotes: \"" + near + "\")" : " (did you mean " + near + "?)";
  }
  return text.refuse(kUnknownColumn, at, what + "; there is: " + listed(*plan_->output));
}

}  // namespace laketide::sql
