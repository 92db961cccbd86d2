#include "sql/aggregate_overload.h"

#include "expr/cast.h"
#include "expr/overload.h"

namespace laketide::sql {
namespace {

using expr::ExprPtr;
using expr::Type;
using expr::TypeId;

constexpr int kNotAtAll = -1;

// How well an argument fits; a literal in quotes is text before anything else.
int fit(TypeId arg, TypeId wanted) {
  if (arg == wanted) return 4;
  if (wanted == TypeId::kUnknown) return 3;
  if (!expr::is_implicit(arg, wanted)) return kNotAtAll;
  if (arg == TypeId::kUnknown) return wanted == TypeId::kText ? 2 : 1;
  return expr::is_preferred(wanted) ? 1 : 2;
}

int fit(const expr::Aggregate& aggregate, const std::vector<ExprPtr>& args) {
  if (aggregate.args.size() != args.size()) return kNotAtAll;
  int sum = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    const int one = fit(args[i]->type.id, aggregate.args[i]);
    if (one == kNotAtAll) return kNotAtAll;
    sum += one;
  }
  return sum;
}

std::string choices(std::string_view name) {
  std::string text;
  for (const expr::Aggregate* one : expr::aggregates(name)) {
    std::string args;
    for (const TypeId arg : one->args) args += (args.empty() ? "" : ", ") + std::string(arg == TypeId::kUnknown ? "any" : expr::to_string(arg));
    text += (text.empty() ? "" : ", ") + std::string(name) + "(" + (one->args.empty() ? "*" : args) + ")";
  }
  return text;
}

}  // namespace

Result<const expr::Aggregate*> find_aggregate(std::string_view name, std::vector<ExprPtr>& args) {
  const expr::Aggregate* best = nullptr;
  int most = kNotAtAll;
  for (const expr::Aggregate* one : expr::aggregates(name)) {
    const int points = fit(*one, args);
    if (points <= most) continue;
    best = one;
    most = points;
  }
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  if (best == nullptr) {
    return Status::user("sql_function", "there is no " + expr::signature(name, types) + "; there is: " + choices(name) + "; cast the argument to one of them");
  }
  for (size_t i = 0; i < args.size(); ++i) {
    Type wanted = best->args[i];
    if (wanted.id == TypeId::kUnknown) wanted = args[i]->type.id == TypeId::kUnknown ? Type(TypeId::kText) : args[i]->type;
    if (args[i]->type.id == wanted.id) continue;
    LT_ASSIGN_OR_RETURN(args[i], expr::cast(args[i], wanted, expr::CastContext::kImplicit));
  }
  return best;
}

}  // namespace laketide::sql
