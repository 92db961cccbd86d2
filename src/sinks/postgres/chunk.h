// Encoded rows on their way from a writer to the connection.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace laketide::postgres {

/// Where a row came from; topic -1 is the sink's default, partition or offset -1 not known. Immutable.
struct Place {
  int64_t offset = -1;
  int32_t partition = -1;
  int32_t topic = -1;  // index into the chunk's topics
};

/// A row that does not go into the table, and why, in the quarantine's words. Immutable.
struct RefusedRow {
  Place place;
  std::string topic;  // empty: the sink's default
  std::string code;
  std::string reason;
};

/// Bytes that a larger size does not fill: who asks for it writes them.
template <typename T>
struct Unfilled : std::allocator<T> {
  template <typename Other>
  struct rebind {
    using other = Unfilled<Other>;
  };
  template <typename Other>
  void construct(Other* at) noexcept {
    ::new (static_cast<void*>(at)) Other;
  }
  template <typename Other, typename... From>
  void construct(Other* at, From&&... from) {
    ::new (static_cast<void*>(at)) Other(std::forward<From>(from)...);
  }
};
using RowBytes = std::vector<char, Unfilled<char>>;

/// Rows in the form that COPY takes, without its header and trailer. Confined to its task until it is in the queue, then
/// to the connection. Caller synchronises.
struct Chunk {
  /// An epoch that has not told its number yet: the one that is open.
  static constexpr int64_t kOpenEpoch = std::numeric_limits<int64_t>::min();

  size_t target = 0;
  int64_t epoch = kOpenEpoch;
  uint64_t term = 0;  // of the writer; an abandon starts a new one
  RowBytes bytes;
  std::vector<size_t> ends;  // of each row in `bytes`
  std::vector<Place> places;
  std::vector<std::string> topics;
  std::vector<RefusedRow> refused;
  int64_t null_keys = 0;  // rows with NULL in the key
  int64_t deletes = 0;    // rows that only name the key of one that goes

  size_t rows() const { return ends.size(); }
  bool empty() const { return ends.empty() && refused.empty(); }
  /// What it counts for in the queue's budget.
  size_t size() const {
    size_t total = bytes.size() + ends.size() * (sizeof(size_t) + sizeof(Place));
    for (const auto& row : refused) total += sizeof row + row.reason.size();
    return total;
  }
  /// Bytes of rows [from, to).
  std::string_view slice(size_t from, size_t to) const {
    const size_t start = from == 0 ? 0 : ends[from - 1];
    const size_t end = to == 0 ? 0 : ends[to - 1];
    return {bytes.data() + start, end - start};
  }
};

}  // namespace laketide::postgres
