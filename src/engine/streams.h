// The pipelines that there are and the streams that work by them: what the user wants of each, kept going.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalog.h"
#include "engine/engine_host.h"
#include "engine/job_offsets.h"
#include "engine/stream_status.h"
#include "execution/run.h"
#include "laketide/engine.h"

namespace laketide {

/// Catalogue and streams of the engine. Every wish is durable before it is answered:
///
///   start ──► running ◄── resume ── paused ◄── pause        stop: from both; reset, delete: at rest only
///                │ another document (PUT, a file read again): the run drains, the next one goes on under it
///                ▼
///   STOPPED, FINISHED, FAILED, FENCED: at rest until an explicit start
///
/// Runs report to it when they end. Thread-safe.
class Streams {
 public:
  explicit Streams(EngineHost host) : host_(std::move(host)) {}

  /// Puts the pipelines of the files and the streams back as the user wanted them; without `start` none runs.
  Status restore(std::vector<config::PipelineSpec> files, bool start);
  /// The files were read again.
  void reread(std::vector<config::PipelineSpec> files, ReloadReport& report);

  // As laketide::Engine has them.
  Result<StreamStatus> start(const StreamRequest& request);
  Result<std::vector<StreamStatus>> stop(const std::string& pipeline, const std::string& topic, bool now, std::chrono::milliseconds wait);
  Result<StreamStatus> pause(const std::string& pipeline);
  Result<StreamStatus> resume(const std::string& pipeline);
  Result<ResetReport> reset(const std::string& pipeline, const std::string& start);
  std::vector<StreamStatus> list() const;
  Result<StreamStatus> find(const std::string& pipeline) const;
  Result<std::vector<EpochReceipt>> epochs(const std::string& pipeline, int64_t before, int count_max) const;
  Result<std::string> progress(const std::string& pipeline) const;
  std::vector<PipelineInfo> pipelines() const;
  Result<PipelineInfo> pipeline(const std::string& name) const;
  Result<PipelineChange> plan(const std::string& name, const std::string& document) const;
  Result<PipelineChange> put(const std::string& name, const std::string& document);
  Status remove(const std::string& name);

  /// Which pipeline a job is of.
  Result<CatalogEntry> resolve_job(const JobRequest& request) const;
  /// Refuses ranges of a job that a stream has written into the same table. Early: what can be said before the job starts, when
  /// only it knows where the broker's log begins and ends.
  Status refuse_repeats(const config::PipelineSpec& pipeline, const Ranges& ranges) const;
  Status refuse_repeats_early(const config::PipelineSpec& pipeline, const JobOffsets& offsets) const;

  /// No stream starts any more, nor is one started again; those that run end, `now` or when they have drained.
  void end_all(bool now);
  bool at_rest() const;

 private:
  /// A document on its way into the catalogue. Caller synchronises.
  struct Proposal {
    CatalogEntry entry;
    PipelineChange change;
  };

  Result<Proposal> propose(const std::string& name, const std::string& document) const;
  Result<std::optional<EpochPlan>> newest_plan(const std::string& name) const;
  Result<PipelineChange> compare(const CatalogEntry& entry) const;
  PipelineChange::Effect effect_on(const CatalogEntry& entry) const;
  Status check_query(const config::PipelineSpec& pipeline, std::string* query_plan) const;
  Result<CatalogEntry> resolve(const StreamRequest& request) const;
  Result<StreamStatus> join(StreamEntry& stream, const CatalogEntry& entry);
  Result<StreamStatus> launch(const CatalogEntry& entry);
  void launch_logged(const CatalogEntry& entry);
  Status replace(StreamEntry& stream, const CatalogEntry& entry);
  // stream_files.cc
  void restore_one(const Intent& intent);
  void restore_from_file(const Intent& intent, const CatalogEntry& file);
  void take_file(const config::PipelineSpec& spec, ReloadReport& report);
  void keep_file(const CatalogEntry& entry);
  void leave_file(const std::string& name, ReloadReport& report);

  Status save(const StreamEntry& stream);
  void on_ended(const std::string& name, const std::string& run_id, const RunView& view);
  Result<std::vector<std::string>> names_to_stop(const std::string& pipeline, const std::string& topic) const;
  PipelineInfo info_of(const CatalogEntry& entry) const;
  Result<const StreamEntry*> known(const std::string& pipeline) const;

  const EngineHost host_;
  mutable std::mutex mutex_;
  Catalog catalog_;                             // guarded by mutex_
  std::map<std::string, StreamEntry> streams_;  // guarded by mutex_
  std::vector<std::shared_ptr<Run>> ending_;    // replaced or forgotten, perhaps not at rest; guarded by mutex_
  bool starts_ = true;                          // false: --paused; guarded by mutex_
  bool held_ = false;                           // guarded by mutex_
};

}  // namespace laketide
