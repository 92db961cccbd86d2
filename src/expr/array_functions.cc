// Functions of arrays: taken apart, put together, compared with a value.
#include <algorithm>

#include <arrow/array/builder_base.h>
#include <arrow/array/data.h>
#include <arrow/type.h>

#include "expr/function.h"
#include "expr/lists.h"
#include "expr/overload.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

using Offsets = arrow::TypedBufferBuilder<int32_t>;

// The result's validity, as long as it is built row by row.
arrow::Result<std::shared_ptr<arrow::Buffer>> finish_bits(arrow::TypedBufferBuilder<bool>& bits) {
  ARROW_ASSIGN_OR_RAISE(auto made, bits.Finish());
  return made;
}

/// Text values of elements, with NULLs among them. Confined to its task.
class Elements {
 public:
  explicit Elements(arrow::MemoryPool* memory) : text_(memory), valid_(memory) {}
  arrow::Status reserve(int64_t count) { return text_.reserve(std::max<int64_t>(count, 16), count * 8); }
  arrow::Status add(Text element, bool valid) {
    if (valid) text_.append(element);
    ARROW_RETURN_NOT_OK(text_.end_element());
    ++count_;
    nulls_ += valid ? 0 : 1;
    return valid_.Append(valid);
  }
  int64_t count() const { return count_; }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() {
    std::shared_ptr<arrow::Buffer> offsets, bytes, valid;
    ARROW_RETURN_NOT_OK(text_.finish(offsets, bytes));
    ARROW_ASSIGN_OR_RAISE(valid, finish_bits(valid_));
    if (nulls_ == 0) valid = nullptr;
    return arrow::ArrayData::Make(arrow::utf8(), count_, {std::move(valid), std::move(offsets), std::move(bytes)}, nulls_);
  }

 private:
  TextWriter text_;
  arrow::TypedBufferBuilder<bool> valid_;
  int64_t count_ = 0, nulls_ = 0;
};

template <typename Take>
arrow::Status split(Text text, std::optional<Text> by, const Take& take) {
  if (text.empty()) return arrow::Status::OK();  // PostgreSQL: an empty array, not one with an empty text
  if (!by) {
    for (size_t at = 0; at < text.size();) {
      const size_t size = std::min(character_size(text[at]), text.size() - at);
      ARROW_RETURN_NOT_OK(take(text.substr(at, size)));
      at += size;
    }
    return arrow::Status::OK();
  }
  if (!by->empty()) {
    for (size_t at = text.find(*by); at != Text::npos; at = text.find(*by)) {
      ARROW_RETURN_NOT_OK(take(text.substr(0, at)));
      text.remove_prefix(at + by->size());
    }
  }
  return take(text);
}

// (text, separator or NULL: every character [, text that means NULL])
arrow::Status string_to_array(const Call& call, std::span<const Column> args, Column& out) {
  const Reader<Text> texts(args[0]), separators(args[1]);
  const Validity text_valid(args[0]), separator_valid(args[1]);
  std::optional<Reader<Text>> null_texts;
  std::optional<Validity> null_text_valid;
  if (args.size() > 2) {
    null_texts.emplace(args[2]);
    null_text_valid.emplace(args[2]);
  }
  Offsets offsets(call.memory);
  Elements elements(call.memory);
  ARROW_RETURN_NOT_OK(offsets.Reserve(call.rows + 1));
  ARROW_RETURN_NOT_OK(elements.reserve(call.rows * 4));
  offsets.UnsafeAppend(0);
  for (int64_t row = 0; row < call.rows; ++row) {
    if (text_valid[row]) {
      const auto by = separator_valid[row] ? std::optional(separators[row]) : std::nullopt;
      const auto null_text = null_texts && (*null_text_valid)[row] ? std::optional((*null_texts)[row]) : std::nullopt;
      ARROW_RETURN_NOT_OK(split(texts[row], by, [&](Text element) { return elements.add(element, element != null_text); }));
    }
    if (elements.count() > INT32_MAX) return arrow::Status::CapacityError("the arrays of one batch have over 2 billion elements");
    offsets.UnsafeAppend(static_cast<int32_t>(elements.count()));
  }
  ARROW_ASSIGN_OR_RAISE(auto values, elements.finish());
  ARROW_ASSIGN_OR_RAISE(auto valid, valid_in_all(call, args.first(1)));
  ARROW_ASSIGN_OR_RAISE(auto ends, offsets.Finish());
  set_lists(call, std::move(valid), std::move(ends), std::move(values), out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

// (array, separator [, text for NULLs, which are passed over else])
arrow::Status array_to_string(const Call& call, std::span<const Column> args, Column& out) {
  const Lists lists(args[0]);
  ARROW_ASSIGN_OR_RAISE(const Column texts, element_texts(call, lists));
  const Reader<Text> elements(texts), separators(args[1]);
  const Validity element_valid(texts);
  ARROW_ASSIGN_OR_RAISE(auto valid, valid_in_all(call, args.first(2)));
  TextWriter writer(call.memory);
  ARROW_RETURN_NOT_OK(writer.reserve(call.rows, call.rows * 16));
  for (int64_t row = 0; row < call.rows; ++row) {
    const bool good = !valid || arrow::bit_util::GetBit(valid->data(), row);
    const auto for_null = args.size() > 2 && Validity(args[2])[row] ? std::optional(Reader<Text>(args[2])[row]) : std::nullopt;
    bool any = false;
    for (int64_t i = good ? lists.begin(row) - lists.first() : 0, end = good ? lists.end(row) - lists.first() : 0; i < end; ++i) {
      if (!element_valid[i] && !for_null) continue;
      if (any) writer.append(separators[row]);
      writer.append(element_valid[i] ? elements[i] : *for_null);
      any = true;
    }
    writer.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes;
  ARROW_RETURN_NOT_OK(writer.finish(offsets, bytes));
  set_result(call, {std::move(valid), std::move(offsets), std::move(bytes)}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

enum class Measure { kCardinality, kLength, kLower };

// cardinality(array); array_length, array_upper and array_lower(array, dimension), which are NULL for an empty array and for
// dimensions it does not have: here an array has one.
template <Measure measure>
arrow::Status measured(const Call& call, std::span<const Column> args, Column& out) {
  const Lists lists(args[0]);
  ARROW_ASSIGN_OR_RAISE(auto given, valid_in_all(call, args));
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(call.rows * static_cast<int64_t>(sizeof(int32_t)), call.memory));
  auto* const to = reinterpret_cast<int32_t*>(values->mutable_data());
  std::optional<Reader<int32_t>> dimensions;
  if (args.size() > 1) dimensions.emplace(args[1]);
  ARROW_ASSIGN_OR_RAISE(auto valid, bits_of(call, [&](int64_t row) {
                          const bool there = !given || arrow::bit_util::GetBit(given->data(), row);
                          const auto size = there ? static_cast<int32_t>(lists.size(row)) : 0;
                          to[row] = measure == Measure::kLower ? 1 : size;
                          return there && (measure == Measure::kCardinality || (size > 0 && (*dimensions)[row] == 1));
                        }));
  set_result(call, {std::move(valid), std::shared_ptr<arrow::Buffer>(std::move(values))}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

// (array, index from 1): NULL beyond its ends.
arrow::Status subscript(const Call& call, std::span<const Column> args, Column& out) {
  const Lists lists(args[0]);
  const Reader<int32_t> indices(args[1]);
  const Validity index_valid(args[1]);
  ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(call.node.type.arrow(), call.memory));
  ARROW_RETURN_NOT_OK(builder->Reserve(call.rows));
  const arrow::ArraySpan values(*lists.values);
  for (int64_t row = 0; row < call.rows; ++row) {
    const bool inside = lists.valid[row] && index_valid[row] && indices[row] >= 1 && indices[row] <= lists.size(row);
    ARROW_RETURN_NOT_OK(inside ? builder->AppendArraySlice(values, lists.begin(row) + indices[row] - 1, 1) : builder->AppendNull());
  }
  out.type = call.node.type;
  ARROW_RETURN_NOT_OK(builder->FinishInternal(&out.data));
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

// ARRAY[a, b, …]: never NULL itself.
arrow::Status construct(const Call& call, std::span<const Column> args, Column& out) {
  ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(call.node.type.element->arrow(), call.memory));
  Offsets offsets(call.memory);
  ARROW_RETURN_NOT_OK(offsets.Reserve(call.rows + 1));
  offsets.UnsafeAppend(0);
  for (int64_t row = 0; row < call.rows; ++row) {
    for (const Column& arg : args) ARROW_RETURN_NOT_OK(builder->AppendArraySlice(arrow::ArraySpan(*arg.data), arg.constant ? 0 : row, 1));
    offsets.UnsafeAppend(static_cast<int32_t>(builder->length()));
  }
  std::shared_ptr<arrow::ArrayData> values;
  ARROW_RETURN_NOT_OK(builder->FinishInternal(&values));
  ARROW_ASSIGN_OR_RAISE(auto ends, offsets.Finish());
  set_lists(call, nullptr, std::move(ends), std::move(values), out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

// Of two arrays, of which one may be NULL: then it is the other.
arrow::Status concatenate(const Call& call, std::span<const Column> args, Column& out) {
  const Lists left(args[0]), right(args[1]);
  ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(call.node.type.element->arrow(), call.memory));
  Offsets offsets(call.memory);
  ARROW_RETURN_NOT_OK(offsets.Reserve(call.rows + 1));
  offsets.UnsafeAppend(0);
  for (int64_t row = 0; row < call.rows; ++row) {
    for (const Lists* const lists : {&left, &right}) {
      if (lists->valid[row]) ARROW_RETURN_NOT_OK(builder->AppendArraySlice(arrow::ArraySpan(*lists->values), lists->begin(row), lists->size(row)));
    }
    offsets.UnsafeAppend(static_cast<int32_t>(builder->length()));
  }
  std::shared_ptr<arrow::ArrayData> values;
  ARROW_RETURN_NOT_OK(builder->FinishInternal(&values));
  ARROW_ASSIGN_OR_RAISE(auto ends, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto valid, bits_of(call, [&](int64_t row) { return left.valid[row] || right.valid[row]; }));
  set_lists(call, std::move(valid), std::move(ends), std::move(values), out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

/// A value of each row beside each element of that row's array: two columns of the same length. Confined to its task.
struct Pairs {
  Column values, elements;
};

arrow::Result<Pairs> pairs_of(const Call& call, const Column& value, const Lists& lists) {
  ARROW_ASSIGN_OR_RAISE(const auto values, arrow::MakeBuilder(value.data->type, call.memory));
  ARROW_ASSIGN_OR_RAISE(const auto elements, arrow::MakeBuilder(lists.values->type, call.memory));
  for (int64_t row = 0; row < call.rows; ++row) {
    if (!lists.valid[row]) continue;
    for (int64_t i = lists.begin(row); i < lists.end(row); ++i) {
      ARROW_RETURN_NOT_OK(values->AppendArraySlice(arrow::ArraySpan(*value.data), value.constant ? 0 : row, 1));
    }
    ARROW_RETURN_NOT_OK(elements->AppendArraySlice(arrow::ArraySpan(*lists.values), lists.begin(row), lists.size(row)));
  }
  Pairs pairs{{value.type, nullptr, false, {}}, {lists.element, nullptr, false, {}}};
  ARROW_RETURN_NOT_OK(values->FinishInternal(&pairs.values.data));
  ARROW_RETURN_NOT_OK(elements->FinishInternal(&pairs.elements.data));
  return pairs;
}

constexpr std::string_view kComparisons[] = {"=", "<>", "<", "<=", ">", ">="};

// value op ANY (array), value op ALL (array): the comparison with each element, joined by OR or AND of three-valued logic.
template <bool any>
arrow::Status quantified(const Call& call, std::span<const Column> args, Column& out) {
  const std::string_view name = call.node.function->name;
  const Type types[] = {args[0].type, *args[1].type.element};
  const auto comparison = find_overload(name.substr(0, name.find(' ')), types);
  if (!comparison.ok()) return arrow::Status::Invalid(comparison.status().to_string());
  const Lists lists(args[1]);
  ARROW_ASSIGN_OR_RAISE(const Pairs pairs, pairs_of(call, args[0], lists));
  Expression node;
  node.type = TypeId::kBoolean;
  Column holds;
  const Column both[] = {pairs.values, pairs.elements};
  ARROW_RETURN_NOT_OK((*comparison)->kernel(Call{node, pairs.values.data->length, call.memory, call.now}, std::span<const Column>(both), holds));
  const Reader<bool> truth(holds);
  const Validity known(holds);
  std::vector<uint8_t> results(static_cast<size_t>(call.rows)), valid(static_cast<size_t>(call.rows));
  for (int64_t row = 0, at = 0; row < call.rows; ++row) {
    bool decided = false, unknown = !lists.valid[row];
    for (const int64_t end = at + (lists.valid[row] ? lists.size(row) : 0); at < end; ++at) {
      decided |= known[at] && truth[at] == any;
      unknown |= !known[at];
    }
    results[static_cast<size_t>(row)] = decided == any;
    valid[static_cast<size_t>(row)] = decided || !unknown;
  }
  ARROW_ASSIGN_OR_RAISE(auto valid_bits, bits_of(call, [&](int64_t row) { return valid[static_cast<size_t>(row)] != 0; }));
  ARROW_ASSIGN_OR_RAISE(auto bits, bits_of(call, [&](int64_t row) { return results[static_cast<size_t>(row)] != 0; }));
  set_result(call, {std::move(valid_bits), std::move(bits)}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

Result<Type> element_type(std::span<const ExprPtr> args) { return *args[0]->type.element; }
Result<Type> text_array(std::span<const ExprPtr>) { return Type::array(TypeId::kText); }

Result<Type> same_array(std::span<const ExprPtr> args) {
  if (is_null_constant(*args[0])) return Type::array(*args[1]->type.element);
  if (args[0]->type == args[1]->type || is_null_constant(*args[1])) return Type::array(*args[0]->type.element);
  return Status::user("sql_type", "arrays of different elements cannot be joined, " + args[0]->type.name() + " and " + args[1]->type.name() +
                                    ": cast one of them");
}

}  // namespace

std::vector<Function> array_functions() {
  using enum TypeId;
  using Style = Function::Style;
  std::vector<Function> all{
      {"string_to_array", {kText, kText}, kArray, &string_to_array, false, text_array, Style::kCall, false, true},
      {"string_to_array", {kText, kText, kText}, kArray, &string_to_array, false, text_array, Style::kCall, false, true},
      {"array_to_string", {kArray, kText}, kText, &array_to_string},
      {"array_to_string", {kArray, kText, kText}, kText, &array_to_string},
      {"cardinality", {kArray}, kInt, &measured<Measure::kCardinality>},
      {"array_length", {kArray, kInt}, kInt, &measured<Measure::kLength>, false, nullptr, Style::kCall, false, true},
      {"array_upper", {kArray, kInt}, kInt, &measured<Measure::kLength>, false, nullptr, Style::kCall, false, true},
      {"array_lower", {kArray, kInt}, kInt, &measured<Measure::kLower>, false, nullptr, Style::kCall, false, true},
      {"[]", {kArray, kInt}, kUnknown, &subscript, false, element_type, Style::kCall, false, true},
      {"array_cat", {kArray, kArray}, kArray, &concatenate, false, same_array},
      {"||", {kArray, kArray}, kArray, &concatenate, false, same_array, Style::kInfix},
      {"ARRAY", {}, kArray, &construct, false, nullptr, Style::kCall, true},
  };
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (const std::string_view one : kComparisons) {
      made.push_back(std::string(one) + " ANY");
      made.push_back(std::string(one) + " ALL");
    }
    return made;
  }();
  for (const std::string& name : names) {
    all.push_back({name, {}, kBoolean, name.ends_with("ANY") ? &quantified<true> : &quantified<false>, false, nullptr, Style::kCall, true});
  }
  return all;
}

}  // namespace laketide::expr
