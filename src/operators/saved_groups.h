// What happened to numbered groups: in this epoch, and since they were last saved.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/paged.h"
#include "operators/key_index.h"
#include "state/saved_table.h"

namespace laketide {

/// The half of a saved table that all tables of groups share: who is there, new, touched, changed, gone. The other half knows what a
/// group is and makes its row. Numbers of forgotten groups are given again. Confined to its task.
class SavedGroups : public state::SavedTable {
 public:
  /// Groups touched in this epoch that are there; each once.
  std::vector<uint32_t> touched() const;
  std::vector<uint32_t> all_groups() const;
  bool is_new(uint32_t group) const { return (flags_[group] & kNew) != 0; }
  bool is_touched(uint32_t group) const { return (flags_[group] & kTouched) != 0; }
  /// Whether a row of it has left an earlier epoch.
  bool shown(uint32_t group) const { return (flags_[group] & kShown) != 0; }
  void set_shown(std::span<const uint32_t> groups);
  /// Nothing is new or touched any more.
  void end_epoch();

  std::shared_ptr<arrow::Schema> schema() const final { return schema_; }
  const Schema& key_schema() const { return key_schema_; }
  int key_columns() const final { return keys_; }
  Result<state::Rows> changed() final;
  Result<state::Rows> removed() final;
  Result<state::Rows> all() final;

 protected:
  static constexpr size_t kRowsAtOnce = 8192;
  enum Flag : uint8_t {
    kLive = 1,
    kNew = 2,      // in this epoch
    kTouched = 4,  // in this epoch
    kShown = 8,
    kDirty = 16,   // since it was last saved
    kSaved = 32,   // the store has a row of it
    kListed = 64,  // its number is in dirty_; stays when it is forgotten
  };

  SavedGroups(Schema schema, int keys, std::unique_ptr<KeyIndex> gone, arrow::MemoryPool* memory);
  virtual int64_t numbers() const = 0;
  virtual Result<state::Rows> rows_of(std::span<const uint32_t> groups) const = 0;
  /// Before rows are asked for.
  virtual Status settle() { return {}; }

  Status reserve_flags() { return flags_.reserve(numbers()); }
  bool has(uint32_t group, Flag flag) const { return (flags_[group] & flag) != 0; }
  void enter(uint32_t group) { flags_[group] = static_cast<uint8_t>((flags_[group] & kListed) | kLive | kNew); }
  void put_back(uint32_t group) { flags_[group] = static_cast<uint8_t>((flags_[group] & kListed) | kLive | kShown | kSaved); }
  void leave(uint32_t group) { flags_[group] &= kListed; }
  void unset(uint32_t group, int flags) { flags_[group] &= static_cast<uint8_t>(~flags); }
  void touch(uint32_t group);
  /// The store has rows of these keys, and they are no longer there.
  Status saved_keys_go(const Columns& keys, size_t rows);
  int64_t own_bytes() const;

  arrow::MemoryPool* const memory_;

 private:
  const Schema schema_, key_schema_;
  const int keys_;
  std::unique_ptr<KeyIndex> gone_;
  mutable expr::Paged<uint8_t> flags_;
  std::vector<uint32_t> touched_, dirty_, removing_;
  size_t changed_at_ = 0, removed_at_ = 0, all_at_ = 0;
};

/// The first so many fields.
Schema first_fields(const arrow::Schema& schema, int count);

}  // namespace laketide
