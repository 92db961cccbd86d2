// Conversions to and from text: each type's input and output in PostgreSQL's spelling.
#include "expr/cast.h"
#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/strict_kernel.h"
#include "expr/time_text.h"

namespace laketide::expr {
namespace {

struct Parse {
  template <typename T>
  ErrorCode operator()(std::string_view text, T& out) const { return parse(text, out); }
};

struct ParseNumeric {
  ParseNumeric(const Call& call, std::span<const Column>) : precision(call.node.type.precision), scale(call.node.type.scale) {}
  ErrorCode operator()(std::string_view text, Int128& out) const {
    bool overflow = false;
    const auto value = parse_numeric(text, precision, scale, overflow);
    out = value.value_or(0);
    if (value) return ErrorCode::kNone;
    return overflow ? ErrorCode::kNumericValueOutOfRange : ErrorCode::kInvalidTextRepresentation;
  }
  int precision, scale;
};

struct ParseDate {
  ErrorCode operator()(std::string_view text, int32_t& out) const { return parse_date(text, out); }
};
struct ParseTime {
  ErrorCode operator()(std::string_view text, int64_t& out) const { return parse_time(text, out); }
};
template <bool zoned>
struct ParseTimestamp {
  ErrorCode operator()(std::string_view text, int64_t& out) const { return parse_timestamp(text, zoned, out); }
};

struct ParseUuid {
  ErrorCode operator()(std::string_view text, TextWriter& out) const {
    std::string value;
    const ErrorCode code = parse_uuid(text, value);
    out.append(value);
    return code;
  }
};

struct PrintInteger {
  template <typename T>
  ErrorCode operator()(T value, TextWriter& out) const {
    out.append(std::to_string(value));
    return ErrorCode::kNone;
  }
};
struct PrintFloat {
  template <typename T>
  ErrorCode operator()(T value, TextWriter& out) const {
    out.append(print_float(value));
    return ErrorCode::kNone;
  }
};
struct PrintBoolean {
  ErrorCode operator()(bool value, TextWriter& out) const {
    out.append(std::string_view(value ? "true" : "false"));
    return ErrorCode::kNone;
  }
};
struct PrintNumeric {
  PrintNumeric(const Call&, std::span<const Column> args) : scale(args[0].type.scale) {}
  ErrorCode operator()(Int128 value, TextWriter& out) const {
    out.append(to_text(value, scale));
    return ErrorCode::kNone;
  }
  int scale;
};
struct PrintDate {
  ErrorCode operator()(int32_t value, TextWriter& out) const {
    out.append(print_date(value));
    return ErrorCode::kNone;
  }
};
struct PrintTime {
  ErrorCode operator()(int64_t value, TextWriter& out) const {
    out.append(print_time(value));
    return ErrorCode::kNone;
  }
};
template <bool zoned>
struct PrintTimestamp {
  ErrorCode operator()(int64_t value, TextWriter& out) const {
    out.append(print_timestamp(value, zoned));
    return ErrorCode::kNone;
  }
};
struct Copy {
  ErrorCode operator()(std::string_view value, TextWriter& out) const {
    out.append(value);
    return ErrorCode::kNone;
  }
};

template <typename Op, typename To>
Function read(TypeId to) {
  return {"CAST", {TypeId::kText}, to, &strict<Op, To, std::string_view>, true, nullptr, Function::Style::kCast};
}
template <typename Op, typename From>
Function write(TypeId from) {
  return {"CAST", {from}, TypeId::kText, &strict<Op, std::string_view, From>, false, nullptr, Function::Style::kCast};
}

}  // namespace

std::vector<Function> text_casts() {
  using enum TypeId;
  return {
      read<Parse, bool>(kBoolean),
      read<Parse, int16_t>(kSmallint),
      read<Parse, int32_t>(kInt),
      read<Parse, int64_t>(kBigint),
      read<Parse, float>(kReal),
      read<Parse, double>(kDouble),
      read<ParseNumeric, Int128>(kNumeric),
      read<ParseDate, int32_t>(kDate),
      read<ParseTime, int64_t>(kTime),
      read<ParseTimestamp<false>, int64_t>(kTimestamp),
      read<ParseTimestamp<true>, int64_t>(kTimestamptz),
      read<ParseUuid, std::string_view>(kUuid),
      write<PrintBoolean, bool>(kBoolean),
      write<PrintInteger, int16_t>(kSmallint),
      write<PrintInteger, int32_t>(kInt),
      write<PrintInteger, int64_t>(kBigint),
      write<PrintFloat, float>(kReal),
      write<PrintFloat, double>(kDouble),
      write<PrintNumeric, Int128>(kNumeric),
      write<PrintDate, int32_t>(kDate),
      write<PrintTime, int64_t>(kTime),
      write<PrintTimestamp<false>, int64_t>(kTimestamp),
      write<PrintTimestamp<true>, int64_t>(kTimestamptz),
      write<Copy, std::string_view>(kUuid),
  };
}

}  // namespace laketide::expr
