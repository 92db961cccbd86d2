// A store of state for tests.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include "state/saved_table.h"

namespace laketide::test {

/// A store of state that holds what a real one would: a snapshot, and changes since. Confined to its task.
class SavedCopy {
 public:
  void save(state::SavedTable& table, bool whole) {
    Version version;
    if (whole) {
      versions_.clear();
      version.rows = drained([&] { return table.all(); });
    } else {
      version.rows = drained([&] { return table.changed(); });
      version.removed = drained([&] { return table.removed(); });
    }
    versions_.push_back(std::move(version));
  }
  void restore(state::SavedTable& table) const {
    for (const Version& version : versions_) {
      for (const auto& rows : version.rows) {
        EXPECT_TRUE(rows->schema()->Equals(*table.schema())) << rows->schema()->ToString();
        EXPECT_TRUE(rows->Validate().ok()) << rows->Validate();
        EXPECT_TRUE(table.restore(rows).ok());
      }
      for (const auto& keys : version.removed) EXPECT_TRUE(table.restore_removed(keys).ok());
    }
  }

 private:
  struct Version {
    std::vector<state::Rows> rows, removed;
  };
  template <typename Next>
  static std::vector<state::Rows> drained(const Next& next) {
    std::vector<state::Rows> all;
    while (true) {
      auto rows = next();
      EXPECT_TRUE(rows.ok()) << rows.status().to_string();
      if (!rows.ok() || !rows.value()) return all;
      all.push_back(rows.value());
    }
  }
  std::vector<Version> versions_;
};

}  // namespace laketide::test
