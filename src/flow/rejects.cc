#include "flow/rejects.h"

#include <set>
#include <tuple>

#include "flow/records.h"

namespace laketide {
namespace {

void copy_bytes(const Records& records, const RecordView& record, Reject& reject) {
  reject.timestamp_ms = record.timestamp_ms;
  reject.key = record.key ? std::optional<std::string>(record.key_view()) : std::nullopt;
  reject.value = record.value ? std::optional<std::string>(record.value_view()) : std::nullopt;
  reject.headers.clear();
  if (!records.headers) return;
  for (const HeaderView& header : records.headers(record)) {
    reject.headers.emplace_back(header.name, header.value_is_null ? std::nullopt : std::optional<std::string>(header.value));
  }
}

bool is_of(const Records& records, const RecordView& record, const Reject& reject) {
  return record.offset == reject.offset && record.partition == reject.partition && records.topics[record.topic] == reject.topic;
}

}  // namespace

const char* to_string(RejectStage stage) {
  switch (stage) {
    case RejectStage::kDecode: return "decode";
    case RejectStage::kEvaluate: return "evaluate";
    case RejectStage::kWrite: return "write";
  }
  return "decode";
}

void Rejects::add(const Records& records, const RecordView& record, RejectStage stage, std::string code,
                  std::string reason) {
  Reject reject;
  reject.source = records.source;
  reject.topic = records.topics[record.topic];
  reject.partition = record.partition;
  reject.offset = record.offset;
  copy_bytes(records, record, reject);
  reject.stage = stage;
  reject.code = std::move(code);
  reject.reason = std::move(reason);
  add(std::move(reject));
}

// Chains refuse rows in the order of their records, so looking on from the last one found is one walk for each chain.
void Rejects::complete(const Records& records, size_t from) {
  size_t at = 0;
  for (size_t i = from; i < list_.size(); ++i) {
    Reject& reject = list_[i];
    if (reject.stage == RejectStage::kDecode) continue;
    bytes_ -= bytes_of(reject);
    size_t looked = 0;
    for (; looked < records.rows.size() && !is_of(records, records.rows[at], reject); ++looked) at = (at + 1) % records.rows.size();
    if (looked < records.rows.size()) {
      copy_bytes(records, records.rows[at], reject);
    } else {
      reject.reason = std::exchange(reject.code, "bytes_gone") + ": " + reject.reason;
    }
    bytes_ += bytes_of(reject);
  }
}

size_t Rejects::bytes_of(const Reject& reject) {
  constexpr size_t kFixed = 256;
  size_t total = kFixed + reject.reason.size() + (reject.key ? reject.key->size() : 0) + (reject.value ? reject.value->size() : 0);
  for (const auto& [name, value] : reject.headers) total += name.size() + (value ? value->size() : 0);
  return total;
}

void Rejects::drop_repeats(size_t from) {
  std::set<std::tuple<std::string, int32_t, RecordOffset>> seen;
  size_t kept = from;
  for (size_t i = from; i < list_.size(); ++i) {
    if (!seen.emplace(list_[i].topic, list_[i].partition, list_[i].offset).second) {
      bytes_ -= bytes_of(list_[i]);
      continue;
    }
    if (kept != i) list_[kept] = std::move(list_[i]);
    ++kept;
  }
  list_.resize(kept);
}

}  // namespace laketide
