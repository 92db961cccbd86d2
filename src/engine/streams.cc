#include "engine/streams.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/change_plan.h"
#include "engine/range_guard.h"
#include "engine/wiring.h"
#include "execution/receipt.h"
#include "flow/schema_text.h"

namespace laketide {
namespace {

Status not_stopped(const std::string& name, const std::string& what) {
  return Status::user("stream_active", "a stream works by this pipeline; " + what + " when it has stopped (POST /stream/stop {\"pipeline\":\"" + name + "\"})");
}

Status stopping() { return Status::user("stopping", "the process is stopping; send the request to the next one"); }

/// What was asked of a reset stands in for what the document says.
config::PipelineSpec starting_at(config::PipelineSpec spec, const std::string& start) {
  for (auto& source : spec.sources) {
    if (auto* kafka = std::get_if<config::KafkaSourceSpec>(&source.from)) kafka->start = start;
  }
  return spec;
}

}  // namespace

Result<StreamStatus> Streams::start(const StreamRequest& request) {
  std::lock_guard lock(mutex_);
  if (held_) return stopping();
  LT_ASSIGN_OR_RETURN(CatalogEntry entry, resolve(request));
  if (entry.gone) return Catalog::file_gone(entry);
  const auto known = streams_.find(entry.spec.name);
  if (known != streams_.end() && is_running(known->second)) return join(known->second, entry);
  LT_ASSIGN_OR_RETURN(const PipelineChange change, compare(entry));
  if (change.kind == PipelineChange::Kind::kRefused) return refused(change);
  LT_RETURN_IF_ERROR(catalog_.add(entry));
  return launch(entry);
}

/// Somebody wants a stream that runs.
Result<StreamStatus> Streams::join(StreamEntry& stream, const CatalogEntry& entry) {
  const std::string& name = entry.spec.name;
  const auto& runs = stream.pending ? stream.pending->spec : stream.spec;
  if (runs.canonical != entry.spec.canonical) {
    return Status::user("other_spec", "a stream of this name runs with another document; change it while it runs (PUT /pipelines/" + name +
                                          "), stop it first (POST /stream/stop), or give the new one another name: " + name, "name");
  }
  const bool drains = stream.run->view().state == StreamState::kDraining;
  if (drains && stream.want == kStopped) return Status::user("draining", "this stream is draining; start it again when it has stopped: " + name);
  if (drains && stream.want == kPaused) {
    stream.want = kRunning;
    if (!stream.pending) stream.pending = entry;
    LT_RETURN_IF_ERROR(save(stream));
  }
  return status_of(stream);
}

Result<std::vector<StreamStatus>> Streams::stop(const std::string& pipeline, const std::string& topic, bool now, std::chrono::milliseconds wait) {
  std::vector<std::string> names;
  {
    std::lock_guard lock(mutex_);
    LT_ASSIGN_OR_RETURN(names, names_to_stop(pipeline, topic));
    for (const auto& name : names) {
      StreamEntry& stream = streams_.at(name);
      stream.want = kStopped;
      LT_RETURN_IF_ERROR(save(stream));
      if (stream.run) stream.run->stop(now);
    }
  }
  const auto resting = [&] {
    std::lock_guard lock(mutex_);
    return std::ranges::all_of(names, [&](const auto& name) {
      const auto stream = streams_.find(name);
      return stream == streams_.end() || !stream->second.run || stream->second.run->at_rest();
    });
  };
  host_.rested->wait_until(std::chrono::steady_clock::now() + wait, resting);
  std::lock_guard lock(mutex_);
  std::vector<StreamStatus> all;
  for (const auto& name : names) {
    if (const auto stream = streams_.find(name); stream != streams_.end()) all.push_back(status_of(stream->second));
  }
  return all;
}

Result<std::vector<std::string>> Streams::names_to_stop(const std::string& pipeline, const std::string& topic) const {
  std::vector<std::string> names;
  for (const auto& [name, stream] : streams_) {
    const auto topics = topics_of(stream.spec);
    const bool meant = (pipeline.empty() || name == pipeline) && (topic.empty() || std::ranges::find(topics, topic) != topics.end());
    // One that does not run, but would from the next resume or start of the process on, is stopped too.
    const bool would_run = is_paused(stream) || (!stream.run && stream.want == kRunning && stream.failed_code.empty());
    if (meant && ((stream.run && !stream.run->at_rest()) || would_run)) names.push_back(name);
  }
  if (!pipeline.empty() && !streams_.contains(pipeline) && !catalog_.find(pipeline)) {
    return Status::user("unknown_pipeline", "no pipeline of this name is known; GET /stream lists the streams: " + pipeline, "pipeline");
  }
  return names;
}

Result<StreamStatus> Streams::pause(const std::string& pipeline) {
  std::lock_guard lock(mutex_);
  LT_RETURN_IF_ERROR(known(pipeline).status());
  StreamEntry& stream = streams_.at(pipeline);
  if (is_paused(stream)) return status_of(stream);
  if (!is_running(stream)) {
    return Status::user("not_running", "only a stream that runs can be paused, and this one is " + std::string(to_string(status_of(stream).state)) + ": " + pipeline);
  }
  if (stream.want == kStopped) return Status::user("draining", "this stream is being stopped; it can be started, not paused, when it has: " + pipeline);
  const std::string before = std::exchange(stream.want, kPaused);
  if (const Status saved = save(stream); !saved.ok()) {
    stream.want = before;
    return saved;
  }
  log::info("stream is to pause", {{"pipeline", pipeline}});
  stream.run->stop(false);
  return status_of(stream);
}

Result<StreamStatus> Streams::resume(const std::string& pipeline) {
  std::lock_guard lock(mutex_);
  if (held_) return stopping();
  LT_RETURN_IF_ERROR(known(pipeline).status());
  StreamEntry& stream = streams_.at(pipeline);
  const CatalogEntry entry{stream.spec, stream.origin, false};
  if (is_running(stream) && stream.want != kStopped) return join(stream, stream.pending ? CatalogEntry(*stream.pending) : entry);
  if (is_paused(stream)) return launch(entry);
  return Status::user("not_paused", "only a paused stream can be resumed, and this one is " + std::string(to_string(status_of(stream).state)) +
                                        "; start it with POST /stream/start {\"pipeline\":\"" + pipeline + "\"}");
}

Result<ResetReport> Streams::reset(const std::string& pipeline, const std::string& start) {
  LT_RETURN_IF_ERROR(parse_offsets(start, "start").status());
  std::lock_guard lock(mutex_);
  const auto found = streams_.find(pipeline);
  const CatalogEntry* entry = catalog_.find(pipeline);
  if (found == streams_.end() && entry == nullptr) return known(pipeline).status();
  if (found != streams_.end() && (is_running(found->second) || is_paused(found->second))) return not_stopped(pipeline, "reset it");
  const config::PipelineSpec& spec = entry != nullptr ? entry->spec : found->second.spec;
  if (std::ranges::any_of(spec.sources, [](const auto& one) { return std::holds_alternative<config::RateSourceSpec>(one.from); })) {
    return Status::user("unsupported", "rows of the rate source are made as time passes; there is no earlier place to read from", "start");
  }
  LT_ASSIGN_OR_RETURN(const auto row, host_.ledger->last_epoch(pipeline));
  std::optional<EpochPlan> progress;
  if (row) {
    LT_ASSIGN_OR_RETURN(progress, EpochPlan::from_json(row->plan));
  }
  LT_RETURN_IF_ERROR(host_.ledger->save_reset(pipeline, {start, {}}));
  log::info("stream was reset", {{"pipeline", pipeline}, {"start", start}});
  if (found != streams_.end()) {
    StreamEntry& stream = found->second;
    if (stream.run && !stream.run->at_rest()) ending_.push_back(stream.run);
    stream = StreamEntry{stream.spec, stream.origin, kStopped, nullptr, {}, {}};
    LT_RETURN_IF_ERROR(save(stream));
  }
  return plan_reset(spec, start, progress ? &*progress : nullptr);
}

std::vector<StreamStatus> Streams::list() const {
  std::lock_guard lock(mutex_);
  std::vector<StreamStatus> all;
  for (const auto& [name, stream] : streams_) all.push_back(status_of(stream));
  return all;
}

Result<StreamStatus> Streams::find(const std::string& pipeline) const {
  std::lock_guard lock(mutex_);
  LT_ASSIGN_OR_RETURN(const StreamEntry* stream, known(pipeline));
  return status_of(*stream);
}

Result<std::vector<EpochReceipt>> Streams::epochs(const std::string& pipeline, int64_t before, int count_max) const {
  {
    std::lock_guard lock(mutex_);
    LT_RETURN_IF_ERROR(known(pipeline).status());
  }
  LT_ASSIGN_OR_RETURN(const auto rows, host_.ledger->committed_epochs(pipeline, count_max, EpochId(before)));
  std::vector<EpochReceipt> receipts;
  for (const auto& row : rows) {
    LT_ASSIGN_OR_RETURN(EpochReceipt receipt, receipt_from_json(row.receipt));
    receipts.push_back(std::move(receipt));
  }
  return receipts;
}

Result<std::string> Streams::progress(const std::string& pipeline) const {
  std::lock_guard lock(mutex_);
  LT_ASSIGN_OR_RETURN(const StreamEntry* stream, known(pipeline));
  return progress_of(*stream);
}

PipelineInfo Streams::info_of(const CatalogEntry& entry) const {
  PipelineInfo info{entry.spec.name, entry.origin, entry.spec.canonical, entry.is_read_only(), {}};
  if (!entry.spec.file.empty()) info.origin += ":" + entry.spec.file;
  if (const auto stream = streams_.find(entry.spec.name); stream != streams_.end()) info.state = to_string(status_of(stream->second).state);
  return info;
}

std::vector<PipelineInfo> Streams::pipelines() const {
  std::lock_guard lock(mutex_);
  std::vector<PipelineInfo> all;
  for (const auto& [name, entry] : catalog_.all()) all.push_back(info_of(entry));
  return all;
}

Result<PipelineInfo> Streams::pipeline(const std::string& name) const {
  std::lock_guard lock(mutex_);
  if (const auto* entry = catalog_.find(name)) return info_of(*entry);
  return Status::user("unknown_pipeline", "no pipeline of this name is configured; GET /pipelines lists them: " + name);
}

Result<std::optional<EpochPlan>> Streams::newest_plan(const std::string& name) const {
  LT_ASSIGN_OR_RETURN(const auto reset, host_.ledger->reset(name));
  LT_ASSIGN_OR_RETURN(const auto row, host_.ledger->last_epoch(name));
  if (!row || (reset && (!reset->first || row->epoch < *reset->first))) return std::optional<EpochPlan>();
  LT_ASSIGN_OR_RETURN(EpochPlan plan, EpochPlan::from_json(row->plan));
  return std::optional<EpochPlan>(std::move(plan));
}

Result<PipelineChange> Streams::compare(const CatalogEntry& entry) const {
  LT_ASSIGN_OR_RETURN(const auto progress, newest_plan(entry.spec.name));
  const CatalogEntry* old = catalog_.find(entry.spec.name);
  const auto stream = streams_.find(entry.spec.name);
  const config::PipelineSpec* spec = old != nullptr ? &old->spec : stream != streams_.end() ? &stream->second.spec : nullptr;
  PipelineChange change = plan_change(spec, entry.spec, progress ? &*progress : nullptr, *host_.service);
  change.effect = change.kind == PipelineChange::Kind::kRefused || change.kind == PipelineChange::Kind::kUnchanged ? PipelineChange::Effect::kNone : effect_on(entry);
  return change;
}

PipelineChange::Effect Streams::effect_on(const CatalogEntry& entry) const {
  const auto stream = streams_.find(entry.spec.name);
  if (stream == streams_.end()) return entry.spec.autostart && starts_ ? PipelineChange::Effect::kStarts : PipelineChange::Effect::kNone;
  return is_running(stream->second) && stream->second.want == kRunning ? PipelineChange::Effect::kRestarts : PipelineChange::Effect::kLater;
}

// All that can be known to be wrong before it runs: a schema that is declared or was learnt binds the query.
Status Streams::check_query(const config::PipelineSpec& pipeline, std::string* query_plan) const {
  LT_ASSIGN_OR_RETURN(const RunSpec run, wire(pipeline, *host_.service, *host_.scheduler));
  Schemas schemas;
  for (const RunSource& source : run.sources) {
    LT_ASSIGN_OR_RETURN(Schema schema, declared_schema(source));
    if (!schema && !source.schema_pin.empty()) {
      LT_ASSIGN_OR_RETURN(const auto pinned, host_.ledger->pinned_schema(source.schema_pin));
      if (pinned) {
        LT_ASSIGN_OR_RETURN(schema, parse_schema_text(*pinned));
      }
    }
    if (schema) schemas[source.name] = std::move(schema);
  }
  std::string text;
  const bool is_known = schemas.size() == run.sources.size();
  if (!is_known && std::ranges::any_of(pipeline.sources, &config::SourceSpec::is_bounded)) {
    text = "bound when the table or the files are opened, which have the schema\n";
  } else if (!is_known) {
    text = "bound when the topic's first records have told its schema; declare one (format: { json: { schema: … } }) to see the plan now\n";
  } else if (run.tables) {
    text = "bound when the static tables have been loaded: what columns they have only their servers know\n";
  } else {
    LT_ASSIGN_OR_RETURN(const ChainPlan plan, run.plan(schemas));
    for (size_t i = 0; i < run.sinks.size(); ++i) text += run.sinks[i]->id() + ":\n" + plan.branches[i].steps;
  }
  if (query_plan != nullptr) *query_plan = std::move(text);
  return {};
}

Result<Streams::Proposal> Streams::propose(const std::string& name, const std::string& document) const {
  LT_ASSIGN_OR_RETURN(CatalogEntry entry, Catalog::from_document(document, "http"));
  if (entry.spec.name != name) {
    return Status::user("name_mismatch", "the document is named \"" + entry.spec.name + "\", and the path \"" + name + "\"; let both say the same, or leave the document's out", "name");
  }
  std::string query_plan;
  LT_RETURN_IF_ERROR(check_query(entry.spec, &query_plan));
  LT_ASSIGN_OR_RETURN(PipelineChange change, compare(entry));
  if (const auto* old = catalog_.find(name); old != nullptr && old->is_read_only() && change.kind != PipelineChange::Kind::kUnchanged) {
    const Status read_only = Catalog::read_only(*old);
    change.kind = PipelineChange::Kind::kRefused;
    change.effect = PipelineChange::Effect::kNone;
    change.reason = "a pipeline of this name comes from a file";
    change.way_out = read_only.detail();
  }
  change.query_plan = std::move(query_plan);
  return Proposal{std::move(entry), std::move(change)};
}

Result<PipelineChange> Streams::plan(const std::string& name, const std::string& document) const {
  std::lock_guard lock(mutex_);
  LT_ASSIGN_OR_RETURN(Proposal proposal, propose(name, document));
  return std::move(proposal.change);
}

Result<PipelineChange> Streams::put(const std::string& name, const std::string& document) {
  std::lock_guard lock(mutex_);
  if (held_) return stopping();
  LT_ASSIGN_OR_RETURN(Proposal proposal, propose(name, document));
  const CatalogEntry* old = catalog_.find(name);
  const bool is_unchanged = proposal.change.kind == PipelineChange::Kind::kUnchanged;
  if (old != nullptr && old->is_read_only() && !is_unchanged) return Catalog::read_only(*old);
  if (proposal.change.kind == PipelineChange::Kind::kRefused) return refused(proposal.change);
  if (is_unchanged && !(old != nullptr && old->gone)) return std::move(proposal.change);
  const CatalogEntry& entry = proposal.entry;
  const auto stream = streams_.find(name);
  if (stream != streams_.end()) {
    LT_RETURN_IF_ERROR(replace(stream->second, entry));
    if (stream->second.failed_code == Catalog::kFileGone) stream->second.failed_code = stream->second.failed_detail = "";
  } else {
    LT_RETURN_IF_ERROR(host_.ledger->save_intent({name, kNever, entry.spec.canonical, entry.origin, "", ""}));
  }
  LT_RETURN_IF_ERROR(catalog_.add(entry));
  log::info("pipeline was put", {{"pipeline", name}, {"change", to_string(proposal.change.kind)}, {"stream", to_string(proposal.change.effect)}});
  if (proposal.change.effect == PipelineChange::Effect::kStarts) LT_RETURN_IF_ERROR(launch(entry).status());
  return std::move(proposal.change);
}

Status Streams::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto stream = streams_.find(name);
  const CatalogEntry* entry = catalog_.find(name);
  if (entry == nullptr && stream == streams_.end()) return Status::user("unknown_pipeline", "no pipeline of this name is configured; GET /pipelines lists them: " + name);
  if (entry != nullptr && entry->is_read_only()) return Catalog::read_only(*entry);
  if (stream != streams_.end() && (is_running(stream->second) || is_paused(stream->second))) return not_stopped(name, "delete it");
  LT_RETURN_IF_ERROR(host_.ledger->forget_intent(name));
  if (stream != streams_.end()) {
    if (stream->second.run && !stream->second.run->at_rest()) ending_.push_back(stream->second.run);
    streams_.erase(stream);
  }
  catalog_.remove(name);
  host_.counters->forget(name);
  log::info("pipeline was deleted", {{"pipeline", name}});
  return {};
}

Result<CatalogEntry> Streams::resolve(const StreamRequest& request) const {
  // A stream is known by its name, also where a file takes another document's place only when it is at rest.
  if (const auto known = streams_.find(request.pipeline); !request.pipeline.empty() && known != streams_.end() && !catalog_.find(request.pipeline)) {
    return CatalogEntry{known->second.spec, known->second.origin, false};
  }
  return catalog_.resolve(request);
}

Result<CatalogEntry> Streams::resolve_job(const JobRequest& request) const {
  std::lock_guard lock(mutex_);
  return catalog_.resolve_job(request, host_.service->postgres_url.empty() ? Catalog::JobTable::kDelta : Catalog::JobTable::kPostgres);
}

Status Streams::refuse_repeats_early(const config::PipelineSpec& pipeline, const JobOffsets& offsets) const {
  const auto* from = std::get_if<OffsetSetting::PerPartition>(&offsets.start.value);
  const auto* to = std::get_if<OffsetSetting::PerPartition>(&offsets.end.value);
  if (offsets.resume || !offsets.max_column.empty() || from == nullptr) return {};
  const auto topics = topics_of(pipeline);
  Ranges ranges;
  for (const auto& [topic, partitions] : *from) {
    for (const auto& [partition, offset] : partitions) {
      int64_t end = OffsetSetting::kLatest;
      if (to != nullptr && to->contains(topic) && to->at(topic).contains(partition)) end = to->at(topic).at(partition);
      if (offset < 0 || end == OffsetSetting::kEarliest) continue;
      ranges[{"", topic.empty() && topics.size() == 1 ? topics.front() : topic, partition}] =
          Range{NextOffset(offset), NextOffset(end == OffsetSetting::kLatest ? INT64_MAX : end)};
    }
  }
  return refuse_repeats(pipeline, ranges);
}

Status Streams::refuse_repeats(const config::PipelineSpec& pipeline, const Ranges& ranges) const {
  const auto mine = tables_of(pipeline, *host_.service);
  std::map<std::string, std::string> shared;  // stream → the table it shares with the job
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : streams_) {
      for (const auto& table : tables_of(stream.spec, *host_.service)) {
        if (std::ranges::find(mine, table) != mine.end()) shared[name] = table;
      }
    }
  }
  for (const auto& [name, table] : shared) {
    LT_ASSIGN_OR_RETURN(const auto rows, host_.ledger->committed_epochs(name, 1));
    if (rows.empty()) continue;
    LT_ASSIGN_OR_RETURN(const EpochPlan plan, EpochPlan::from_json(rows.front().plan));
    LT_RETURN_IF_ERROR(laketide::refuse_repeats(ranges, plan, table));
  }
  return {};
}

Result<StreamStatus> Streams::launch(const CatalogEntry& entry) {
  const std::string name = entry.spec.name;
  for (const config::SourceSpec& source : entry.spec.sources) {
    if (!source.is_bounded()) continue;
    return Status::user("unsupported", "tables and files are read by batch jobs in this version, not by streams: POST /batch/run {\"pipeline\":\"" + name + "\"}; source " + source.name, "sources");
  }
  LT_ASSIGN_OR_RETURN(const auto reset, host_.ledger->reset(name));
  LT_ASSIGN_OR_RETURN(RunSpec spec, wire(reset ? starting_at(entry.spec, reset->start) : entry.spec, *host_.service, *host_.scheduler));
  spec.metrics = host_.metrics;
  spec.budget = host_.budgets.at(spec.pool);
  if (reset) {
    spec.anew = Beginning{reset->first, [ledger = host_.ledger, name, start = reset->start](EpochId first) { return ledger->save_reset(name, {start, first}); }};
  }
  StreamEntry stream{entry.spec, entry.origin, kRunning, nullptr, {}, {}};
  LT_RETURN_IF_ERROR(save(stream));
  StreamEntry& kept = streams_[name];
  std::erase_if(ending_, [](const auto& run) { return run->at_rest(); });
  if (kept.run && !kept.run->at_rest()) ending_.push_back(kept.run);
  kept = std::move(stream);
  host_.counters->keep(name);
  const auto ended = [this, name, run_id = spec.run_id](const RunView& view) { on_ended(name, run_id, view); };
  kept.run = Run::start(std::move(spec), *host_.ledger, *host_.scheduler, ended, host_.rested);
  return status_of(kept);
}

void Streams::launch_logged(const CatalogEntry& entry) {
  const auto started = launch(entry);
  if (started.ok()) return;
  log::error("a stream could not be started", {{"pipeline", entry.spec.name}, {"reason", started.status().to_string()}});
  streams_[entry.spec.name] = StreamEntry{entry.spec, entry.origin, kRunning, nullptr, std::string(started.status().code()), std::string(started.status().detail())};
}

/// Another document takes the place of the stream's: at once if it is at rest, else when the run has drained.
Status Streams::replace(StreamEntry& stream, const CatalogEntry& entry) {
  if (!is_running(stream)) {
    StreamEntry next = stream;
    next.spec = entry.spec;
    next.origin = entry.origin;
    LT_RETURN_IF_ERROR(save(next));
    stream = std::move(next);
    return {};
  }
  const auto before = std::exchange(stream.pending, entry);
  if (const Status saved = save(stream); !saved.ok()) {
    stream.pending = before;
    return saved;
  }
  if (stream.want == kRunning) stream.run->stop(false);
  return {};
}

Status Streams::save(const StreamEntry& stream) {
  const CatalogEntry entry = stream.pending ? *stream.pending : CatalogEntry{stream.spec, stream.origin, false};
  return host_.ledger->save_intent({entry.spec.name, stream.want, entry.spec.canonical, entry.origin, stream.failed_code, stream.failed_detail});
}

void Streams::on_ended(const std::string& name, const std::string& run_id, const RunView& view) {
  std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  // The user was faster: another run has the name already, or nobody.
  if (found == streams_.end() || !found->second.run || found->second.run->spec().run_id != run_id) return;
  StreamEntry& stream = found->second;
  const auto next = std::exchange(stream.pending, std::nullopt);
  if (next) {
    stream.spec = next->spec;
    stream.origin = next->origin;
  }
  if (view.state == StreamState::kFinished) stream.want = kStopped;
  const bool goes_on = next && stream.want == kRunning && view.state != StreamState::kFenced;
  if (!goes_on && (view.state == StreamState::kFailed || view.state == StreamState::kFenced)) {
    stream.failed_code = view.problem.code();
    stream.failed_detail = view.problem.detail();
  }
  if (const Status saved = save(stream); !saved.ok()) {
    log::error("a stream's end could not be written down", {{"pipeline", name}, {"reason", saved.to_string()}});
  }
  if (goes_on && !held_) launch_logged(*next);
}

void Streams::end_all(bool now) {
  std::lock_guard lock(mutex_);
  held_ = true;
  for (auto& [name, stream] : streams_) {
    if (stream.run && !stream.run->at_rest()) stream.run->stop(now);
  }
}

bool Streams::at_rest() const {
  std::lock_guard lock(mutex_);
  return std::ranges::all_of(streams_, [](const auto& one) { return !one.second.run || one.second.run->at_rest(); }) &&
         std::ranges::all_of(ending_, [](const auto& run) { return run->at_rest(); });
}

Result<const StreamEntry*> Streams::known(const std::string& pipeline) const {
  const auto found = streams_.find(pipeline);
  if (found != streams_.end()) return &found->second;
  if (catalog_.find(pipeline)) return Status::user("not_started", "this pipeline was never started; POST /stream/start {\"pipeline\":\"" + pipeline + "\"}");
  return Status::user("unknown_pipeline", "no stream of this name is known; GET /stream lists them: " + pipeline);
}

}  // namespace laketide
