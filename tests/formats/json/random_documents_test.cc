// Our decoder against another parser, over random documents and random damage.
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include <arrow/array/array_binary.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <nlohmann/json.hpp>

#include "formats/json/json_format.h"
#include "support/sample_records.h"

namespace laketide::json {
namespace {

using Json = nlohmann::ordered_json;

/// Makes documents from a seed. Confined to its task.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(engine_); }

  Json value(int depth) {
    switch (below(depth > 0 ? 9 : 7)) {
      case 0: return nullptr;
      case 1: return below(2) == 0;
      case 2: return static_cast<int64_t>(engine_());
      case 3: return static_cast<int64_t>(below(100)) - 50;
      case 4: return std::uniform_real_distribution<double>(-1e6, 1e6)(engine_);
      case 5: case 6: return text();
      case 7: {
        Json array = Json::array();
        for (size_t n = below(4); n > 0; --n) array.push_back(value(depth - 1));
        return array;
      }
      default: return object(depth - 1);
    }
  }
  Json object(int depth) {
    static constexpr const char* kNames[] = {"a", "b", "c", "d", "e", "a\"q", "ä", "tab\t", "", "long name with spaces"};
    Json object = Json::object();
    for (size_t n = below(7); n > 0; --n) object[kNames[below(std::size(kNames))]] = value(depth);
    return object;
  }
  std::string text() {
    static constexpr const char* kPieces[] = {"x", "\"", "\\", "\n", "\t", "é", "😀", "/", "{", "]", ",", ":", " ", "\x01", "zeichen", "\u2028"};
    std::string text;
    for (size_t n = below(8); n > 0; --n) text += kPieces[below(std::size(kPieces))];
    return text;
  }
  /// The same text with some bytes changed, dropped or doubled.
  std::string damaged(std::string text) {
    static constexpr char kBytes[] = "{}[],:\"\\ 0123456789.eE+-truefalsn\x80\xff\xc3\x01";
    for (size_t n = 1 + below(3); n > 0 && !text.empty(); --n) {
      const size_t at = below(text.size());
      switch (below(3)) {
        case 0: text[at] = kBytes[below(sizeof kBytes - 1)]; break;
        case 1: text.erase(at, 1); break;
        default: text.insert(at, 1, kBytes[below(sizeof kBytes - 1)]);
      }
    }
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

/// Everything of a document, as our decoder kept it: columns a and b as jsonb, the rest rescued. Confined to its task.
class Everything {
 public:
  Everything() {
    context_.memory = arrow::default_memory_pool();
    auto format = make_json_format({"a jsonb, \"a\"\"q\" jsonb", "row", "rescue"}).value();
    decoder_ = format->open(format->schema(), {}, context_).value();
  }
  /// Null if refused.
  Json decode(const std::string& text) {
    SampleRecords sample;
    sample.add(text);
    Batch batch;
    Rejects rejects;
    EXPECT_TRUE(decoder_->decode(sample.records(), batch, rejects).ok());
    if (!batch) return nullptr;
    const auto cell = [&](int column) -> Json {
      const auto& array = static_cast<const arrow::StringArray&>(*batch->column(column));
      return array.IsNull(0) ? Json(nullptr) : Json::parse(array.GetView(0));
    };
    Json all = cell(2).is_null() ? Json::object() : cell(2);
    all["a"] = cell(0);
    all["a\"q"] = cell(1);
    return all;
  }

 private:
  Context context_;
  std::unique_ptr<Decoder> decoder_;
};

/// What a document must come to: a missing name and null are the same for a column.
Json expected(Json parsed) {
  for (const char* name : {"a", "a\"q"}) {
    if (!parsed.contains(name)) parsed[name] = nullptr;
  }
  return parsed;
}

/// Discarded if it is no JSON; none if it is beyond the other parser, which has no numbers larger than a double's.
std::optional<Json> parse(const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::out_of_range&) {
    return std::nullopt;
  } catch (const Json::parse_error&) {
    return Json(Json::value_t::discarded);
  }
}

bool same(const Json& left, const Json& right) {
  // Order of members does not count.
  return nlohmann::json::parse(left.dump()) == nlohmann::json::parse(right.dump());
}

TEST(RandomDocuments, KeepEveryValue) {
  Random random(20260102);
  Everything everything;
  for (int i = 0; i < 20'000; ++i) {
    const Json document = random.object(4);
    const std::string text = document.dump(random.below(2) == 0 ? -1 : 2, ' ', random.below(2) == 0);
    const Json got = everything.decode(text);
    ASSERT_FALSE(got.is_null()) << text;
    ASSERT_TRUE(same(got, expected(document))) << text << "\n" << got;
  }
}

TEST(RandomDocuments, AreRefusedExactlyWhenTheyAreNoJson) {
  Random random(42);
  Everything everything;
  int refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    const std::string text = random.damaged(random.object(3).dump());
    const auto parsed_or_none = parse(text);
    if (!parsed_or_none) continue;
    const Json& parsed = *parsed_or_none;
    const bool is_object = !parsed.is_discarded() && parsed.is_object();
    const Json got = everything.decode(text);
    refused += is_object ? 0 : 1;
    ASSERT_EQ(got.is_null(), !is_object) << text;
    ASSERT_TRUE(!is_object || same(got, expected(parsed))) << text << "\n" << got;
  }
  EXPECT_GT(refused, 10'000);
  EXPECT_LT(refused, 59'000);
}

}  // namespace
}  // namespace laketide::json
