#include "expr/overload.h"

#include <algorithm>
#include <cctype>

#include "expr/cast.h"

namespace laketide::expr {
namespace {

using Candidates = std::vector<const Function*>;

bool is_operator(std::string_view name) {
  return !std::islower(static_cast<unsigned char>(name.front())) && name.front() != '_';
}

bool takes(const Function& function, std::span<const Type> args) {
  if (function.special || function.args.size() != args.size()) return false;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!is_implicit(args[i].id, function.args[i])) return false;
  }
  return true;
}

bool exact(const Function& function, std::span<const Type> args) {
  return !function.special && std::equal(args.begin(), args.end(), function.args.begin(), function.args.end(),
                                         [](const Type& arg, TypeId wanted) { return arg.id == wanted; });
}

// Keeps the candidates for which `score` counts the most argument positions.
template <typename Score>
void keep_best(Candidates& candidates, size_t positions, const Score& score) {
  std::vector<int> points;
  for (const Function* candidate : candidates) {
    int sum = 0;
    for (size_t i = 0; i < positions; ++i) sum += score(candidate->args[i], i) ? 1 : 0;
    points.push_back(sum);
  }
  const int best = *std::max_element(points.begin(), points.end());
  Candidates kept;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (points[i] == best) kept.push_back(candidates[i]);
  }
  candidates = std::move(kept);
}

// An untyped literal's category: text if any candidate takes text there, else the one on which all candidates agree.
Category literal_category(const Candidates& candidates, size_t position) {
  Category category = category_of(candidates.front()->args[position]);
  for (const Function* candidate : candidates) {
    const Category other = category_of(candidate->args[position]);
    if (other == Category::kText) return other;
    if (other != category) category = Category::kUnknown;
  }
  return category;
}

void narrow_by_literals(Candidates& candidates, std::span<const Type> args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].id != TypeId::kUnknown) continue;
    const Category category = literal_category(candidates, i);
    if (category == Category::kUnknown) return;
    const auto of_category = [&](const Function* one) { return category_of(one->args[i]) == category; };
    const auto preferred = [&](const Function* one) { return of_category(one) && is_preferred(one->args[i]); };
    const bool any_preferred = std::any_of(candidates.begin(), candidates.end(), preferred);
    std::erase_if(candidates, [&](const Function* one) { return !(any_preferred ? preferred(one) : of_category(one)); });
    if (candidates.empty()) return;
  }
}

// The last guess: literals are of the one type that all other arguments have.
const Function* by_known_type(const Candidates& candidates, std::span<const Type> args) {
  Type known;
  for (const Type& arg : args) {
    if (arg.id == TypeId::kUnknown) continue;
    if (known.id != TypeId::kUnknown && known.id != arg.id) return nullptr;
    known = arg;
  }
  if (known.id == TypeId::kUnknown) return nullptr;
  const std::vector<Type> guess(args.size(), known);
  const Function* only = nullptr;
  for (const Function* candidate : candidates) {
    if (!takes(*candidate, guess)) continue;
    if (only != nullptr) return nullptr;
    only = candidate;
  }
  return only;
}

const Function* select(Candidates candidates, std::span<const Type> args) {
  const bool literals = std::any_of(args.begin(), args.end(), [](const Type& arg) { return arg.id == TypeId::kUnknown; });
  keep_best(candidates, args.size(), [&](TypeId wanted, size_t i) { return args[i].id == wanted; });
  if (candidates.size() == 1) return candidates.front();
  keep_best(candidates, args.size(), [&](TypeId wanted, size_t i) {
    if (args[i].id == TypeId::kUnknown) return false;
    return args[i].id == wanted || (is_preferred(wanted) && category_of(wanted) == category_of(args[i].id));
  });
  if (candidates.size() == 1) return candidates.front();
  if (!literals) return nullptr;
  Candidates narrowed = candidates;
  narrow_by_literals(narrowed, args);
  if (narrowed.size() == 1) return narrowed.front();
  return by_known_type(candidates, args);
}

std::string choices(std::string_view name, std::span<const Function* const> all) {
  std::string text;
  for (const Function* function : all) {
    const std::vector<Type> types(function->args.begin(), function->args.end());
    text += (text.empty() ? "" : ", ") + signature(name, types);
  }
  return text;
}

Status no_such(std::string_view name, std::span<const Type> args, std::span<const Function* const> all) {
  if (!is_operator(name)) return Status::user("sql_function", "there is no " + signature(name, args) + "; there is: " + choices(name, all));
  std::string hint = "cast a side so that both fit";
  const auto is_text = [](const Type& type) { return type.id == TypeId::kText; };
  const auto is_bytea = [](const Type& type) { return type.id == TypeId::kBytea; };
  const auto number = std::find_if(args.begin(), args.end(), [](const Type& type) { return is_number(type.id); });
  if (std::any_of(args.begin(), args.end(), is_bytea)) {
    hint = "read the bytes as text with convert_from(…, 'UTF8')";
  } else if (std::any_of(args.begin(), args.end(), is_text) && number != args.end()) {
    hint = name == "+" ? "to join texts write ||, to add write CAST(… AS " + number->name() + ")" : "write CAST(… AS " + number->name() + ")";
  }
  return Status::user("sql_function", "there is no operator " + signature(name, args) + ": " + hint);
}

}  // namespace

std::string signature(std::string_view name, std::span<const Type> args) {
  if (is_operator(name) && args.size() == 2) return args[0].name() + " " + std::string(name) + " " + args[1].name();
  std::string text(name);
  text += is_operator(name) ? " " : "(";
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) text += ", ";
    text += args[i].id == TypeId::kNumeric && args[i].precision == 0 ? "numeric" : args[i].name();
  }
  return is_operator(name) ? text : text + ")";
}

Result<const Function*> find_overload(std::string_view name, std::span<const Type> args) {
  const auto all = overloads(name);
  for (const Function* function : all) {
    if (exact(*function, args)) return function;
  }
  if (is_operator(name) && args.size() == 2 && (args[0].id == TypeId::kUnknown) != (args[1].id == TypeId::kUnknown)) {
    const Type known = args[0].id == TypeId::kUnknown ? args[1] : args[0];
    const std::vector<Type> both{known, known};
    for (const Function* function : all) {
      if (exact(*function, both)) return function;
    }
  }
  Candidates candidates;
  for (const Function* function : all) {
    if (takes(*function, args)) candidates.push_back(function);
  }
  if (candidates.empty()) return no_such(name, args, all);
  if (candidates.size() == 1) return candidates.front();
  if (const Function* chosen = select(candidates, args)) return chosen;
  return Status::user("sql_function", "it is not clear which one is meant by " + signature(name, args) + ": cast an argument so that it is one of " +
                                          choices(name, candidates));
}

Result<ExprPtr> apply(std::string_view name, std::vector<ExprPtr> args, Place place) {
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  LT_ASSIGN_OR_RETURN(const Function* function, find_overload(name, types));
  for (size_t i = 0; i < args.size(); ++i) {
    LT_ASSIGN_OR_RETURN(args[i], cast(args[i], function->args[i], CastContext::kImplicit));
  }
  Type type = function->result;
  if (function->result_type != nullptr) {
    LT_ASSIGN_OR_RETURN(type, function->result_type(args));
  }
  return call(*function, std::move(type), std::move(args), place);
}

}  // namespace laketide::expr
