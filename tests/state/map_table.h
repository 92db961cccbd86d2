// A table of state over std::map, as plain as can be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "state/saved_table.h"

namespace laketide::state {

/// Key (bigint) to a number and a text that may be null. Gives `portion` rows at a time. Confined to its task.
class MapTable : public SavedTable {
 public:
  using Kept = std::pair<int64_t, std::optional<std::string>>;
  using Map = std::map<int64_t, Kept>;
  explicit MapTable(int64_t portion = 3) : portion_(portion) {}

  void put(int64_t key, Kept kept) {
    map_[key] = std::move(kept);
    changed_.insert(key);
    removed_.erase(key);
  }
  void erase(int64_t key) {
    if (map_.erase(key) == 0) return;
    changed_.erase(key);
    removed_.insert(key);
  }
  const Map& map() const { return map_; }

  std::shared_ptr<arrow::Schema> schema() const override {
    return arrow::schema({arrow::field("k", arrow::int64(), false), arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())});
  }
  int key_columns() const override { return 1; }
  int64_t rows() const override { return static_cast<int64_t>(map_.size()); }
  int64_t bytes() const override { return rows() * 64; }

  Result<Rows> changed() override { return take(changed_, false); }
  Result<Rows> removed() override { return take(removed_, true); }
  Result<Rows> all() override {
    if (!all_) {
      all_.emplace();
      for (const auto& [key, kept] : map_) all_->insert(key);
      changed_.clear();
      removed_.clear();
    }
    auto rows = take(*all_, false);
    if (*rows == nullptr) all_.reset();
    return rows;
  }

  Status restore(const Rows& rows) override {
    const auto& key = static_cast<const arrow::Int64Array&>(*rows->column(0));
    const auto& number = static_cast<const arrow::Int64Array&>(*rows->column(1));
    const auto& text = static_cast<const arrow::StringArray&>(*rows->column(2));
    for (int64_t i = 0; i < rows->num_rows(); ++i) {
      map_[key.Value(i)] = {number.Value(i), text.IsNull(i) ? std::nullopt : std::optional(text.GetString(i))};
    }
    return {};
  }
  Status restore_removed(const Rows& keys) override {
    const auto& key = static_cast<const arrow::Int64Array&>(*keys->column(0));
    for (int64_t i = 0; i < keys->num_rows(); ++i) map_.erase(key.Value(i));
    return {};
  }

 private:
  Result<Rows> take(std::set<int64_t>& keys, bool only_keys) {
    if (keys.empty()) return Rows();
    arrow::Int64Builder key, number;
    arrow::StringBuilder text;
    while (!keys.empty() && key.length() < portion_) {
      const int64_t next = *keys.begin();
      keys.erase(keys.begin());
      (void)key.Append(next);
      if (only_keys) continue;
      const Kept& kept = map_.at(next);
      (void)number.Append(kept.first);
      (void)(kept.second ? text.Append(*kept.second) : text.AppendNull());
    }
    const int64_t rows = key.length();
    if (only_keys) return arrow::RecordBatch::Make(arrow::schema({schema()->field(0)}), rows, {*key.Finish()});
    return arrow::RecordBatch::Make(schema(), rows, {*key.Finish(), *number.Finish(), *text.Finish()});
  }

  int64_t portion_;
  Map map_;
  std::set<int64_t> changed_, removed_;
  std::optional<std::set<int64_t>> all_;
};

}  // namespace laketide::state
