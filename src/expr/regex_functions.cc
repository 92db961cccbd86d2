// Functions of regular expressions: ~, regexp_replace and their like (PostgreSQL's regexp.c, varlena.c).
#include <algorithm>
#include <optional>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>

#include "expr/function.h"
#include "expr/regex.h"
#include "expr/rows.h"
#include "expr/utf8.h"

namespace laketide::expr {
namespace {

/// What stands in which argument: texts are string, pattern, replacement if there is one, and flags last; numbers in their order.
struct RegexShape {
  bool test = false;      // asks only whether there is a match
  bool groups = false;    // gives what groups kept
  bool replaces = false;  // has a replacement
  int subexpr = -1;       // which number is a group's
  bool ignores_case = false;  // without a flag
};

bool names_group(Text replacement) {
  for (size_t at = 0; at + 1 < replacement.size(); ++at) {
    if (replacement[at] != '\\') continue;
    if (replacement[at + 1] >= '1' && replacement[at + 1] <= '9') return true;
    ++at;
  }
  return false;
}

Result<std::shared_ptr<const Regex>> regex_of(const RegexShape& shape, Text pattern, Text flags, RegexUse use) {
  RegexFlags read;
  read.ignore_case = shape.ignores_case;
  LT_RETURN_IF_ERROR(read_flags(flags, read));
  if (read.global && !shape.replaces) return Status::user("invalid_parameter_value", "flag g belongs to regexp_replace alone");
  return make_regex(pattern, read, use);
}

ErrorCode error_of(const Status& failure) {
  if (failure.code() == "program_limit_exceeded") return ErrorCode::kProgramLimitExceeded;
  return failure.code() == "invalid_parameter_value" ? ErrorCode::kInvalidArgument : ErrorCode::kInvalidRegularExpression;
}

using Spans = std::vector<RegexSpan>;

/// The arguments of one call, row by row, with the pattern made ready; one that stays the same is made once. Confined to its task.
class RegexArguments {
 public:
  RegexArguments(std::span<const Column> args, const RegexShape& shape) : shape_(shape) {
    for (const Column& arg : args) {
      if (arg.type.id == TypeId::kInt) {
        numbers_.emplace_back(arg);
      } else {
        texts_.emplace_back(arg);
      }
    }
  }

  ErrorCode go_to(int64_t row) {
    row_ = row;
    const RegexUse use = shape_.test ? RegexUse::kTest : needs_groups() ? RegexUse::kGroups : RegexUse::kPlace;
    if (regex_ && pattern_ == pattern() && flags_ == flags() && use_ == use) return kGood;
    auto made = regex_of(shape_, pattern(), flags(), use);
    if (!made.ok()) return error_of(made.status());
    regex_ = *std::move(made);
    pattern_ = pattern();
    flags_ = flags();
    use_ = use;
    return kGood;
  }

  const Regex& regex() const { return *regex_; }
  Text text() const { return texts_[0][row_]; }
  Text pattern() const { return texts_[1][row_]; }
  Text replacement() const { return texts_[2][row_]; }
  Text flags() const {
    const size_t at = shape_.replaces ? 3 : 2;
    return texts_.size() > at ? texts_[at][row_] : Text();
  }
  int32_t number(size_t index, int32_t otherwise) const { return index < numbers_.size() ? numbers_[index][row_] : otherwise; }
  bool has_number(size_t index) const { return index < numbers_.size(); }

  /// For one row's matches and one row's text, whose memory the next row uses again.
  Spans& spans(size_t count) const {
    spans_.assign(count, {});
    return spans_;
  }
  std::string& made() const {
    made_.clear();
    return made_;
  }

 private:
  bool needs_groups() const {
    if (shape_.replaces) return names_group(replacement());
    return shape_.groups || (shape_.subexpr >= 0 && number(static_cast<size_t>(shape_.subexpr), 0) > 0);
  }

  const RegexShape shape_;
  std::vector<Reader<Text>> texts_;
  std::vector<Reader<int32_t>> numbers_;
  int64_t row_ = 0;
  std::shared_ptr<const Regex> regex_;
  std::string pattern_, flags_;
  RegexUse use_ = RegexUse::kTest;
  mutable Spans spans_;
  mutable std::string made_;
};

// Where the search goes on: behind the match, or a character farther if that was of nothing.
size_t behind(Text text, const RegexSpan& match) {
  const auto end = static_cast<size_t>(match.end);
  if (match.end > match.begin) return end;
  return end + (end < text.size() ? character_size(text[end]) : 1);
}

// Calls `take` for each match from byte `from` until it says no.
template <typename Take>
void each_match(const Regex& regex, Text text, size_t from, Spans& spans, const Take& take) {
  while (from <= text.size() && regex.find(text, from, spans) && take()) from = behind(text, spans[0]);
}

// Byte of the character `start`, from 1; none: behind the end.
std::optional<size_t> byte_of_start(Text text, int32_t start) {
  if (start - 1 > count_characters(text)) return {};
  return byte_of_character(text, start - 1);
}

// regexp_substr and regexp_instr: the match `n`, or what its group kept. As in PostgreSQL a pattern without groups has itself as group 1.
std::optional<RegexSpan> nth_match(const RegexArguments& in, int32_t start, int32_t n, int32_t group) {
  const auto from = byte_of_start(in.text(), start);
  const int groups = in.regex().groups();
  if (!from || group > std::max(groups, 1)) return {};
  const auto wanted = static_cast<size_t>(groups == 0 ? 0 : group);
  Spans& spans = in.spans(wanted + 1);
  int32_t seen = 0;
  std::optional<RegexSpan> found;
  each_match(in.regex(), in.text(), *from, spans, [&] {
    if (++seen < n) return true;
    if (spans[wanted].begin >= 0) found = spans[wanted];
    return false;
  });
  return found;
}

Text matched(Text text, const RegexSpan& span) { return text.substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin)); }

/// ~ and the like. Confined to its task.
template <bool ignores_case, bool negated>
struct RegexTest {
  using Builder = arrow::BooleanBuilder;
  static constexpr RegexShape kShape{.test = true, .ignores_case = ignores_case};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    status = to.Append(in.regex().test(in.text()) != negated);
    return kGood;
  }
};

struct RegexCount {
  using Builder = arrow::Int32Builder;
  static constexpr RegexShape kShape{};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    const int32_t start = in.number(0, 1);
    if (start < 1) return ErrorCode::kInvalidArgument;
    int32_t count = 0;
    Spans& spans = in.spans(1);
    const auto from = byte_of_start(in.text(), start);
    if (from) each_match(in.regex(), in.text(), *from, spans, [&] { return ++count > 0; });
    status = to.Append(count);
    return kGood;
  }
};

struct RegexInstr {
  using Builder = arrow::Int32Builder;
  static constexpr RegexShape kShape{.subexpr = 3};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    const int32_t start = in.number(0, 1), n = in.number(1, 1), end = in.number(2, 0), group = in.number(3, 0);
    if (start < 1 || n < 1 || end < 0 || end > 1 || group < 0) return ErrorCode::kInvalidArgument;
    const auto span = nth_match(in, start, n, group);
    const int64_t byte = !span ? 0 : end == 1 ? span->end : span->begin;
    status = to.Append(span ? static_cast<int32_t>(count_characters(in.text().substr(0, static_cast<size_t>(byte)))) + 1 : 0);
    return kGood;
  }
};

struct RegexSubstr {
  using Builder = arrow::StringBuilder;
  static constexpr RegexShape kShape{.subexpr = 2};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    const int32_t start = in.number(0, 1), n = in.number(1, 1), group = in.number(2, 0);
    if (start < 1 || n < 1 || group < 0) return ErrorCode::kInvalidArgument;
    const auto span = nth_match(in, start, n, group);
    status = span ? to.Append(matched(in.text(), *span)) : to.AppendNull();
    return kGood;
  }
};

/// substring(text FROM pattern): the first group, or the whole match where there is none. Confined to its task.
struct RegexSubstring {
  using Builder = arrow::StringBuilder;
  static constexpr RegexShape kShape{.groups = true};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    Spans& spans = in.spans(in.regex().groups() > 0 ? 2 : 1);
    const bool found = in.regex().find(in.text(), 0, spans) && spans.back().begin >= 0;
    status = found ? to.Append(matched(in.text(), spans.back())) : to.AppendNull();
    return kGood;
  }
};

struct RegexReplace {
  using Builder = arrow::StringBuilder;
  static constexpr RegexShape kShape{.replaces = true};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    const int32_t start = in.number(0, 1), n = in.has_number(1) ? in.number(1, 1) : in.flags().find('g') == Text::npos ? 1 : 0;
    if (start < 1 || n < 0) return ErrorCode::kInvalidArgument;
    const Text text = in.text(), replacement = in.replacement();
    Spans& spans = in.spans(names_group(replacement) ? static_cast<size_t>(in.regex().groups()) + 1 : 1);
    std::string& made = in.made();
    int32_t seen = 0;
    size_t copied = 0;
    const auto from = byte_of_start(text, start);
    if (from) {
      each_match(in.regex(), text, *from, spans, [&] {
        if (++seen < n) return true;
        made += text.substr(copied, static_cast<size_t>(spans[0].begin) - copied);
        append(text, replacement, spans, made);
        copied = static_cast<size_t>(spans[0].end);
        return n == 0;
      });
    }
    made += text.substr(copied);
    status = to.Append(made);
    return kGood;
  }

 private:
  // \1 to \9 are groups, \& the whole match, \\ a backslash; before anything else the backslash is itself.
  static void append(Text text, Text replacement, const Spans& spans, std::string& made) {
    for (size_t at = 0; at < replacement.size(); ++at) {
      const char next = replacement[at] == '\\' && at + 1 < replacement.size() ? replacement[at + 1] : '\0';
      if (next >= '1' && next <= '9') {
        const auto group = static_cast<size_t>(next - '0');
        if (group < spans.size() && spans[group].begin >= 0) made += matched(text, spans[group]);
      } else if (next == '&') {
        made += matched(text, spans[0]);
      } else {
        made += replacement[at];
        if (next != '\\') continue;
      }
      ++at;
    }
  }
};

arrow::Status append_element(arrow::ListBuilder& to, Text element) { return static_cast<arrow::StringBuilder*>(to.value_builder())->Append(element); }

/// regexp_match: an array of what the groups kept, or of the whole match. Confined to its task.
struct RegexMatch {
  using Builder = arrow::ListBuilder;
  static constexpr RegexShape kShape{.groups = true};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    Spans& spans = in.spans(static_cast<size_t>(in.regex().groups()) + 1);
    if (!in.regex().find(in.text(), 0, spans)) {
      status = to.AppendNull();
      return kGood;
    }
    status = to.Append();
    for (size_t i = spans.size() > 1 ? 1 : 0; i < spans.size(); ++i) {
      status &= spans[i].begin >= 0 ? append_element(to, matched(in.text(), spans[i])) : to.value_builder()->AppendNull();
    }
    return kGood;
  }
};

/// regexp_split_to_array: what lies between matches; those of nothing at the ends, or right behind another, do not count. Confined to
/// its task.
struct RegexSplit {
  using Builder = arrow::ListBuilder;
  static constexpr RegexShape kShape{};
  ErrorCode operator()(const RegexArguments& in, Builder& to, arrow::Status& status) const {
    const Text text = in.text();
    status = to.Append();
    Spans& spans = in.spans(1);
    int64_t copied = 0, last_end = 0;
    each_match(in.regex(), text, 0, spans, [&] {
      if (spans[0].begin < static_cast<int64_t>(text.size()) && spans[0].end > last_end) {
        status &= append_element(to, matched(text, {copied, spans[0].begin}));
        copied = spans[0].end;
      }
      last_end = spans[0].end;
      return true;
    });
    status &= append_element(to, text.substr(static_cast<size_t>(copied)));
    return kGood;
  }
};

template <typename Builder>
std::unique_ptr<Builder> builder_of(const Call& call) {
  if constexpr (std::is_same_v<Builder, arrow::ListBuilder>) {
    return std::make_unique<Builder>(call.memory, std::make_shared<arrow::StringBuilder>(call.memory), call.node.type.arrow());
  } else {
    return std::make_unique<Builder>(call.memory);
  }
}

template <typename Job>
arrow::Status regex_kernel(const Call& call, std::span<const Column> args, Column& out) {
  RegexArguments in(args, Job::kShape);
  ARROW_ASSIGN_OR_RAISE(const auto valid, valid_in_all(call, args));
  const auto builder = builder_of<typename Job::Builder>(call);
  ARROW_RETURN_NOT_OK(builder->Reserve(call.rows));
  RowErrors errors;
  const Job job;
  for (int64_t row = 0; row < call.rows; ++row) {
    if (valid && !arrow::bit_util::GetBit(valid->data(), row)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    arrow::Status status;
    ErrorCode code = in.go_to(row);
    if (code == kGood) code = job(in, *builder, status);
    if (code != kGood) {
      errors.push_back({row, code, &call.node, std::string(in.pattern())});
      status = builder->AppendNull();
    }
    ARROW_RETURN_NOT_OK(status);
  }
  out.type = call.node.type;
  ARROW_RETURN_NOT_OK(builder->FinishInternal(&out.data));
  out.errors = merge(errors_of(args), std::move(errors));
  return arrow::Status::OK();
}

std::optional<Text> constant_of(std::span<const ExprPtr> args, TypeId id, size_t index) {
  for (const ExprPtr& arg : args) {
    if (arg->type.id != id || index-- > 0) continue;
    if (arg->kind != Expression::Kind::kConstant || is_null_constant(*arg)) return {};
    return constant_text(*arg);
  }
  return Text();
}

// What is wrong with a pattern that is written down is said before the first row.
template <typename Job>
Status check_pattern(std::span<const ExprPtr> args) {
  constexpr const RegexShape& shape = Job::kShape;
  const auto pattern = constant_of(args, TypeId::kText, 1), flags = constant_of(args, TypeId::kText, shape.replaces ? 3 : 2);
  if (!pattern || !flags) return {};
  const auto replacement = shape.replaces ? constant_of(args, TypeId::kText, 2) : std::nullopt;
  const bool groups = shape.groups || (replacement && names_group(*replacement));
  return regex_of(shape, *pattern, *flags, shape.test ? RegexUse::kTest : groups ? RegexUse::kGroups : RegexUse::kPlace).status();
}

template <typename Job, TypeId id>
Result<Type> checked_type(std::span<const ExprPtr> args) {
  LT_RETURN_IF_ERROR(check_pattern<Job>(args));
  if constexpr (id == TypeId::kArray) return Type::array(TypeId::kText);
  return Type(id);
}

template <typename Job, TypeId id>
void add_regex(std::vector<Function>& all, std::string_view name, const std::vector<TypeId>& more, bool nullable = false) {
  std::vector<TypeId> args{TypeId::kText, TypeId::kText};
  args.insert(args.end(), more.begin(), more.end());
  all.push_back({name, std::move(args), id, &regex_kernel<Job>, true, &checked_type<Job, id>, Function::Style::kCall, false, nullable});
}

// With all arguments, and with fewer from the end.
template <typename Job, TypeId id>
void add_regexes(std::vector<Function>& all, std::string_view name, std::vector<TypeId> more, bool nullable = false) {
  for (;; more.pop_back()) {
    add_regex<Job, id>(all, name, more, nullable);
    if (more.empty()) return;
  }
}

}  // namespace

std::vector<Function> regex_functions() {
  using enum TypeId;
  std::vector<Function> all;
  add_regexes<RegexTest<false, false>, kBoolean>(all, "regexp_like", {kText});
  add_regexes<RegexCount, kInt>(all, "regexp_count", {kInt, kText});
  add_regexes<RegexInstr, kInt>(all, "regexp_instr", {kInt, kInt, kInt, kText, kInt});
  add_regexes<RegexSubstr, kText>(all, "regexp_substr", {kInt, kInt, kText, kInt}, true);
  add_regex<RegexSubstring, kText>(all, "substring", {}, true);
  add_regexes<RegexMatch, kArray>(all, "regexp_match", {kText}, true);
  add_regexes<RegexSplit, kArray>(all, "regexp_split_to_array", {kText});
  add_regexes<RegexReplace, kText>(all, "regexp_replace", {kText, kText});
  all.pop_back();  // without a replacement
  add_regex<RegexReplace, kText>(all, "regexp_replace", {kText, kInt});
  add_regex<RegexReplace, kText>(all, "regexp_replace", {kText, kInt, kInt});
  add_regex<RegexReplace, kText>(all, "regexp_replace", {kText, kInt, kInt, kText});
  const auto add_operator = [&](std::string_view name, Kernel kernel, ResultType type) {
    all.push_back({name, {kText, kText}, kBoolean, kernel, true, type, Function::Style::kInfix});
  };
  add_operator("~", &regex_kernel<RegexTest<false, false>>, &checked_type<RegexTest<false, false>, kBoolean>);
  add_operator("~*", &regex_kernel<RegexTest<true, false>>, &checked_type<RegexTest<true, false>, kBoolean>);
  add_operator("!~", &regex_kernel<RegexTest<false, true>>, &checked_type<RegexTest<false, true>, kBoolean>);
  add_operator("!~*", &regex_kernel<RegexTest<true, true>>, &checked_type<RegexTest<true, true>, kBoolean>);
  return all;
}

}  // namespace laketide::expr
