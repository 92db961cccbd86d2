// A pipeline's PostgreSQL sinks, driven the way the epoch coordinator drives them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/context.h"
#include "flow/sink.h"
#include "scheduler/scheduler.h"
#include "sinks/postgres/postgres_server.h"
#include "sinks/postgres/postgres_sink.h"

namespace laketide {

/// "ok", or what went wrong.
inline std::string text(const Status& status) { return status.to_string(); }
template <typename T>
std::string text(const Result<T>& result) {
  return result.status().to_string();
}

/// The rows of a JSON array of arrays, as a batch of `schema`.
Batch rows_of(const Schema& schema, const std::string& json);
/// With hidden columns _partition (the same for all) and _offset (counting from `first`).
Batch with_place(const Batch& batch, int32_t partition, int64_t first);
/// A string with every byte as given, which JSON cannot carry, in a batch of one column of `type` (utf8 or binary).
Batch bytes_of(const std::string& column, const std::vector<std::string>& values, bool text);
/// Columns of two batches side by side.
Batch beside(const Batch& left, const Batch& right);

/// A pipeline of `options.targets` with one lane. A second Pipeline on the same database is another process. Caller synchronises.
class Pipeline {
 public:
  Pipeline(const Database& database, std::vector<PostgresTarget> targets, Schema schema);
  Pipeline(PostgresSinkOptions options, std::vector<Schema> schemas);
  ~Pipeline();
  static PostgresSinkOptions options_for(const Database& database, std::vector<PostgresTarget> targets);

  /// claim of every sink, bind, open; the progress of the first. Expects success.
  Progress start();
  /// The same, where it may fail.
  Result<Progress> restart();
  /// Gives rows to a sink, waiting out Blocked; a failure that a writer meets is returned.
  Status write(const Batch& batch, size_t sink = 0);
  /// Every writer ends the epoch.
  Status end(int64_t epoch);
  Status prepare(int64_t epoch);
  Result<Commit> commit(int64_t epoch);
  /// end, prepare, commit.
  Result<Commit> finish(int64_t epoch);
  /// abandon, and new writers.
  void abandon(int64_t epoch);
  void close_writers() { writers_.clear(); }
  /// Replaces the writers, as a stage that follows another does.
  void open_writers();
  /// Returns once the actor has done what was posted before.
  void settle();
  EpochPlan plan(int64_t epoch) const;

  Sink& sink(size_t at = 0) { return *sinks_[at]; }
  Writer& writer(size_t at = 0) { return *writers_[at]; }
  Rejects& rejects() { return rejects_; }
  Context& context() { return context_; }
  /// Wakes of writers so far.
  int wakes() const;

 private:
  std::unique_ptr<Scheduler> scheduler_;
  IoActor actor_;
  std::vector<Schema> schemas_;
  std::vector<std::string> ids_;
  std::string source_;
  std::string topic_;
  std::string name_;
  struct Wakes;
  std::shared_ptr<Wakes> wakes_;
  Context context_;
  Rejects rejects_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<StagedList> staged_;
};

}  // namespace laketide
