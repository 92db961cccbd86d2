// to_char, to_date and to_timestamp of dates and times.
#include <optional>

#include "expr/function.h"
#include "expr/civil.h"
#include "expr/strict_kernel.h"
#include "expr/time_input.h"
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
template <typename Template, TypeId result>
Result<Type> checked_template(std::span<const ExprPtr> args) {
  const Expression& text = *args[1];
  if (text.kind == Expression::Kind::kConstant && !is_null_constant(text)) LT_RETURN_IF_ERROR(Template::parse(constant_text(text)).status());
  return Type(result);
}

/// The template of the row before is that of most rows. Confined to its task.
class LastInput {
 public:
  ErrorCode read(Text text, Text by, TimeRead& out) const {
    if (!input_ || by != text_) {
      text_ = by;
      auto parsed = TimeInput::parse(by);
      input_ = parsed.ok() ? std::optional(*std::move(parsed)) : std::nullopt;
    }
    return input_ ? input_->read(text, out) : ErrorCode::kInvalidArgument;
  }

 private:
  mutable std::optional<TimeInput> input_;
  mutable std::string text_;
};

/// Confined to its task.
struct DateByTemplate {
  ErrorCode operator()(Text text, Text by, int32_t& out) const {
    TimeRead read;
    const ErrorCode code = last.read(text, by, read);
    const bool fits = read.day >= kDayMin && read.day <= kDayMax;
    out = fits ? static_cast<int32_t>(read.day) : 0;
    return code != kGood || fits ? code : ErrorCode::kDatetimeFieldOverflow;
  }
  LastInput last;
};

/// Confined to its task.
struct InstantByTemplate {
  ErrorCode operator()(Text text, Text by, int64_t& out) const {
    TimeRead read;
    const ErrorCode code = last.read(text, by, read);
    out = read.micros;
    return code != kGood || out >= kTimestampMin ? code : ErrorCode::kDatetimeFieldOverflow;
  }
  LastInput last;
};

}  // namespace

std::vector<Function> template_functions() {
  using enum TypeId;
  constexpr auto kChecked = &checked_template<TimeTemplate, kText>;
  return {{"to_char", {kTimestamp, kText}, kText, &time_to_char<false>, true, kChecked, Function::Style::kCall, false, true},
          {"to_char", {kTimestamptz, kText}, kText, &time_to_char<true>, true, kChecked, Function::Style::kCall, false, true},
          {"to_date", {kText, kText}, kDate, &strict<DateByTemplate, int32_t, Text, Text>, true, &checked_template<TimeInput, kDate>},
          {"to_timestamp", {kText, kText}, kTimestamptz, &strict<InstantByTemplate, int64_t, Text, Text>, true, &checked_template<TimeInput, kTimestamptz>}};
}

}  // namespace laketide::expr
