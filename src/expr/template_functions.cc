// to_char of dates and times.
#include <optional>

#include "expr/function.h"
#include "expr/rows.h"
#include "expr/time_template.h"

namespace laketide::expr {
namespace {

// (timestamp or timestamptz, template): NULL for an empty template, as in PostgreSQL.
template <bool zoned>
arrow::Status time_to_char(const Call& call, std::span<const Column> args, Column& out) {
  const Reader<int64_t> times(args[0]);
  const Reader<Text> templates(args[1]);
  ARROW_ASSIGN_OR_RAISE(const auto given, valid_in_all(call, args));
  ARROW_ASSIGN_OR_RAISE(auto valid, zero_bits(call));
  TextWriter writer(call.memory);
  ARROW_RETURN_NOT_OK(writer.reserve(call.rows, call.rows * 24));
  RowErrors errors;
  std::optional<TimeTemplate> parsed;
  std::string text, made;
  for (int64_t row = 0; row < call.rows; ++row) {
    if ((!given || arrow::bit_util::GetBit(given->data(), row)) && !templates[row].empty()) {
      if (!parsed || text != templates[row]) {
        text = templates[row];
        auto read = TimeTemplate::parse(text);
        parsed = read.ok() ? std::optional(*std::move(read)) : std::nullopt;
      }
      if (parsed) {
        made.clear();
        parsed->append(times[row], zoned, made);
        writer.append(made);
        arrow::bit_util::SetBit(valid->mutable_data(), row);
      } else {
        errors.push_back({row, ErrorCode::kInvalidArgument, &call.node, text});
      }
    }
    writer.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes;
  ARROW_RETURN_NOT_OK(writer.finish(offsets, bytes));
  set_result(call, {std::move(valid), std::move(offsets), std::move(bytes)}, out);
  out.errors = merge(errors_of(args), std::move(errors));
  return arrow::Status::OK();
}

// A template that is written down is looked at before the first row.
Result<Type> checked_template(std::span<const ExprPtr> args) {
  const Expression& text = *args[1];
  if (text.kind == Expression::Kind::kConstant && !is_null_constant(text)) LT_RETURN_IF_ERROR(TimeTemplate::parse(constant_text(text)).status());
  return Type(TypeId::kText);
}

}  // namespace

std::vector<Function> template_functions() {
  using enum TypeId;
  return {{"to_char", {kTimestamp, kText}, kText, &time_to_char<false>, true, checked_template, Function::Style::kCall, false, true},
          {"to_char", {kTimestamptz, kText}, kText, &time_to_char<true>, true, checked_template, Function::Style::kCall, false, true}};
}

}  // namespace laketide::expr
