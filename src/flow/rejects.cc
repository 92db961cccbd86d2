#include "flow/rejects.h"

#include "flow/records.h"

namespace laketide {

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
  reject.timestamp_ms = record.timestamp_ms;
  if (record.key) reject.key.emplace(record.key_view());
  if (record.value) reject.value.emplace(record.value_view());
  if (records.headers) {
    for (const HeaderView& header : records.headers(record)) {
      reject.headers.emplace_back(
          header.name, header.value_is_null ? std::nullopt : std::optional<std::string>(header.value));
    }
  }
  reject.stage = stage;
  reject.code = std::move(code);
  reject.reason = std::move(reason);
  add(std::move(reject));
}

}  // namespace laketide
