// jsonb: -> and ->>, and the conversions from and to text.
#include <arrow/util/bit_util.h>

#include "expr/cast.h"
#include "expr/function.h"
#include "expr/json_text.h"
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

}  // namespace

std::vector<Function> json_functions() {
  using enum TypeId;
  std::vector<Function> all{
      {"->", {kJsonb, kText}, kJsonb, &take_part<Text, false>},
      {"->", {kJsonb, kInt}, kJsonb, &take_part<int32_t, false>},
      {"->>", {kJsonb, kText}, kText, &take_part<Text, true>},
      {"->>", {kJsonb, kInt}, kText, &take_part<int32_t, true>},
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
