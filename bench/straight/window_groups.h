// Count and average of 10 seconds of event time by source.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "row_reader.h"
#include "settings.h"

namespace straight {

struct Group {
  int64_t count = 0;
  double sum = 0;
};

/// What the lanes have together, and the file it goes to: window's start in microseconds, source, count, average. Thread-safe.
class WindowResult {
 public:
  explicit WindowResult(const Settings& settings) : path_(settings.dir + "/groups.csv") {}
  void add(int64_t window, const std::string& source, const Group& group) {
    std::lock_guard lock(mutex_);
    Group& all = groups_[{window, source}];
    all.count += group.count;
    all.sum += group.sum;
  }
  void write() {
    std::lock_guard lock(mutex_);
    std::FILE* file = std::fopen(path_.c_str(), "w");
    if (file == nullptr) fail("cannot write " + path_);
    for (const auto& [key, group] : groups_) {
      std::fprintf(file, "%lld,%s,%lld,%.17g\n", static_cast<long long>(key.first), key.second.c_str(), static_cast<long long>(group.count),
                   group.sum / static_cast<double>(group.count));
    }
    if (std::fclose(file) != 0) fail("cannot write " + path_);
  }

 private:
  std::mutex mutex_;
  const std::string path_;
  std::map<std::pair<int64_t, std::string>, Group> groups_;
};

/// One lane's groups: each source is numbered once, and a window is a row of groups by that number. Confined to its task.
class WindowGroups {
 public:
  explicit WindowGroups(WindowResult& result) : result_(result) {}

  void add(const Row& row) {
    const size_t source = number_of(row.source);
    if (row.ts_micros < begins_ || row.ts_micros >= begins_ + kWidth) turn_to(row.ts_micros);
    if (source >= window_->size()) window_->resize(sources_.size());
    Group& group = (*window_)[source];
    ++group.count;
    group.sum += row.value;
  }
  void finish() {
    for (const auto& [begins, groups] : windows_) {
      for (size_t source = 0; source < groups.size(); ++source) {
        if (groups[source].count > 0) result_.add(begins, sources_[source], groups[source]);
      }
    }
  }

 private:
  static constexpr int64_t kWidth = 10'000'000;

  size_t number_of(std::string_view source) {
    for (size_t at = hash_of(source) & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == 0) return number_new(source, at);
      if (sources_[slots_[at] - 1] == source) return slots_[at] - 1;
    }
  }
  size_t number_new(std::string_view source, size_t at) {
    sources_.emplace_back(source);
    slots_[at] = static_cast<uint32_t>(sources_.size());
    if (2 * sources_.size() > slots_.size()) {
      slots_.assign(4 * slots_.size(), 0);
      for (size_t i = 0; i < sources_.size(); ++i) {
        size_t slot = hash_of(sources_[i]) & (slots_.size() - 1);
        while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = static_cast<uint32_t>(i + 1);
      }
    }
    return sources_.size() - 1;
  }
  static uint64_t hash_of(std::string_view text) {
    uint64_t hash = text.size();
    const char* at = text.data();
    size_t left = text.size();
    for (; left >= 8; at += 8, left -= 8) hash = mix(hash, at, 8);
    return left == 0 ? hash : mix(hash, at, left);
  }
  static uint64_t mix(uint64_t hash, const char* at, size_t size) {
    uint64_t word = 0;
    std::memcpy(&word, at, size);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ (hash >> 32);
  }
  void turn_to(int64_t micros) {
    begins_ = micros - micros % kWidth;
    window_ = &windows_[begins_];
  }

  WindowResult& result_;
  std::vector<std::string> sources_;
  std::vector<uint32_t> slots_ = std::vector<uint32_t>(1024);  // a source's number + 1; 0: free
  std::unordered_map<int64_t, std::vector<Group>> windows_;   // nodes stay where they are
  std::vector<Group>* window_ = nullptr;
  int64_t begins_ = INT64_MIN;
};

}  // namespace straight
