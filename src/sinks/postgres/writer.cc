#include "sinks/postgres/writer.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

namespace laketide::postgres {
namespace {

class CopyWriter final : public Writer {
 public:
  CopyWriter(WriterPlace place, std::unique_ptr<RowEncoder> encoder, Context& context)
      : place_(std::move(place)), encoder_(std::move(encoder)), context_(context), term_(place_.queue->term()) {
    begin_chunk();
  }

  Result<Step> write(const Batch& batch, Rejects& rejects) override {
    if (!batch || batch->num_rows() == 0) return Step::kReady;
    LT_RETURN_IF_ERROR(place_.check(*batch));
    LT_ASSIGN_OR_RETURN(const bool admitted, place_.queue->admit(term_, epoch_, context_.wake));
    if (!admitted) {
      place_.work();  // the other lanes may have ended the epoch, with what they had left in the queue
      context_.blocked = BlockReason::kSinkQueueFull;
      return Step::kBlocked;
    }
    const size_t rows = chunk_.rows() + chunk_.refused.size();
    const size_t bytes = chunk_.bytes.size();
    LT_RETURN_IF_ERROR(encoder_->append(*batch, chunk_, rejects));
    rows_ += static_cast<int64_t>(chunk_.rows() + chunk_.refused.size() - rows);
    bytes_ += static_cast<int64_t>(chunk_.bytes.size() - bytes);
    if (chunk_.size() >= place_.chunk_bytes) LT_RETURN_IF_ERROR(hand_on());
    return Step::kReady;
  }

  Result<Step> end_epoch(EpochId epoch, std::unique_ptr<Staged>& staged, Rejects&) override {
    chunk_.epoch = epoch.value;
    place_.queue->name_open(epoch);
    // Nobody is told: who prepares the epoch takes what all lanes have left, by one COPY.
    LT_RETURN_IF_ERROR(push().status());
    staged = std::make_unique<StagedRows>(std::exchange(rows_, 0), std::exchange(bytes_, 0));
    epoch_ = after(epoch).value;
    begin_chunk();
    return Step::kDone;
  }

 private:
  // With the room that the largest before took, and an eighth more: growing it means copying it.
  void begin_chunk() {
    chunk_ = Chunk{};
    chunk_.bytes.reserve(room_bytes_);
    chunk_.ends.reserve(room_rows_);
    chunk_.places.reserve(room_rows_);
    chunk_.target = place_.target;
    chunk_.epoch = epoch_;
    chunk_.term = term_;
  }

  Status hand_on() {
    LT_ASSIGN_OR_RETURN(const bool work, push());
    begin_chunk();
    if (work) place_.work();
    return {};
  }

  // True if it can be copied now.
  Result<bool> push() {
    room_bytes_ = std::max(room_bytes_, chunk_.bytes.size() + chunk_.bytes.size() / 8);
    room_rows_ = std::max(room_rows_, chunk_.rows() + chunk_.rows() / 8);
    return chunk_.empty() ? Result<bool>(false) : place_.queue->push(std::exchange(chunk_, {}));
  }

  WriterPlace place_;
  std::unique_ptr<RowEncoder> encoder_;
  Context& context_;
  uint64_t term_;
  int64_t epoch_ = Chunk::kOpenEpoch;
  Chunk chunk_;
  size_t room_bytes_ = 0;
  size_t room_rows_ = 0;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<Writer> make_writer(WriterPlace place, std::unique_ptr<RowEncoder> encoder, Context& context) {
  return std::make_unique<CopyWriter>(std::move(place), std::move(encoder), context);
}

}  // namespace laketide::postgres
