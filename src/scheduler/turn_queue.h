// Who waits for a turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace laketide {

/// Where something stands in the one TurnQueue that it may wait in. Caller synchronises.
struct Turn {
  static constexpr size_t kNowhere = std::numeric_limits<size_t>::max();
  double key = 0;
  uint64_t came = 0;  // who came first goes first among equal keys
  size_t place = kNowhere;
  bool waits() const { return place != kNowhere; }
};

/// Those that wait, least key first; a heap that knows where each stands, so that any can be moved or leave. `T` has a member
/// `turn`, whose `key` its owner sets before `push` and before `moved`. It owns nothing. Caller synchronises.
template <typename T>
class TurnQueue {
 public:
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  T* first() const { return heap_.front(); }
  auto begin() const { return heap_.begin(); }
  auto end() const { return heap_.end(); }

  void push(T* one) {
    one->turn.came = ++came_;
    one->turn.place = heap_.size();
    heap_.push_back(one);
    rise(one->turn.place);
  }

  void remove(T* one) {
    const size_t place = std::exchange(one->turn.place, Turn::kNowhere);
    T* last = heap_.back();
    heap_.pop_back();
    if (last == one) return;
    put(last, place);
    moved(last);
  }

  /// After its key has changed.
  void moved(T* one) { sink(rise(one->turn.place)); }

 private:
  static bool before(const T* a, const T* b) {
    return a->turn.key < b->turn.key || (a->turn.key == b->turn.key && a->turn.came < b->turn.came);
  }

  void put(T* one, size_t place) {
    heap_[place] = one;
    one->turn.place = place;
  }

  size_t rise(size_t place) {
    T* one = heap_[place];
    for (; place > 0 && before(one, heap_[(place - 1) / 2]); place = (place - 1) / 2) put(heap_[(place - 1) / 2], place);
    put(one, place);
    return place;
  }

  void sink(size_t place) {
    T* one = heap_[place];
    while (2 * place + 1 < heap_.size()) {
      size_t child = 2 * place + 1;
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], one)) break;
      put(heap_[child], place);
      place = child;
    }
    put(one, place);
  }

  std::vector<T*> heap_;
  uint64_t came_ = 0;
};

}  // namespace laketide
