// The pipelines that there are: from files, from documents over HTTP, and the implicit one of a topic.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "laketide/engine.h"
#include "laketide/status.h"

namespace laketide {

/// A pipeline and where it came from. Immutable.
struct CatalogEntry {
  config::PipelineSpec spec;
  std::string origin;  // file | http | implicit
  bool gone = false;   // its file is no longer there
  bool is_read_only() const { return origin == "file" && !gone; }
};

/// Pipelines by name; those of files cannot be replaced over HTTP. Caller synchronises.
class Catalog {
 public:
  void add_file(config::PipelineSpec spec);
  /// What a file said is kept while a stream works by it, and belongs to nobody.
  void mark_gone(const std::string& name) { entries_.at(name).gone = true; }
  void remove(const std::string& name) { entries_.erase(name); }
  /// Keeps a document that is not a file's. Fails `kUser` `pipeline_read_only`.
  Status add(CatalogEntry entry);
  const CatalogEntry* find(const std::string& name) const;
  /// The failure of those who would change a file's pipeline otherwise than by its file.
  static Status read_only(const CatalogEntry& entry);
  /// The failure of those who would start one whose file is gone.
  static constexpr const char* kFileGone = "pipeline_file_gone";
  static Status file_gone(const CatalogEntry& entry);
  const std::map<std::string, CatalogEntry>& all() const { return entries_; }

  /// What a request means: by name, by document, or by topic (PRODUCT §5: the configured pipeline of that topic, several are
  /// an error, else the implicit pipeline named as the topic). Fails `kUser` `unknown_pipeline`, `ambiguous_topic`,
  /// `bad_document`, `bad_request`.
  Result<CatalogEntry> resolve(const StreamRequest& request) const;
  /// The same for a batch job; given a topic only, it is never a stream's pipeline: JSON of the topic into a table of its own, in
  /// PostgreSQL named after the topic in lower case with `_` for other characters, or in the lake at `<topic>_batch`.
  enum class JobTable { kPostgres, kDelta };
  Result<CatalogEntry> resolve_job(const JobRequest& request, JobTable table) const;
  /// Reads a stored document again (its origin is what it was).
  static Result<CatalogEntry> from_document(const std::string& text, const std::string& origin);
  /// Names of pipelines that read `topic`.
  std::vector<std::string> readers_of(const std::string& topic) const;

 private:
  Result<CatalogEntry> resolve_topic(const std::string& topic) const;

  std::map<std::string, CatalogEntry> entries_;
};

/// The topics that a pipeline names; a pattern stands for itself.
std::vector<std::string> topics_of(const config::PipelineSpec& spec);

}  // namespace laketide
