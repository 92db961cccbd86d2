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
struct CopyText {
  ErrorCode operator()(std::string_view value, TextWriter& out) const {
    out.append(value);
    return ErrorCode::kNone;
  }
};

}  // namespace

std::vector<Function> text_casts() {
  using enum TypeId;
  return {
      conversion(kText, kBoolean, &strict<Parse, bool, std::string_view>, true),
      conversion(kText, kSmallint, &strict<Parse, int16_t, std::string_view>, true),
      conversion(kText, kInt, &strict<Parse, int32_t, std::string_view>, true),
      conversion(kText, kBigint, &strict<Parse, int64_t, std::string_view>, true),
      conversion(kText, kReal, &strict<Parse, float, std::string_view>, true),
      conversion(kText, kDouble, &strict<Parse, double, std::string_view>, true),
      conversion(kText, kNumeric, &strict<ParseNumeric, Int128, std::string_view>, true),
      conversion(kText, kDate, &strict<ParseDate, int32_t, std::string_view>, true),
      conversion(kText, kTime, &strict<ParseTime, int64_t, std::string_view>, true),
      conversion(kText, kTimestamp, &strict<ParseTimestamp<false>, int64_t, std::string_view>, true),
      conversion(kText, kTimestamptz, &strict<ParseTimestamp<true>, int64_t, std::string_view>, true),
      conversion(kText, kUuid, &strict<ParseUuid, std::string_view, std::string_view>, true),
      conversion(kBoolean, kText, &strict<PrintBoolean, std::string_view, bool>, false),
      conversion(kSmallint, kText, &strict<PrintInteger, std::string_view, int16_t>, false),
      conversion(kInt, kText, &strict<PrintInteger, std::string_view, int32_t>, false),
      conversion(kBigint, kText, &strict<PrintInteger, std::string_view, int64_t>, false),
      conversion(kReal, kText, &strict<PrintFloat, std::string_view, float>, false),
      conversion(kDouble, kText, &strict<PrintFloat, std::string_view, double>, false),
      conversion(kNumeric, kText, &strict<PrintNumeric, std::string_view, Int128>, false),
      conversion(kDate, kText, &strict<PrintDate, std::string_view, int32_t>, false),
      conversion(kTime, kText, &strict<PrintTime, std::string_view, int64_t>, false),
      conversion(kTimestamp, kText, &strict<PrintTimestamp<false>, std::string_view, int64_t>, false),
      conversion(kTimestamptz, kText, &strict<PrintTimestamp<true>, std::string_view, int64_t>, false),
      conversion(kUuid, kText, &strict<CopyText, std::string_view, std::string_view>, false),
  };
}

}  // namespace laketide::expr
