#include "sinks/postgres/chunk_queue.h"

#include <utility>

namespace laketide::postgres {
namespace {

void wake_all(const std::vector<std::function<void()>>& waiting) {
  for (const auto& wake : waiting) wake();
}

Status abandoned() { return Status::cancelled("this writer's epoch was abandoned; open a new writer"); }

}  // namespace

uint64_t ChunkQueue::term() const {
  const MutexLock lock(mutex_);
  return term_;
}

Result<bool> ChunkQueue::admit(uint64_t term, int64_t epoch, std::function<void()> wake) {
  const MutexLock lock(mutex_);
  if (term != term_) return abandoned();
  if (!failure_.ok()) return failure_;
  const size_t used = is_open(epoch) ? open_bytes_ + taken_bytes_ : later_bytes_;
  if (used < bytes_max_ / 2) return true;
  waiting_.push_back(std::move(wake));
  return false;
}

Result<bool> ChunkQueue::push(Chunk chunk) {
  const MutexLock lock(mutex_);
  if (chunk.term != term_) return abandoned();
  if (!failure_.ok()) return failure_;
  const bool open = is_open(chunk.epoch);
  (open ? open_bytes_ : later_bytes_) += chunk.size();
  chunks_.push_back(std::move(chunk));
  return open && !held_;
}

void ChunkQueue::name_open(EpochId epoch) {
  const MutexLock lock(mutex_);
  if (!open_) open_ = epoch;
}

void ChunkQueue::open_through(EpochId epoch) {
  const MutexLock lock(mutex_);
  if (!open_ || *open_ < epoch) open_ = epoch;
  recount();
}

std::vector<Chunk> ChunkQueue::take(size_t bytes) {
  const MutexLock lock(mutex_);
  std::vector<Chunk> taken;
  if (held_ || !failure_.ok()) return taken;
  size_t total = 0;
  for (auto at = chunks_.begin(); at != chunks_.end() && (taken.empty() || total < bytes);) {
    if (!is_open(at->epoch) || (!taken.empty() && at->target != taken.front().target)) {
      ++at;
      continue;
    }
    total += at->size();
    taken.push_back(std::move(*at));
    at = chunks_.erase(at);
  }
  open_bytes_ -= total;
  taken_bytes_ += total;
  return taken;
}

void ChunkQueue::release(const std::vector<Chunk>& chunks) {
  std::vector<std::function<void()>> waiting;
  {
    const MutexLock lock(mutex_);
    for (const auto& chunk : chunks) taken_bytes_ -= chunk.size();
    waiting = take_waiting();
  }
  wake_all(waiting);
}

void ChunkQueue::hold() {
  const MutexLock lock(mutex_);
  held_ = true;
}

void ChunkQueue::advance(EpochId next) {
  std::vector<std::function<void()>> waiting;
  {
    const MutexLock lock(mutex_);
    held_ = false;
    open_ = next;
    recount();
    waiting = take_waiting();
  }
  wake_all(waiting);
}

void ChunkQueue::drop(std::optional<EpochId> epoch) {
  std::vector<std::function<void()>> waiting;
  {
    const MutexLock lock(mutex_);
    ++term_;
    std::erase_if(chunks_, [&](const Chunk& chunk) {
      return !epoch || chunk.epoch == Chunk::kOpenEpoch || chunk.epoch >= epoch->value;
    });
    recount();
    waiting = take_waiting();
  }
  wake_all(waiting);
}

void ChunkQueue::reopen() {
  const MutexLock lock(mutex_);
  open_.reset();
  held_ = false;
  failure_ = {};
  recount();
}

void ChunkQueue::fail(Status failure) {
  std::vector<std::function<void()>> waiting;
  {
    const MutexLock lock(mutex_);
    if (failure_.ok()) failure_ = std::move(failure);
    waiting = take_waiting();
  }
  wake_all(waiting);
}

void ChunkQueue::forgive() {
  const MutexLock lock(mutex_);
  failure_ = {};
}

Status ChunkQueue::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

bool ChunkQueue::has_work() const {
  const MutexLock lock(mutex_);
  if (held_ || !failure_.ok()) return false;
  for (const Chunk& chunk : chunks_) {
    if (is_open(chunk.epoch)) return true;
  }
  return false;
}

void ChunkQueue::recount() {
  open_bytes_ = later_bytes_ = 0;
  for (const auto& chunk : chunks_) (is_open(chunk.epoch) ? open_bytes_ : later_bytes_) += chunk.size();
}

std::vector<std::function<void()>> ChunkQueue::take_waiting() { return std::exchange(waiting_, {}); }

}  // namespace laketide::postgres
