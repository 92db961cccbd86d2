// What the files say of pipelines, at the start and when they are read again.
#include <set>

#include "base/log.h"
#include "engine/change_plan.h"
#include "engine/streams.h"

namespace laketide {

Status Streams::restore(std::vector<config::PipelineSpec> files, bool start) {
  LT_ASSIGN_OR_RETURN(const auto intents, host_.ledger->intents());
  std::lock_guard lock(mutex_);
  starts_ = start;
  for (auto& spec : files) catalog_.add_file(std::move(spec));
  for (const auto& intent : intents) restore_one(intent);
  for (const auto& [name, entry] : catalog_.all()) {
    if (start && !entry.gone && entry.spec.autostart && !streams_.contains(name)) launch_logged(entry);
  }
  return {};
}

void Streams::restore_one(const Intent& intent) {
  if (const auto* file = catalog_.find(intent.pipeline)) return restore_from_file(intent, *file);
  auto stored = Catalog::from_document(intent.document, intent.origin);
  if (!stored.ok()) {
    log::error("a stream's stored document cannot be read any more", {{"pipeline", intent.pipeline}, {"reason", stored.status().to_string()}});
    return;
  }
  CatalogEntry entry = std::move(stored).value();
  entry.gone = entry.origin == "file";
  if (entry.gone && (intent.want == kStopped || intent.want == kNever)) {
    (void)host_.ledger->forget_intent(intent.pipeline);
    return;
  }
  (void)catalog_.add(entry);
  if (intent.want == kNever) return;
  StreamEntry stream{entry.spec, entry.origin, intent.want, nullptr, intent.failed_code, intent.failed_detail};
  if (entry.gone && stream.failed_code.empty()) {
    const Status gone = Catalog::file_gone(entry);
    log::error("a stream that ran is not started", {{"pipeline", intent.pipeline}, {"reason", gone.to_string()}});
    stream.failed_code = gone.code();
    stream.failed_detail = gone.detail();
  } else if (starts_ && intent.want == kRunning && intent.failed_code.empty()) {
    return launch_logged(entry);
  }
  streams_[intent.pipeline] = std::move(stream);
}

// The file may say something else than it did when the stream ran.
void Streams::restore_from_file(const Intent& intent, const CatalogEntry& file) {
  if (intent.want == kNever) {
    (void)host_.ledger->forget_intent(intent.pipeline);
    return;
  }
  StreamEntry stream{file.spec, file.origin, intent.want, nullptr, intent.failed_code, intent.failed_detail};
  const auto before = Catalog::from_document(intent.document, intent.origin);
  const auto progress = newest_plan(intent.pipeline);
  const EpochPlan* plan = progress.ok() && *progress ? &**progress : nullptr;
  const PipelineChange change = plan_change(before.ok() ? &before->spec : nullptr, file.spec, plan, *host_.service);
  if (change.kind == PipelineChange::Kind::kRefused && stream.failed_code.empty()) {
    const Status refusal = refused(change);
    log::error("a stream that ran is not started", {{"pipeline", intent.pipeline}, {"reason", refusal.to_string()}});
    stream.failed_code = refusal.code();
    stream.failed_detail = refusal.detail();
  } else if (starts_ && intent.want == kRunning && intent.failed_code.empty()) {
    return launch_logged(file);
  }
  streams_[intent.pipeline] = std::move(stream);
}

void Streams::reread(std::vector<config::PipelineSpec> files, ReloadReport& report) {
  std::lock_guard lock(mutex_);
  std::set<std::string> there;
  for (const auto& spec : files) {
    there.insert(spec.name);
    take_file(spec, report);
  }
  std::vector<std::string> left;
  for (const auto& [name, entry] : catalog_.all()) {
    if (entry.is_read_only() && !there.contains(name)) left.push_back(name);
  }
  for (const auto& name : left) leave_file(name, report);
}

void Streams::take_file(const config::PipelineSpec& spec, ReloadReport& report) {
  const CatalogEntry entry{spec, "file", false};
  const std::string label = "pipeline " + spec.name + ": ";
  if (const Status runs = check_query(spec, nullptr); !runs.ok()) {
    report.not_live.push_back(label + "what the file says cannot run, and what was there before holds: " + runs.to_string());
    return;
  }
  const auto change = compare(entry);
  if (!change.ok() || change->kind == PipelineChange::Kind::kRefused) {
    report.not_live.push_back(label + (change.ok() ? change->reason + "; " + change->way_out : change.status().to_string()));
    return;
  }
  const CatalogEntry* before = catalog_.find(spec.name);
  const bool is_taken = before != nullptr && before->origin != "file";
  const auto stream = streams_.find(spec.name);
  const bool waits = stream != streams_.end() && stream->second.failed_code == Catalog::kFileGone;
  if (change->kind == PipelineChange::Kind::kUnchanged) {
    if (is_taken) report.changed.push_back(label + "belongs to its file now and cannot be changed over HTTP any more");
    keep_file(entry);
  } else if (stream != streams_.end() && !waits) {
    const auto effect = effect_on(entry);
    if (const Status replaced = replace(stream->second, entry); !replaced.ok()) {
      report.not_live.push_back(label + replaced.to_string());
      return;
    }
    report.changed.push_back(label + (effect == PipelineChange::Effect::kRestarts ? "its stream drains and goes on under the new document" : "the new document holds from the next start on"));
  } else {
    report.changed.push_back(label + (before == nullptr ? "is new" : "has another document"));
  }
  catalog_.add_file(spec);
  if (!starts_ || held_) return;
  if (waits && stream->second.want == kRunning) launch_logged(entry);
  if (stream == streams_.end() && spec.autostart) launch_logged(entry);
}

// The same document may have other values now, behind its variables.
void Streams::keep_file(const CatalogEntry& entry) {
  const auto stream = streams_.find(entry.spec.name);
  if (stream == streams_.end() || is_running(stream->second)) return;
  stream->second.spec = entry.spec;
  stream->second.origin = entry.origin;
}

// A file that is missed by mistake must not end a stream.
void Streams::leave_file(const std::string& name, ReloadReport& report) {
  const auto stream = streams_.find(name);
  if (stream != streams_.end() && (stream->second.want != kStopped || is_running(stream->second))) {
    catalog_.mark_gone(name);
    report.not_live.push_back("pipeline " + name + ": its file is gone, and its stream goes on until it is stopped; it does not start again");
    return;
  }
  if (stream != streams_.end()) {
    if (stream->second.run && !stream->second.run->at_rest()) ending_.push_back(stream->second.run);
    streams_.erase(stream);
    (void)host_.ledger->forget_intent(name);
  }
  catalog_.remove(name);
  report.changed.push_back("pipeline " + name + ": is gone with its file");
}

}  // namespace laketide
