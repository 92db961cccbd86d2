// CASE, COALESCE, NULLIF, GREATEST, LEAST and TRY_CAST: which of several values a row takes. All arguments are computed for all
// rows; an error counts only where the result depends on it.
#include <algorithm>

#include "expr/choice.h"
#include "expr/function.h"
#include "expr/rows.h"

namespace laketide::expr {
namespace {

constexpr int32_t kOpen = -2;
constexpr int32_t kFailed = -3;

// Leaves the rows whose error decides them out of the further choice.
void fail_open_rows(const Column& column, Choice& choice, RowErrors& errors) {
  RowErrors own;
  for (const RowError& error : column.errors) {
    int32_t& chosen = choice[static_cast<size_t>(error.row)];
    if (chosen != kOpen) continue;
    chosen = kFailed;
    own.push_back(error);
  }
  errors = merge(std::move(errors), std::move(own));
}

void close(Choice& choice, int32_t rest) {
  for (int32_t& chosen : choice) {
    if (chosen == kOpen) chosen = rest;
    if (chosen == kFailed) chosen = kNoColumn;
  }
}

// (condition, value)… else
arrow::Status case_when(const Call& call, std::span<const Column> args, Column& out) {
  Choice choice(static_cast<size_t>(call.rows), kOpen);
  for (size_t i = 0; i + 1 < args.size(); i += 2) {
    fail_open_rows(args[i], choice, out.errors);
    const Reader<bool> condition(args[i]);
    const Validity valid(args[i]);
    for (int64_t row = 0; row < call.rows; ++row) {
      int32_t& chosen = choice[static_cast<size_t>(row)];
      if (chosen == kOpen && valid[row] && condition[row]) chosen = static_cast<int32_t>(i / 2);
    }
  }
  close(choice, static_cast<int32_t>(args.size() / 2));
  std::vector<Column> values;
  for (size_t i = 1; i < args.size(); i += 2) values.push_back(args[i]);
  values.push_back(args.back());
  return choose(call, values, choice, out);
}

arrow::Status coalesce(const Call& call, std::span<const Column> args, Column& out) {
  Choice choice(static_cast<size_t>(call.rows), kOpen);
  for (size_t i = 0; i < args.size(); ++i) {
    fail_open_rows(args[i], choice, out.errors);
    const Validity valid(args[i]);
    for (int64_t row = 0; row < call.rows; ++row) {
      int32_t& chosen = choice[static_cast<size_t>(row)];
      if (chosen == kOpen && valid[row]) chosen = static_cast<int32_t>(i);
    }
  }
  close(choice, kNoColumn);
  return choose(call, args, choice, out);
}

// (a = b, a)
arrow::Status nullif(const Call& call, std::span<const Column> args, Column& out) {
  Choice choice(static_cast<size_t>(call.rows), kOpen);
  fail_open_rows(args[0], choice, out.errors);
  const Reader<bool> equal(args[0]);
  const Validity valid(args[0]);
  for (int64_t row = 0; row < call.rows; ++row) {
    int32_t& chosen = choice[static_cast<size_t>(row)];
    if (chosen == kOpen && valid[row] && equal[row]) chosen = kNoColumn;
  }
  close(choice, 0);
  return choose(call, args.subspan(1), choice, out);
}

// (b before a, a, b) for two values: greatest takes b where it is larger, least where it is smaller; NULLs are passed over.
arrow::Status extreme(const Call& call, std::span<const Column> args, Column& out) {
  Choice choice(static_cast<size_t>(call.rows), kOpen);
  for (const Column& arg : args.subspan(1)) fail_open_rows(arg, choice, out.errors);
  const Reader<bool> second_wins(args[0]);
  const Validity left(args[1]), right(args[2]);
  for (int64_t row = 0; row < call.rows; ++row) {
    int32_t& chosen = choice[static_cast<size_t>(row)];
    if (chosen == kOpen) chosen = right[row] && (!left[row] || second_wins[row]) ? 1 : 0;
  }
  close(choice, kNoColumn);
  return choose(call, args.subspan(1), choice, out);
}

// Errors of the cast below it become NULL; those of what was cast stay.
arrow::Status try_cast(const Call& call, std::span<const Column> args, Column& out) {
  Choice choice(static_cast<size_t>(call.rows), 0);
  Column value = args[0];
  const Expression* below = call.node.args[0].get();
  for (const RowError& error : value.errors) {
    if (error.where == below) choice[static_cast<size_t>(error.row)] = kNoColumn;
  }
  return choose(call, std::span<const Column>(&value, 1), choice, out);
}

Function special(std::string_view name, Kernel kernel, Function::Style style = Function::Style::kCall) {
  return {name, {}, TypeId::kUnknown, kernel, false, nullptr, style, true};
}

}  // namespace

std::vector<Function> conditional_functions() {
  return {
      special("CASE", &case_when, Function::Style::kCase),
      special("COALESCE", &coalesce),
      special("NULLIF", &nullif),
      special("GREATEST", &extreme),
      special("LEAST", &extreme),
      special("TRY_CAST", &try_cast, Function::Style::kCast),
  };
}

}  // namespace laketide::expr
