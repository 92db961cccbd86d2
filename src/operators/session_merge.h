// Sessions of each key, merged as rows come.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/paged.h"
#include "operators/key_index.h"

namespace laketide {

/// Intervals [start, end) by key that neither overlap nor touch: one that is added and does becomes part of what it meets (Spark's rule:
/// the next start is at or before the end). Each session has a number; when sessions meet, the earliest one's stays. The sessions of a
/// key are a list in the order of time, walked from where the key's last row went, which is where the next one mostly goes. Confined to
/// its task.
class SessionMerge {
 public:
  struct Session {
    int64_t start, end;
    uint32_t key;            // its key's number
    uint32_t before, after;  // 1 + the session's number; 0: none
  };
  /// A session that begins earlier than before (`into` is itself), or that is part of another now. Times are those it had.
  struct Move {
    uint32_t session, into;
    int64_t start, end;
  };

  static Result<std::unique_ptr<SessionMerge>> make(const arrow::Schema& keys, arrow::MemoryPool* memory);

  /// Adds an interval for each row; `sessions`: the session that the row belongs to when all rows have been added.
  Status add(std::span<const std::shared_ptr<arrow::Array>> keys, std::span<const int64_t> starts, std::span<const int64_t> ends,
             std::vector<uint32_t>& sessions);
  /// Of the last `add`, in order of time: sessions that were made (a later move may have ended them), and moves.
  std::span<const uint32_t> added() const { return added_; }
  std::span<const Move> moves() const { return moves_; }
  /// Where a session that a move ended is now. Until the next `add`, which may give its number again.
  uint32_t root(uint32_t session) const;
  void erase(std::span<const uint32_t> sessions);
  void clear();

  const Session& operator[](uint32_t session) const { return sessions_[session]; }
  Result<Columns> keys(std::span<const uint32_t> sessions, arrow::MemoryPool* memory) const;
  Result<Columns> keys_by_number(std::span<const uint32_t> keys, arrow::MemoryPool* memory) const { return keys_->keys(keys, memory); }
  /// By start, then key.
  void sort(std::span<uint32_t> sessions) const;
  int64_t size() const { return size_; }
  int64_t numbers() const { return numbers_; }
  int64_t bytes() const;

 private:
  SessionMerge(std::unique_ptr<KeyIndex> keys, arrow::MemoryPool* memory) : keys_(std::move(keys)), near_(memory), sessions_(memory), into_(memory) {}
  /// The first session of the key that ends at or behind `start`; `before`: the one in front of that. 1 + number, 0: none.
  uint32_t first_ending(uint32_t key, int64_t start, uint32_t& before) const;
  Result<uint32_t> place(uint32_t key, int64_t start, int64_t end);
  Result<uint32_t> made(uint32_t key, uint32_t before, uint32_t after, int64_t start, int64_t end);
  void unlink(uint32_t session);

  std::unique_ptr<KeyIndex> keys_;
  expr::Paged<uint32_t> near_;  // of each key: 1 + the session that its last row went to
  expr::Paged<Session> sessions_;
  expr::Paged<uint32_t> into_;  // 1 + the session it is part of; 0: it is its own
  std::vector<uint32_t> free_, added_, key_numbers_;
  std::vector<Move> moves_;
  int64_t size_ = 0, numbers_ = 0;
};

}  // namespace laketide
