// What a function or operator of SQL is: its signature and its kernel together.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/clock.h"
#include "expr/column.h"
#include "expr/expression.h"
#include "laketide/status.h"

namespace laketide::expr {

/// What a kernel is told of the call it computes. Immutable.
struct Call {
  const Expression& node;  // its type is the type of the result; errors name it
  int64_t rows;
  arrow::MemoryPool* memory;
  Instant now;  // of the epoch
};

/// Computes `out` from the arguments' columns: `call.rows` values with offset 0. It fails only for lack of memory; a row that
/// cannot be computed goes into `out.errors`. A column at a time, no virtual call a row.
using Kernel = arrow::Status (*)(const Call& call, std::span<const Column> args, Column& out);

/// Decides the type of the result where it depends on the arguments (digits of numerics). Fails with a detail alone; the
/// binder adds the place.
using ResultType = Result<Type> (*)(std::span<const ExprPtr> args);

/// One overload. Operators are functions whose name is the operator ("+", "<="). Immutable.
struct Function {
  enum class Style : uint8_t { kCall, kInfix, kPrefix, kPostfix, kCast, kCase };
  std::string_view name;
  std::vector<TypeId> args;
  TypeId result = TypeId::kUnknown;
  Kernel kernel = nullptr;
  bool can_fail = false;
  ResultType result_type = nullptr;  // null: `result`
  Style style = Style::kCall;
  /// Takes any number of arguments whose types the binder has made fit; found by name only (case, coalesce, and, …).
  bool special = false;
  /// May give NULL where no argument is NULL.
  bool nullable = false;
  /// What it gives is fixed with each epoch: not computed before the first row, nor with a static table.
  bool of_epoch = false;
  /// It is made from a record's place, which the binder gives it as arguments that nobody writes (random).
  bool of_place = false;
};

/// Every overload of a name, in the order of registration; empty if there is none. Lives as long as the process.
std::span<const Function* const> overloads(std::string_view name);
/// The one function of that name; only for names that are known to exist once.
const Function& special_function(std::string_view name);
/// All names, for hints.
std::vector<std::string_view> function_names();

// Each file of functions gives its overloads; function.cc puts them together.
std::vector<Function> arithmetic_functions();
std::vector<Function> decimal_functions();
std::vector<Function> comparison_functions();
std::vector<Function> logic_functions();
std::vector<Function> conditional_functions();
std::vector<Function> text_functions();
std::vector<Function> pattern_functions();
std::vector<Function> regex_functions();
std::vector<Function> bit_functions();
std::vector<Function> zone_functions();
std::vector<Function> template_functions();
std::vector<Function> struct_functions();
std::vector<Function> math_functions();
std::vector<Function> json_functions();
std::vector<Function> array_functions();
std::vector<Function> interval_functions();
std::vector<Function> time_functions();
std::vector<Function> text_form_functions();
std::vector<Function> real_functions();
std::vector<Function> epoch_functions();
std::vector<Function> place_functions();

}  // namespace laketide::expr
