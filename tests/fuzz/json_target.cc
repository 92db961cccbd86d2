// A JSON record: rows or a refusal, as another parser says, whatever was read before it.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <nlohmann/json.hpp>

#include "formats/json/json_format.h"
#include "fuzz/target.h"
#include "support/sample_records.h"

namespace laketide::fuzz {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 100;  // ours refuses from 128 on, the other parser never
constexpr const char* kUsual = R"({"a":1,"i":2,"d":3.5,"t":"text","b":true,"x":"unknown"})";

/// One kind of decoder with what it needs. Confined to its task.
class Decoding {
 public:
  explicit Decoding(json::JsonFormatOptions options) {
    context_.memory = arrow::default_memory_pool();
    const auto format = json::make_json_format(std::move(options));
    must(format.ok(), "no format", format.status().to_string());
    decoder_ = (*format)->open((*format)->schema(), {}, context_).value();
  }
  /// The rows of one record or, with `usual`, of it twice behind one as most are; null: all were refused.
  Batch decode(std::string_view text, bool usual) {
    SampleRecords sample;
    if (usual) sample.add(kUsual);
    for (int i = usual ? 2 : 1; i > 0; --i) sample.add(std::string(text));
    Batch batch;
    Rejects rejects;
    const Status status = decoder_->decode(sample.records(), batch, rejects);
    must(status.ok(), "the decoder failed", status.to_string());
    const int64_t rows = batch ? batch->num_rows() : 0;
    must(rows + static_cast<int64_t>(rejects.size()) == (usual ? 3 : 1), "neither a row nor a reject, or both", text);
    must(!batch || batch->ValidateFull().ok(), "the columns are not whole", text);
    return batch;
  }

 private:
  Context context_;
  std::unique_ptr<Decoder> decoder_;
};

/// Brackets that are open at once, at most; those in strings count too.
int depth(std::string_view text) {
  int open = 0, most = 0;
  for (const char c : text) {
    open += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    most = std::max(most, open);
  }
  return most;
}

enum class Judged { kJson, kNoJson, kNotForUs };

/// Passes over what the other parser sees otherwise by its own rules: a byte order mark, a zero byte as the end, numbers beyond a double.
Judged judge(std::string_view text, Json& parsed) {
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos || depth(text) > kDepthMax) return Judged::kNotForUs;
  if (text.find("\\u0000") != std::string_view::npos) return Judged::kNotForUs;  // jsonb and text cannot hold it
  try {
    parsed = Json::parse(text);
    return Judged::kJson;
  } catch (const Json::out_of_range&) {
    return Judged::kNotForUs;
  } catch (const Json::parse_error&) {
    return Judged::kNoJson;
  }
}

Json cell(const Batch& batch, const char* name) {
  const auto array = std::static_pointer_cast<arrow::StringArray>(batch->GetColumnByName(name));
  return array->IsNull(0) ? Json() : Json::parse(array->GetView(0));
}

/// Everything of a document, as our decoder kept it: one column as jsonb, the rest rescued.
void check_values(std::string_view text, const Json& parsed, Judged judged) {
  static Decoding everything({"a jsonb", "row", "rescue"});
  const Batch batch = everything.decode(text, false);
  if (judged == Judged::kNotForUs) return;
  const bool is_object = judged == Judged::kJson && parsed.is_object();
  must((batch != nullptr) == is_object, is_object ? "an object was refused" : "what is no object was taken", text);
  if (!batch) return;
  Json kept = cell(batch, "_rescued");
  if (kept.is_null()) kept = Json::object();
  kept["a"] = cell(batch, "a");
  Json whole = parsed;
  if (!whole.contains("a")) whole["a"] = nullptr;
  must(kept == whole, "another document", std::string(text) + "\n" + kept.dump());
}

/// Of a column that is named twice the last value counts, and each must fit: the other parser has forgotten the first.
bool names_a_column_twice(std::string_view text) {
  std::map<std::string, int> named;
  const Json whole = Json::parse(text, [&](int level, Json::parse_event_t event, Json& name) {
    if (event == Json::parse_event_t::key && level == 1) ++named[name.get<std::string>()];
    return true;
  });
  return whole.size() < named.size() || std::any_of(named.begin(), named.end(), [](const auto& one) { return one.second > 1; });
}

bool fits(const Json& value, const char* name) {
  if (value.is_null()) return true;
  switch (*name) {
    case 'i': return value.is_number_unsigned() ? value.get<uint64_t>() <= INT64_MAX : value.is_number_integer();
    case 'd': return value.is_number();
    case 't': return value.is_string();
    default: return value.is_boolean();
  }
}

template <typename Array, typename Value>
void check_cell(const Batch& batch, const char* name, const Json& value, int64_t row, std::string_view text) {
  const auto& array = static_cast<const Array&>(*batch->GetColumnByName(name));
  must(array.IsNull(row) == value.is_null(), "null on one side", text);
  if (value.is_null()) return;
  must(Value(array.GetView(row)) == value.get<Value>(), name, text);
}

/// The same record alone and behind another one, which the decoder takes a quicker way for.
void check_types(std::string_view text, const Json& parsed, Judged judged) {
  static Decoding typed({"i bigint, d double, t text, b boolean", "row", "ignore"});
  const Batch alone = typed.decode(text, false);
  const Batch behind = typed.decode(text, true);
  must((alone ? 2 : 0) + 1 == (behind ? behind->num_rows() : 0), "what was before it decides", text);
  if (judged == Judged::kNotForUs) return;
  bool good = judged == Judged::kJson && parsed.is_object();
  if (good && names_a_column_twice(text)) return;
  const auto value = [&](const char* name) { return good && parsed.contains(name) ? parsed[name] : Json(); };
  for (const char* name : {"i", "d", "t", "b"}) good = good && fits(value(name), name);
  must((alone != nullptr) == good, good ? "a row was refused" : "a wrong type was taken", text);
  if (!alone) return;
  for (const auto& [batch, row] : {std::pair(alone, int64_t{0}), {behind, 1}, {behind, 2}}) {
    check_cell<arrow::Int64Array, int64_t>(batch, "i", value("i"), row, text);
    check_cell<arrow::DoubleArray, double>(batch, "d", value("d"), row, text);
    check_cell<arrow::StringArray, std::string>(batch, "t", value("t"), row, text);
    check_cell<arrow::BooleanArray, bool>(batch, "b", value("b"), row, text);
  }
}

}  // namespace

void read_bytes(std::string_view bytes) {
  Json parsed;
  const Judged judged = judge(bytes, parsed);
  check_values(bytes, parsed, judged);
  check_types(bytes, parsed, judged);
}

}  // namespace laketide::fuzz
