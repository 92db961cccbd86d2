#include "execution/receipt.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace laketide {

using nlohmann::json;

EpochReceipt receipt_of(const EpochPlan& plan) {
  EpochReceipt receipt;
  receipt.epoch = plan.epoch.value;
  receipt.opened_at = to_iso(plan.opened_at);
  for (const auto& [place, range] : plan.ranges) {
    receipt.ranges.push_back({place.source, place.topic, place.partition, range.start.value, range.end->value});
  }
  if (plan.counts) {
    receipt.rows_in = plan.counts->rows_in;
    receipt.rows_out = plan.counts->rows_out;
    receipt.quarantined = plan.counts->rejected;
    // A query may make many rows of one record, or of none.
    receipt.filtered = std::max<int64_t>(0, receipt.rows_in - receipt.rows_out - receipt.quarantined);
  }
  return receipt;
}

std::string to_json(const EpochReceipt& receipt) {
  json ranges = json::array();
  for (const auto& r : receipt.ranges) ranges.push_back({r.source, r.topic, r.partition, r.start, r.end});
  json sinks = json::array();
  for (const auto& s : receipt.sinks) sinks.push_back({s.sink, s.commit, s.rows, s.quarantined});
  return json{{"epoch", receipt.epoch},       {"opened_at", receipt.opened_at}, {"committed_at", receipt.committed_at},
              {"ranges", ranges},             {"sinks", sinks},                 {"rows_in", receipt.rows_in},
              {"rows_out", receipt.rows_out}, {"filtered", receipt.filtered},   {"quarantined", receipt.quarantined}}
      .dump();
}

Result<EpochReceipt> receipt_from_json(std::string_view text) {
  try {
    const json in = json::parse(text);
    EpochReceipt out;
    out.epoch = in.at("epoch");
    out.opened_at = in.at("opened_at");
    out.committed_at = in.at("committed_at");
    for (const auto& r : in.at("ranges")) out.ranges.push_back({r.at(0), r.at(1), r.at(2), r.at(3), r.at(4)});
    for (const auto& s : in.at("sinks")) out.sinks.push_back({s.at(0), s.at(1), s.at(2), s.at(3)});
    out.rows_in = in.at("rows_in");
    out.rows_out = in.at("rows_out");
    out.filtered = in.at("filtered");
    out.quarantined = in.at("quarantined");
    return out;
  } catch (const std::exception& e) {
    return Status::user("receipt_corrupt", std::string("a receipt in the ledger cannot be read: ") + e.what());
  }
}

Status add_earlier_commit(Sink& sink, const EpochPlan& plan, const Wait& wait, EpochReceipt& receipt) {
  auto commit = sink.commit(plan, wait);
  if (!commit.ok()) return commit.status().in(sink.id());
  if (!commit->id.empty()) receipt.sinks.push_back({sink.id(), commit->id, commit->rows, commit->quarantined});
  return {};
}

}  // namespace laketide
