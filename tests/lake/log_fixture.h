// A table written by hand, action by action.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "lake/delta_log.h"
#include "lake/log_segment.h"
#include "storage/local_store.h"
#include "storage/unique_name.h"
#include "support/temp_dir.h"

namespace laketide::lake {

inline const std::string kIdSchema =
    R"({"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}}]})";

/// A table in a directory of its own. Caller synchronises.
class LogTest : public ::testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }

  std::string path() const { return dir_.path() + "/t"; }
  DeltaLog log() { return DeltaLog(store_, path(), system_clock()); }

  static Metadata metadata(TextMap configuration = {}) {
    Metadata metadata;
    metadata.id = storage::make_uuid();
    metadata.schema_string = kIdSchema;
    metadata.configuration = std::move(configuration);
    return metadata;
  }
  static AddFile add(const std::string& path) {
    AddFile add;
    add.path = path;
    add.size = 1;
    add.stats = R"({"numRecords":1})";
    return add;
  }
  static Transaction append(const std::string& app, int64_t value, std::vector<AddFile> adds = {}) {
    Transaction transaction;
    transaction.txn_id = storage::make_uuid();
    transaction.progress = {{app, value, 1}};
    transaction.adds = std::move(adds);
    transaction.new_protocol = Protocol();
    transaction.new_metadata = metadata();
    return transaction;
  }
  static DeltaLog::Check always() {
    return [](const TableState&) -> Result<DeltaLog::Verdict> { return DeltaLog::Verdict::kCommit; };
  }
  /// Commits as a foreign writer would: the lines, as they are.
  void foreign(int64_t version, const std::string& lines) {
    ASSERT_EQ(*store_->put_if_absent(commit_path(path(), version), lines), storage::Put::kWritten);
  }
  void create(Protocol protocol = {}, TextMap configuration = {}) {
    foreign(0, to_line(protocol) + "\n" + to_line(metadata(std::move(configuration))) + "\n");
  }

  TempDir dir_;
  std::shared_ptr<storage::Store> store_ = storage::make_local_store();
  const Wait wait_;
};

}  // namespace laketide::lake
