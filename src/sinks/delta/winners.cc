#include "sinks/delta/winners.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include <arrow/buffer_builder.h>

#include "lake/arrow_status.h"

namespace laketide {
namespace {

constexpr const char* kDoing = "choose among the rows of an epoch";

bool outranks(const RowRank& left, const RowRank& right) {
  return std::tie(left.order, left.topic, left.partition, left.offset, left.lane, left.row) >
         std::tie(right.order, right.topic, right.partition, right.offset, right.lane, right.row);
}

}  // namespace

struct Winners::Tables {
  explicit Tables(arrow::MemoryPool* memory) : winners(memory), orders(memory) {}
  arrow::TypedBufferBuilder<uint8_t> winners;  // of struct Winner, by key number
  arrow::BufferBuilder orders;
  std::vector<std::string> topics;

  Winner* at(uint32_t key) { return reinterpret_cast<Winner*>(winners.mutable_data()) + key; }
  std::string_view order_of(const Winner& winner) const {
    return {reinterpret_cast<const char*>(orders.data()) + winner.order_at, static_cast<size_t>(winner.order_size)};
  }
};

Winners::Winners(arrow::MemoryPool* memory)
    : keys_(memory), tables_(std::make_unique<Tables>(memory ? memory : arrow::default_memory_pool())) {}
Winners::~Winners() = default;
Winners::Winners(Winners&&) noexcept = default;

RowRank Winners::rank_of(const Winner& winner) const {
  const std::string_view topic = winner.topic < 0 ? std::string_view() : tables_->topics[static_cast<size_t>(winner.topic)];
  return {tables_->order_of(winner), topic, winner.partition, winner.offset, winner.lane, winner.row};
}

Result<Winners::Winner> Winners::keep(const RowRank& rank, Kind kind, const Winner* replaced) {
  Winner winner{.kind = kind, .partition = rank.partition, .lane = rank.lane, .row = rank.row, .offset = rank.offset};
  auto& topics = tables_->topics;
  if (!rank.topic.empty()) {
    auto known = std::find(topics.begin(), topics.end(), rank.topic);
    if (known == topics.end()) known = topics.insert(topics.end(), std::string(rank.topic));
    winner.topic = static_cast<int32_t>(known - topics.begin());
  }
  winner.order_size = static_cast<int64_t>(rank.order.size());
  if (replaced != nullptr && replaced->order_size >= winner.order_size) {
    winner.order_at = replaced->order_at;
    std::memcpy(tables_->orders.mutable_data() + winner.order_at, rank.order.data(), rank.order.size());
  } else {
    winner.order_at = tables_->orders.length();
    LT_RETURN_IF_ERROR(lake::from_arrow(tables_->orders.Append(rank.order.data(), winner.order_size), kDoing));
  }
  return winner;
}

Status Winners::offer(std::string_view key, const RowRank& rank, Kind kind) {
  bool is_new = false;
  LT_ASSIGN_OR_RETURN(const uint32_t number, keys_.number(key, is_new));
  const Winner* best = is_new ? nullptr : tables_->at(number);
  if (best != nullptr && !outranks(rank, rank_of(*best))) return {};
  LT_ASSIGN_OR_RETURN(const Winner winner, keep(rank, kind, best));
  if (!is_new) {
    *tables_->at(number) = winner;
    return {};
  }
  return lake::from_arrow(tables_->winners.Append(reinterpret_cast<const uint8_t*>(&winner), sizeof winner), kDoing);
}

Status Winners::offer_all(const Winners& other) {
  for (uint32_t number = 0; number < other.keys_.size(); ++number) {
    const Winner& winner = other.winner(number);
    LT_RETURN_IF_ERROR(offer(other.keys_.key(number), other.rank_of(winner), winner.kind));
  }
  return {};
}

const Winners::Winner& Winners::winner(uint32_t key) const { return *tables_->at(key); }
std::string_view Winners::order(uint32_t key) const { return tables_->order_of(winner(key)); }

}  // namespace laketide
