// Records that could not be decoded, evaluated or written, on their way to quarantine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace laketide {

enum class RejectStage { kDecode, kEvaluate, kWrite };
const char* to_string(RejectStage stage);

/// One refused record with its bytes, place and reason: a row of the quarantine (PRODUCT §8). Immutable.
struct Reject {
  std::string source;
  std::string topic;
  int32_t partition = 0;
  RecordOffset offset;
  int64_t timestamp_ms = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  RejectStage stage = RejectStage::kDecode;
  std::string code;    // stable, snake_case: bad_json, wrong_type, missing_field, …
  std::string reason;  // for a person; values last
};

struct Records;
struct RecordView;

/// Rejects of one lane since they were last taken. Copies what it is given. Confined to its task.
class Rejects {
 public:
  void add(Reject reject) {
    bytes_ += bytes_of(reject);
    list_.push_back(std::move(reject));
  }
  /// Copies the record with key, value and headers.
  void add(const Records& records, const RecordView& record, RejectStage stage, std::string code, std::string reason);
  /// From the entry `from` on: gives those that were refused behind the decoder what only the record has: key, value, headers and time. A
  /// record that is not in `records` leaves them null, with code `bytes_gone` and the refusal's own code in the reason.
  void complete(const Records& records, size_t from);
  /// Drops what refuses the same record again, from the entry `from` on: each sink's chain evaluates the query for itself.
  void drop_repeats(size_t from);
  size_t size() const { return list_.size(); }
  size_t bytes() const { return bytes_; }
  std::vector<Reject> take() {
    bytes_ = 0;
    return std::exchange(list_, {});
  }

 private:
  static size_t bytes_of(const Reject& reject);

  std::vector<Reject> list_;
  size_t bytes_ = 0;
};

}  // namespace laketide
