#include "sql/grouping.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include "expr/overload.h"
#include "flow/pseudo_columns.h"
#include "sql/aggregate_overload.h"
#include "sql/event_time.h"
#include "sql/explain.h"
#include "sql/interval_text.h"
#include "sql/select_binder.h"

namespace laketide::sql {
namespace {

using expr::ExprPtr;
using expr::TypeId;

constexpr std::string_view kGroupingCode = "sql_grouping";
constexpr int64_t kWindowsMax = 10'000;  // that one row can be in

bool is_aggregate(const Syntax& syntax) { return syntax.kind == Syntax::Kind::kCall && !expr::aggregates(syntax.text).empty(); }

bool has_aggregate(const Syntax& syntax) { return is_aggregate(syntax) || std::any_of(syntax.args.begin(), syntax.args.end(), has_aggregate); }

bool has_unnest(const Syntax& syntax) {
  return (syntax.kind == Syntax::Kind::kCall && syntax.text == "unnest") || std::any_of(syntax.args.begin(), syntax.args.end(), has_unnest);
}

bool same_value(const expr::Expression& left, const expr::Expression& right) {
  if (!left.value || !right.value) return left.value == right.value;
  return arrow::MakeArray(left.value)->Equals(*arrow::MakeArray(right.value));
}

bool same_expression(const expr::Expression& left, const expr::Expression& right) {
  return left.kind == right.kind && left.type == right.type && left.name == right.name && left.function == right.function && same_value(left, right) &&
         std::equal(left.args.begin(), left.args.end(), right.args.begin(), right.args.end(),
                    [](const ExprPtr& a, const ExprPtr& b) { return same_expression(*a, *b); });
}

bool same_call(const Call& left, const Call& right) {
  return left.function == right.function && left.args == right.args && left.filter == right.filter && left.distinct == right.distinct;
}

}  // namespace

bool is_grouped(const SelectSyntax& select) {
  return !select.group_by.empty() || select.having ||
         std::any_of(select.items.begin(), select.items.end(), [](const SelectItem& item) { return has_aggregate(item.value); });
}

bool is_window_function(std::string_view name) { return name == "tumble" || name == "hop" || name == "session"; }

Status check_groupable(const expr::Type& type, std::string_view what, int at, const QueryText& text) {
  const std::vector<expr::Type> both{type, type};
  // Intervals that are equal, as a month and 30 days, need not be the same.
  if (type.id != TypeId::kOther && type.id != TypeId::kInterval && expr::find_overload("=", both).ok()) return {};
  return text.refuse("sql_type", at, std::string(what) + " needs values that can be compared, and this is " + type.name() + ": cast it to text");
}

Status Grouping::add_keys(const SelectSyntax& select) {
  std::vector<const Syntax*> keys;
  for (const Syntax& written : select.group_by) {
    LT_ASSIGN_OR_RETURN(const Syntax* const syntax, key_syntax(written, select));
    if (syntax->kind != Syntax::Kind::kCall || !is_window_function(syntax->text)) {
      keys.push_back(syntax);
      continue;
    }
    if (window_) return text_.refuse(kGroupingCode, written.at, "a query has one window: compute the other one in a SELECT of its own, in FROM");
    LT_RETURN_IF_ERROR(add_window(*syntax));
  }
  for (const Syntax* key : keys) {
    const bool border = window_ && key->kind == Syntax::Kind::kColumn && key->parts.size() == 1 && field(key->parts[0]) != nullptr;
    if (!border) LT_RETURN_IF_ERROR(add_key(*key));
  }
  return {};
}

Result<const Syntax*> Grouping::key_syntax(const Syntax& written, const SelectSyntax& select) const {
  if (written.kind == Syntax::Kind::kNumber) {
    size_t place = 0;
    const auto [end, error] = std::from_chars(written.text.data(), written.text.data() + written.text.size(), place);
    const bool whole = error == std::errc() && end == written.text.data() + written.text.size();
    if (!whole || place < 1 || place > select.items.size()) {
      return text_.refuse(kGroupingCode, written.at, "a number in GROUP BY is a place in the select list, from 1 to " + std::to_string(select.items.size()));
    }
    return &select.items[place - 1].value;
  }
  if (written.kind == Syntax::Kind::kText || written.kind == Syntax::Kind::kNull || written.kind == Syntax::Kind::kBoolean) {
    return text_.refuse(kGroupingCode, written.at, "a constant in GROUP BY makes no groups: leave it out, or name a column");
  }
  if (written.kind != Syntax::Kind::kColumn || written.parts.size() > 1 || scope_.column(written, text_).ok()) return &written;
  for (const SelectItem& item : select.items) {
    const std::string name = item.alias.empty() ? column_name(item.value) : item.alias;
    if (name == written.parts[0]) return &item.value;
  }
  return &written;
}

Status Grouping::add_key(const Syntax& syntax) {
  const auto known = std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return is_same(key.syntax, syntax); });
  if (known) return {};
  LT_ASSIGN_OR_RETURN(const ExprPtr key, rows_.value(syntax));
  LT_RETURN_IF_ERROR(check_groupable(key->type, "GROUP BY", syntax.at, text_));
  const std::string name = compute(key);
  std::shared_ptr<arrow::Field> field = key->type.field(free_name(name), key->nullable);
  if (key->kind == expr::Expression::Kind::kColumn) {
    const auto column = scope_.plan()->output->GetFieldByName(key->name);
    const auto known = column || !is_pseudo_column(key->name) ? column : pseudo_column_field(key->name);
    if (known) field = known->WithName(field->name());
  }
  keys_.push_back({syntax, name, std::move(field)});
  return {};
}

// tumble(ts, size[, offset]), hop(ts, slide, size), session(ts, gap)
Status Grouping::add_window(const Syntax& call) {
  const bool hop = call.text == "hop", tumble = call.text == "tumble";
  const char* const form = hop ? "hop(ts, INTERVAL '1 minute', INTERVAL '10 minutes'): the column, the slide, the size"
                               : tumble ? "tumble(ts, INTERVAL '10 seconds'): the column, the size, and perhaps an offset"
                                        : "session(ts, INTERVAL '5 minutes'): the column and the gap";
  const size_t most = call.text == "session" ? 2 : 3, least = hop ? 3 : 2;
  if (call.args.size() < least || call.args.size() > most) return text_.refuse("sql_function", call.at, std::string("write ") + form);
  LT_ASSIGN_OR_RETURN(const ExprPtr time, rows_.value(call.args[0]));
  if (time->type.id != TypeId::kTimestamptz && time->type.id != TypeId::kTimestamp) {
    return text_.refuse("sql_type", call.args[0].at, call.text + " is over a timestamptz or timestamp, and this is " + time->type.name() +
                                                         ": write CAST(… AS timestamptz)");
  }
  Window window;
  LT_ASSIGN_OR_RETURN(const int64_t first, interval(call.args[1], call.text));
  window.kind = hop ? WindowOptions::Kind::kHop : tumble ? WindowOptions::Kind::kTumble : WindowOptions::Kind::kSession;
  window.size = window.slide = first;
  if (call.args.size() > 2) {
    LT_ASSIGN_OR_RETURN(const int64_t second, interval(call.args[2], call.text));
    (hop ? window.size : window.offset) = second;
  }
  if (first <= 0 || window.size <= 0) return text_.refuse("sql_window", call.args[1].at, "a window's size is more than nothing: write " + std::string(form));
  if (window.slide > window.size) {
    return text_.refuse("sql_window", call.args[1].at, "the slide comes first and is at most the size; rows between two windows would be in none");
  }
  if (window.size / window.slide > kWindowsMax) {
    return text_.refuse("sql_window", call.args[1].at, "each row would be in " + std::to_string(window.size / window.slide) + " windows: choose a longer slide");
  }
  if (std::abs(window.offset) >= window.size) return text_.refuse("sql_window", call.args[2].at, "the offset is less than the window's size");
  window.time = compute(time);
  window_ = std::move(window);
  for (const char* name : {"window_start", "window_end"}) window_fields_.push_back(time->type.field(name, false));
  return {};
}

Result<int64_t> Grouping::interval(const Syntax& syntax, const std::string& function) const {
  const bool cast = syntax.kind == Syntax::Kind::kCast && syntax.type.name == "interval" && syntax.type.modifiers.empty();
  const Syntax& literal = cast ? syntax.args[0] : syntax;
  if (literal.kind != Syntax::Kind::kText) {
    return text_.refuse("sql_window", syntax.at, function + " takes intervals that are written down: INTERVAL '10 seconds'");
  }
  if (const auto length = interval_microseconds(literal.text)) return *length;
  return text_.refuse("sql_window", literal.at, "'" + literal.text + "' is not an interval of fixed length: write INTERVAL '10 seconds', in days, hours, minutes, "
                                                "seconds or milliseconds; months and years differ in length");
}

Result<ExprPtr> Grouping::substitute(const Syntax& syntax) {
  for (const Key& key : keys_) {
    if (is_same(key.syntax, syntax)) return reference(*key.field, syntax.at);
  }
  if (is_aggregate(syntax)) return aggregate(syntax);
  if (syntax.kind != Syntax::Kind::kColumn) return ExprPtr();
  for (const auto& border : window_fields_) {
    if (syntax.parts.back() == border->name()) return reference(*border, syntax.at);
  }
  return refuse_column(syntax);
}

bool Grouping::is_same(const Syntax& left, const Syntax& right) const {
  return same(left, right, [this](const Syntax& one, const Syntax& other) { return scope_.same_column(one, other, text_); });
}

Status Grouping::refuse_column(const Syntax& syntax) const {
  const auto column = scope_.column(syntax, text_);
  if (!column.ok()) return column.status();
  const std::string& name = syntax.parts.back();
  return text_.refuse(kGroupingCode, syntax.at, "'" + name + "' is neither in GROUP BY nor inside an aggregate, and a group has many: group by it, or write max(" +
                                                    name + ") or count(" + name + ")");
}

Result<ExprPtr> Grouping::aggregate(const Syntax& syntax) {
  LT_ASSIGN_OR_RETURN(Call made, call(syntax));
  for (const Made& known : made_) {
    if (same_call(known.call, made)) return reference(*known.field, syntax.at);
  }
  auto field = made.types.result.field(free_name(call_text(made)), made.function->null_if_empty);
  made_.push_back({std::move(made), field});
  return reference(*field, syntax.at);
}

Result<Call> Grouping::call(const Syntax& syntax) {
  std::vector<ExprPtr> args;
  for (const Syntax& arg : syntax.args) {
    if (has_unnest(arg)) return text_.refuse("sql_grouping", arg.at, "unnest inside an aggregate is not possible: unnest in a SELECT in FROM, and aggregate its rows here");
    LT_ASSIGN_OR_RETURN(args.emplace_back(), rows_.untyped(arg));
  }
  if (args.empty() && !syntax.star) return text_.refuse("sql_function", syntax.at, syntax.text + "() has no argument: write count(*), or name a column");
  const auto function = find_aggregate(syntax.text, args);
  if (!function.ok()) return text_.locate(function.status(), syntax.at);
  Call made;
  made.function = *function;
  made.distinct = syntax.distinct;
  if (made.function->ordered && (memory_of(scope_.plan()) || !scan_of(*scope_.plan()).pseudo_columns)) {
    return text_.refuse("sql_unsupported", syntax.at, syntax.text + " depends on the order of rows, which is that of topic, partition and offset, and these rows "
                                                      "have none: use min, max, sum or count, or a source whose records have offsets");
  }
  for (const ExprPtr& arg : args) {
    if (made.distinct) LT_RETURN_IF_ERROR(check_groupable(arg->type, "DISTINCT", syntax.at, text_));
    made.types.args.push_back(arg->type);
    made.args.push_back(compute(arg));
  }
  made.types.result = made.function->result_type ? made.function->result_type(made.types.args) : expr::Type(made.function->result);
  if (syntax.filter) {
    LT_ASSIGN_OR_RETURN(ExprPtr condition, rows_.condition(*syntax.filter, "FILTER"));
    made.filter = compute(std::move(condition));
  }
  return made;
}

std::string Grouping::compute(ExprPtr expression) {
  for (const Computed& known : computed_) {
    if (same_expression(*known.expression, *expression)) return known.name;
  }
  const std::string wanted = expression->kind == expr::Expression::Kind::kColumn ? expression->name : expr::print(*expression);
  std::string name = wanted;
  const auto taken = [&](const std::string& one) {
    return std::any_of(computed_.begin(), computed_.end(), [&](const Computed& known) { return known.name == one; });
  };
  for (int i = 2; taken(name); ++i) name = wanted + " #" + std::to_string(i);
  computed_.push_back({std::move(expression), name});
  return name;
}

std::string Grouping::free_name(std::string wanted) const {
  std::string name = wanted;
  for (int i = 2; field(name); ++i) name = wanted + " #" + std::to_string(i);
  return name;
}

std::shared_ptr<arrow::Field> Grouping::field(const std::string& name) const {
  for (const auto& border : window_fields_) {
    if (border->name() == name) return border;
  }
  for (const Key& key : keys_) {
    if (key.field->name() == name) return key.field;
  }
  for (const Made& made : made_) {
    if (made.field->name() == name) return made.field;
  }
  return nullptr;
}

ExprPtr Grouping::reference(const arrow::Field& field, int at) const {
  return expr::column(field.name(), expr::Type::of(field), field.nullable(), text_.place(at));
}

PlanPtr Grouping::finish(PlanPtr input, int at) const {
  input = unnesting_.finish(std::move(input));
  std::vector<ExprPtr> expressions;
  arrow::FieldVector fields;
  for (const Computed& computed : computed_) {
    expressions.push_back(computed.expression);
    fields.push_back(computed.expression->type.field(computed.name, computed.expression->nullable));
  }
  if (expressions.empty()) {  // count(*) alone: rows without a column are no rows to Arrow
    const auto& first = input->output->field(0);
    expressions.push_back(expr::column(first->name(), expr::Type::of(*first), first->nullable()));
    fields.push_back(first);
  }
  Aggregate aggregate;
  aggregate.name = "aggregate_" + std::to_string(memories_below(input) + 1);
  aggregate.written = text_.prefix(at);
  aggregate.window = window_;
  arrow::FieldVector output = window_fields_;
  for (const Key& key : keys_) {
    aggregate.keys.push_back(key.input);
    output.push_back(key.field);
  }
  for (const Made& made : made_) {
    aggregate.calls.push_back(made.call);
    output.push_back(made.field);
  }
  PlanPtr rows = make_project_node(std::move(input), std::move(expressions), std::move(fields));
  if (window_ && time_of(*rows, window_->time).role == TimeRole::kNone) {  // a row without event time was refused before
    const expr::ExprPtr time = expr::column(window_->time, expr::Type::of(*window_fields_[0]), true);
    rows = make_filter_node(std::move(rows), expr::call(expr::special_function("IS NOT NULL"), TypeId::kBoolean, {time}));
  }
  return make_aggregate_node(std::move(rows), std::move(aggregate), arrow::schema(std::move(output)));
}

}  // namespace laketide::sql
