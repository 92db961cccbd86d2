#include "sql/scope.h"

#include <algorithm>
#include <map>
#include <utility>

#include <arrow/type.h>

#include "base/nearest_name.h"
#include "flow/change.h"
#include "flow/pseudo_columns.h"

namespace laketide::sql {
namespace {

constexpr std::string_view kUnknownColumn = "sql_unknown_column";
constexpr std::string_view kUnknownTable = "sql_unknown_table";

std::string listed(const std::vector<NamedColumn>& columns) {
  constexpr size_t kShown = 20;
  std::string text;
  for (size_t i = 0; i < std::min(columns.size(), kShown); ++i) text += (i > 0 ? ", " : "") + columns[i].name;
  return text + (columns.size() > kShown ? ", …" : "");
}

std::vector<NamedColumn> columns_of(const arrow::Schema& schema) {
  std::vector<NamedColumn> all;
  for (const auto& field : schema.fields()) all.push_back({field->name(), field->name()});
  return all;
}

const NamedColumn* find(const std::vector<NamedColumn>& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const NamedColumn& one) { return one.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace

Scope::Scope(PlanPtr plan, std::vector<std::string> names)
    : plan_(std::move(plan)), relations_{{std::move(names), columns_of(*plan_->output), is_static(*plan_)}}, columns_(relations_[0].columns) {}

Scope Scope::within(PlanPtr plan, const Scope* outer) const {
  Scope made(std::move(plan), relations_, columns_);
  made.outer_ = outer;
  return made;
}

Scope Scope::apart_from(const Scope& taken) const {
  std::map<std::string, std::string> names;
  std::vector<expr::ExprPtr> expressions;
  arrow::FieldVector fields;
  bool changed = false;
  const auto is_taken = [&](const std::string& name) {
    return taken.plan_->output->GetFieldIndex(name) >= 0 || is_pseudo_column(name) || name == kChangeColumn ||
           std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field->name() == name; });
  };
  for (const auto& field : plan_->output->fields()) {
    std::string name = field->name();
    if (is_taken(name)) name = relations_[0].names.front() + "." + name;
    for (int number = 2; is_taken(name); ++number) name = relations_[0].names.front() + "." + field->name() + " #" + std::to_string(number);
    changed |= name != field->name();
    expressions.push_back(expr::column(field->name(), expr::Type::of(*field), field->nullable()));
    fields.push_back(field->WithName(name));
    names[field->name()] = std::move(name);
  }
  if (!changed) return *this;
  Scope made(make_project_node(plan_, std::move(expressions), std::move(fields)), relations_, columns_);
  for (Relation& relation : made.relations_) {
    for (NamedColumn& column : relation.columns) column.column = names[column.column];
  }
  for (NamedColumn& column : made.columns_) column.column = names[column.column];
  return made;
}

const Relation* Scope::relation(std::string_view name) const {
  for (const Relation& relation : relations_) {
    if (std::find(relation.names.begin(), relation.names.end(), name) != relation.names.end()) return &relation;
  }
  return nullptr;
}

Status Scope::unknown_table(const std::string& table, int at, const QueryText& text) const {
  if (relations_.size() == 1) {
    return text.refuse(kUnknownTable, at, "'" + table + "' is not the table of this query; write " + relations_[0].names.front() + ", or no table");
  }
  std::string all;
  for (const Relation& relation : relations_) all += (all.empty() ? "" : ", ") + relation.names.front();
  return text.refuse(kUnknownTable, at, "'" + table + "' is none of the tables of this query: " + all);
}

Status Scope::ambiguous(const std::string& name, int at, const QueryText& text) const {
  std::string both;
  for (const Relation& relation : relations_) {
    if (find(relation.columns, name) != nullptr) both += (both.empty() ? "" : " or ") + relation.names.front() + "." + name;
  }
  return text.refuse("sql_name", at, "'" + name + "' is a column of several tables: write " + both);
}

Result<std::vector<NamedColumn>> Scope::star(const Syntax& syntax, const QueryText& text) const {
  if (syntax.parts.empty()) return columns_;
  const Relation* const of = relation(syntax.parts[0]);
  if (of == nullptr) return unknown_table(syntax.parts[0], syntax.at, text);
  return of->columns;
}

bool Scope::same_column(const Syntax& left, const Syntax& right, const QueryText& text) const {
  const auto one = column(left, text), other = column(right, text);
  if (one.ok() && other.ok()) return (*one)->name == (*other)->name;
  return one.ok() == other.ok() && left.parts == right.parts;
}

expr::ExprPtr Scope::reference(const std::string& column, int at, const QueryText& text) const {
  const auto field = plan_->output->GetFieldByName(column);
  return expr::column(column, expr::Type::of(*field), field->nullable(), text.place(at));
}

Result<expr::ExprPtr> Scope::column(const Syntax& syntax, const QueryText& text) const {
  const std::string& name = syntax.parts.back();
  const bool qualified = syntax.parts.size() > 1;
  const Relation* const of = qualified ? relation(syntax.parts[0]) : nullptr;
  if (qualified && of == nullptr) return outer_ != nullptr ? outer_->column(syntax, text) : unknown_table(syntax.parts[0], syntax.at, text);
  const std::vector<NamedColumn>& columns = qualified ? of->columns : columns_;
  if (std::count_if(columns.begin(), columns.end(), [&](const NamedColumn& one) { return one.name == name; }) > 1) return ambiguous(name, syntax.at, text);
  if (const NamedColumn* const known = find(columns, name)) return reference(known->column, syntax.at, text);
  if (outer_ != nullptr && !qualified) {
    auto given = outer_->column(syntax, text);
    if (given.ok() || given.status().code() != kUnknownColumn) return given;
  }
  if (of != nullptr && of->is_static) return unknown(name, syntax.at, text);
  if (is_record_pseudo_column(name)) return pseudo_column(name, syntax.at, text);
  if (is_epoch_pseudo_column(name)) return epoch_column(name, qualified, syntax.at, text);
  return unknown(name, syntax.at, text);
}

Result<expr::ExprPtr> Scope::pseudo_column(const std::string& name, int at, const QueryText& text) const {
  const Scan& scan = scan_of(*plan_);
  if (scan.is_static) {
    return text.refuse(kUnknownColumn, at, "'" + scan.origin.source + "' is a static table, there is no record with " + name);
  }
  if (const PlanPtr memory = memory_of(plan_); memory && std::holds_alternative<Union>(memory->step)) {
    return text.refuse(kUnknownColumn, at, "the rows of a UNION ALL in which a SELECT groups carry no " + name + ": select it there, as " + name + " AS place");
  } else if (memory && !std::holds_alternative<Aggregate>(memory->step)) {
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

// Of rows that a query remembers it says when they come out; which of a join's sides is meant does not matter then, nor can it be told.
Result<expr::ExprPtr> Scope::epoch_column(const std::string& name, bool qualified, int at, const QueryText& text) const {
  if (is_static(*plan_)) return text.refuse(kUnknownColumn, at, "'" + scan_of(*plan_).origin.source + "' is a static table, whose rows come with no epoch: write " + name + " outside of it");
  if (qualified && relations_.size() > 1 && memory_of(plan_)) {
    return text.refuse(kUnknownColumn, at, "a pair of a join has an epoch of its own: write " + name + " alone for that, or select it below, as " + name + " AS read_in, in a SELECT in FROM");
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
  for (const NamedColumn& column : columns_) names.push_back(column.name);
  for (const char* pseudo : {"_topic", "_partition", "_offset", "_timestamp", "_timestamp_type", "_key", "_value", "_headers", "_epoch", "_pipeline"}) names.push_back(pseudo);
  if (at >= 0 && static_cast<size_t>(at) < text.text().size() && text.text()[static_cast<size_t>(at)] == '"') {
    what += " (a text is written in single quotes: '" + name + "')";
  } else if (const std::string near = nearest_name(name, names); !near.empty()) {
    const bool quoted = std::any_of(near.begin(), near.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    what += quoted ? " (names with capital letters need quotes: \"" + near + "\")" : " (did you mean " + near + "?)";
  }
  return text.refuse(kUnknownColumn, at, what + "; there is: " + listed(columns_));
}

}  // namespace laketide::sql
