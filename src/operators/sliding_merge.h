// Hopping windows out of panes, without adding up every pane of every window.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/paged.h"
#include "operators/group_states.h"
#include "operators/window.h"

namespace laketide {

/// Groups by pane, and the pane and key of each group. The owner keeps it up to date. Confined to its task.
struct Panes {
  explicit Panes(arrow::MemoryPool* memory) : key_of(memory), start_of(memory) {}
  std::map<int64_t, std::vector<uint32_t>> groups;  // by start of the pane
  expr::Paged<uint32_t> key_of;                     // number of a group's key, by group
  expr::Paged<int64_t> start_of;                    // its pane
};

/// Moves a window over panes and merges, for each key, what is inside. As a queue made of two stacks: panes up to a border are held as
/// suffixes (from each window start up to the border), panes behind it as one sum; a window is a suffix and the sum. When the window
/// has passed the border, the panes inside it become the new suffixes. So each pane is merged twice in all, whatever size / slide is,
/// for the price of one more state a window start and key. Confined to its task.
class SlidingMerge {
 public:
  /// `only`: keys that are looked at, by number; empty: all. Everything outlives it.
  SlidingMerge(const Windows& windows, const Panes& panes, const GroupStates& pane_states, std::vector<bool> only, arrow::MemoryPool* memory);
  /// Before the first use.
  Status prepare(const std::vector<AggregateCall>& calls, int64_t keys);
  /// The keys that have rows in the window that begins at `start`; windows come in ascending order.
  Result<std::vector<uint32_t>> move_to(int64_t start);
  /// Results of these keys in the window it stands at.
  Result<Columns> finish(std::span<const uint32_t> keys);
  /// A pane that begins here was changed.
  void changed(int64_t pane);
  /// Key numbers below `keys` may occur.
  Status resize(int64_t keys);

 private:
  /// From the first pane at or behind a window start up to the border.
  struct Suffix {
    std::vector<uint32_t> keys;
    uint32_t first;  // number in `front_` of the first key's state
  };
  Status turn(int64_t start, int64_t end);
  Status add_to_back(const std::vector<uint32_t>& groups);
  Status keep_suffix(int64_t pane);
  void empty_back();

  const Windows& windows_;
  const Panes& panes_;
  const GroupStates& pane_states_;
  const std::vector<bool> only_;
  arrow::MemoryPool* const memory_;
  std::vector<GroupStates> states_;  // front, back, window
  std::map<int64_t, Suffix> suffixes_;  // by pane
  uint32_t front_count_ = 0;
  std::vector<uint32_t> back_keys_, place_;  // place_: 1 + the state in the current suffix, by key
  std::vector<bool> in_back_;
  std::vector<uint32_t> marked_;             // keys of which place_ is set
  int64_t border_ = std::numeric_limits<int64_t>::min();  // suffixes end here
  int64_t back_end_ = std::numeric_limits<int64_t>::min();
};

}  // namespace laketide
