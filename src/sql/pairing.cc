#include "sql/pairing.h"

#include <optional>
#include <set>
#include <utility>

#include <arrow/array/util.h>
#include <arrow/type.h>

#include "expr/function.h"
#include "expr/interval.h"
#include "expr/value_columns.h"
#include "sql/join_condition.h"

namespace laketide::sql {
namespace {

using expr::ExprPtr;
using expr::TypeId;
using Kind = expr::Expression::Kind;

constexpr int64_t kDay = 86'400'000'000;  // UTC has no others

/// A column of time, so much later. Immutable.
struct Moment {
  std::string column;
  int64_t shift = 0;
};

bool is_time(const expr::Type& type) { return type.id == TypeId::kTimestamp || type.id == TypeId::kTimestamptz; }

// Of an interval that always means the same; a month does not.
std::optional<int64_t> micros_of(const expr::Expression& node) {
  if (node.kind != Kind::kConstant || node.type.id != TypeId::kInterval || expr::is_null_constant(node)) return std::nullopt;
  const auto interval = expr::Values<expr::Interval>(*arrow::MakeArray(node.value))[0];
  if (interval.months != 0) return std::nullopt;
  return interval.days * kDay + interval.micros();
}

std::optional<Moment> moment_of(const expr::Expression& node) {
  if (node.kind == Kind::kColumn && is_time(node.type)) return Moment{node.name};
  if (node.kind != Kind::kCall || node.args.size() != 2 || !is_time(node.type)) return std::nullopt;
  const bool plus = node.function->name == "+", minus = node.function->name == "-";
  if (!plus && !minus) return std::nullopt;
  auto moment = moment_of(*node.args[0]);
  auto by = micros_of(*node.args[1]);
  if (!moment && plus) {
    moment = moment_of(*node.args[1]);
    by = micros_of(*node.args[0]);
  }
  if (!moment || !by) return std::nullopt;
  moment->shift += plus ? *by : -*by;
  return moment;
}

// left.a + x OP right.b + y, either way round.
std::optional<TimeBound> bound_of(const expr::Expression& condition, const arrow::Schema& left, const arrow::Schema& right) {
  if (condition.kind != Kind::kCall || condition.args.size() != 2) return std::nullopt;
  const std::string_view op = condition.function->name;
  const bool less = op == "<" || op == "<=", more = op == ">" || op == ">=";
  if (!less && !more && op != "=") return std::nullopt;
  auto one = moment_of(*condition.args[0]), other = moment_of(*condition.args[1]);
  if (!one || !other) return std::nullopt;
  const bool swapped = right.GetFieldIndex(one->column) >= 0;
  if (swapped) std::swap(one, other);
  if (left.GetFieldIndex(one->column) < 0 || right.GetFieldIndex(other->column) < 0) return std::nullopt;
  TimeBound bound{one->column, other->column, std::nullopt, std::nullopt};
  const int64_t apart = other->shift - one->shift;
  if (op == "=" || less == swapped) bound.least = apart;
  if (op == "=" || more == swapped) bound.most = apart;
  return bound;
}

/// Which sides an expression names. Immutable.
struct Named {
  bool left = false, right = false;
};

Named named_by(const expr::Expression& node, const arrow::Schema& right) {
  std::set<std::string> names;
  expr::collect_columns(node, names);
  Named named;
  for (const std::string& name : names) (right.GetFieldIndex(name) >= 0 ? named.right : named.left) = true;
  return named;
}

// The rows with one more column, which refuses those for which it cannot be computed.
ExprPtr computed_below(PlanPtr& rows, const ExprPtr& value, const std::string& name) {
  std::vector<ExprPtr> expressions;
  arrow::FieldVector fields = rows->output->fields();
  for (const auto& field : fields) expressions.push_back(expr::column(field->name(), expr::Type::of(*field), field->nullable()));
  expressions.push_back(value);
  fields.push_back(value->type.field(name, value->nullable));
  rows = make_project_node(rows, std::move(expressions), std::move(fields));
  return expr::column(name, value->type, value->nullable, value->place);
}

/// Takes what can fail out of a condition, as far as it is about one side. Confined to its task.
class Separation {
 public:
  explicit Separation(Join& join) : join_(join), right_(join.right->output) {}

  ExprPtr apply(const ExprPtr& node) {
    if (!expr::can_fail(*node)) return node;
    const Named named = named_by(*node, *right_);
    if (named.left != named.right) {
      PlanPtr& side = named.left ? join_.left : join_.right;
      return computed_below(side, node, "value " + std::to_string(side->output->num_fields() + 1) + " of " + join_.name + (named.left ? " left" : " right"));
    }
    auto copy = std::make_shared<expr::Expression>(*node);
    for (ExprPtr& arg : copy->args) arg = apply(arg);
    return copy;
  }

 private:
  Join& join_;
  const Schema right_;
};

}  // namespace

PlanPtr pair_on(Join join, const std::vector<ExprPtr>& conditions) {
  using enum JoinKind;
  const bool left_stays = join.kind == kLeft || join.kind == kFull || join.kind == kAnti, right_stays = join.kind == kRight || join.kind == kFull;
  for (const ExprPtr& condition : conditions) {
    if (auto bound = bound_of(*condition, *join.left->output, *join.right->output)) join.bounds.push_back(std::move(*bound));
  }
  JoinCondition parts = split(conditions, *join.right->output);
  for (KeyPair& key : parts.keys) {
    join.left_keys.push_back(std::move(key.left));
    join.right_keys.push_back(std::move(key.right));
  }
  if (right_stays) {
    parts.rest.insert(parts.rest.end(), parts.right_only.begin(), parts.right_only.end());
  } else if (ExprPtr filter = all_of(std::move(parts.right_only))) {
    join.right = make_filter_node(join.right, std::move(filter));
  }
  std::vector<ExprPtr> rest, above;
  if (join.condition) rest.push_back(join.condition);
  Separation separation(join);
  for (const ExprPtr& condition : parts.rest) {
    const Named named = named_by(*condition, *join.right->output);
    if (!named.right && !left_stays && !expr::can_fail(*condition)) {
      join.left = make_filter_node(join.left, condition);
      continue;
    }
    ExprPtr safe = separation.apply(condition);
    (expr::can_fail(*safe) ? above : rest).push_back(std::move(safe));
  }
  if (!above.empty() && join.kind != kInner) return nullptr;
  join.condition = all_of(std::move(rest));
  PlanPtr made = make_join_node(std::move(join));
  return above.empty() ? made : make_filter_node(std::move(made), all_of(std::move(above)));
}

}  // namespace laketide::sql
