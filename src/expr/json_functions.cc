// jsonb: -> and ->>, #> and #>>, and the conversions from and to text.
#include <charconv>

#include <arrow/util/bit_util.h>

#include "expr/cast.h"
#include "expr/function.h"
#include "expr/json_text.h"
#include "expr/lists.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

struct ReadJson {
  ReadJson(const Call&, std::span<const Column>) : reader(std::make_unique<JsonReader>()) {}
  ErrorCode operator()(Text text, TextWriter& out) const {
    std::string compact;
    const ErrorCode code = reader->compact(text, compact);
    out.append(compact);
    return code;
  }
  std::unique_ptr<JsonReader> reader;
};

struct CopyJson {
  ErrorCode operator()(Text text, TextWriter& out) const {
    out.append(text);
    return ErrorCode::kNone;
  }
};

std::optional<Text> part(JsonReader& reader, Text json, Text name) { return reader.member(json, name); }
std::optional<Text> part(JsonReader& reader, Text json, int32_t index) { return reader.element(json, index); }

// Not strict: a part that is not there is NULL, and so is JSON's null as text.
template <typename Key, bool as_text>
arrow::Status take_part(const Call& call, std::span<const Column> args, Column& out) {
  ARROW_ASSIGN_OR_RAISE(const auto given, valid_in_all(call, args));
  ARROW_ASSIGN_OR_RAISE(auto valid, zero_bits(call));
  const Reader<Text> documents(args[0]);
  const Reader<Key> keys(args[1]);
  JsonReader reader;
  TextWriter text(call.memory);
  ARROW_RETURN_NOT_OK(text.reserve(call.rows, call.rows * 16));
  for (int64_t row = 0; row < call.rows; ++row) {
    std::optional<Text> found;
    if (!given || arrow::bit_util::GetBit(given->data(), row)) found = part(reader, documents[row], keys[row]);
    const std::string held(found.value_or(""));  // the reader reads on
    if (found && as_text) found = reader.text(held);
    if (found) {
      text.append(as_text ? *found : Text(held));
      arrow::bit_util::SetBit(valid->mutable_data(), row);
    }
    text.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes;
  ARROW_RETURN_NOT_OK(text.finish(offsets, bytes));
  set_result(call, {std::move(valid), std::move(offsets), std::move(bytes)}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

/// A row's path: names of members, or numbers of elements. Confined to its task.
struct Path {
  const Reader<Text>& steps;
  const Validity& known;
  int64_t begin, end;
};

// As PostgreSQL takes it: a step is a name where an object stands, and a number where an array does.
std::optional<Text> at_path(JsonReader& reader, const Path& path, std::string& held) {
  for (int64_t i = path.begin; i < path.end; ++i) {
    if (!path.known[i]) return std::nullopt;
    const Text step = path.steps[i];
    std::optional<Text> found;
    int32_t index = 0;
    if (held.starts_with('{')) {
      found = reader.member(held, step);
    } else if (held.starts_with('[') && std::from_chars(step.data(), step.data() + step.size(), index).ptr == step.data() + step.size() && !step.empty()) {
      found = reader.element(held, index);
    }
    if (!found) return std::nullopt;
    held = std::string(*found);
  }
  return held;
}

template <bool as_text>
arrow::Status take_path(const Call& call, std::span<const Column> args, Column& out) {
  ARROW_ASSIGN_OR_RAISE(const auto given, valid_in_all(call, args));
  ARROW_ASSIGN_OR_RAISE(auto valid, zero_bits(call));
  const Reader<Text> documents(args[0]);
  const Lists lists(args[1]);
  const Column elements = lists.elements();
  const Reader<Text> steps(elements);
  const Validity known(elements);
  JsonReader reader;
  TextWriter text(call.memory);
  ARROW_RETURN_NOT_OK(text.reserve(call.rows, call.rows * 16));
  std::string held;
  for (int64_t row = 0; row < call.rows; ++row) {
    std::optional<Text> found;
    if (!given || arrow::bit_util::GetBit(given->data(), row)) {
      held = std::string(documents[row]);
      found = at_path(reader, {steps, known, lists.begin(row) - lists.first(), lists.end(row) - lists.first()}, held);
    }
    if (found && as_text) found = reader.text(held);
    if (found) {
      text.append(*found);
      arrow::bit_util::SetBit(valid->mutable_data(), row);
    }
    text.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes;
  ARROW_RETURN_NOT_OK(text.finish(offsets, bytes));
  set_result(call, {std::move(valid), std::move(offsets), std::move(bytes)}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

template <TypeId result>
Result<Type> part_at_path(std::span<const ExprPtr> args) {
  if (is_null_constant(*args[1]) || args[1]->type.element->id == TypeId::kText) return Type(result);
  return Status::user("sql_type", "a path is an array of texts, such as '{c,d}' or ARRAY['c', 'd'], and this is " + args[1]->type.name());
}

}  // namespace

std::vector<Function> json_functions() {
  using enum TypeId;
  std::vector<Function> all{
      {"->", {kJsonb, kText}, kJsonb, &take_part<Text, false>},
      {"->", {kJsonb, kInt}, kJsonb, &take_part<int32_t, false>},
      {"->>", {kJsonb, kText}, kText, &take_part<Text, true>},
      {"->>", {kJsonb, kInt}, kText, &take_part<int32_t, true>},
      {"#>", {kJsonb, kArray}, kJsonb, &take_path<false>, false, part_at_path<kJsonb>},
      {"#>>", {kJsonb, kArray}, kText, &take_path<true>, false, part_at_path<kText>},
  };
  for (Function& function : all) {
    function.style = Function::Style::kInfix;
    function.nullable = true;
  }
  return all;
}

std::vector<Function> json_casts() {
  using enum TypeId;
  return {
      conversion(kText, kJsonb, &strict<ReadJson, Text, Text>, true),
      conversion(kJsonb, kText, &strict<CopyJson, Text, Text>, false),
  };
}

}  // namespace laketide::expr
