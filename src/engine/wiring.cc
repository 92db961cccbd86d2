#include "engine/wiring.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "engine/catalog.h"
#include "engine/document_queries.h"
#include "engine/record_format.h"
#include "engine/source_tables.h"
#include "engine/stored_source.h"
#include "flow/actor_sink.h"
#include "flow/schema_text.h"
#include "sinks/console/console_sink.h"
#include "sinks/delta/delta_sink.h"
#include "sinks/postgres/postgres_sink.h"
#include "sources/files/text_files.h"
#include "sources/kafka/kafka_source.h"
#include "sources/kafka/start_offsets.h"
#include "sources/postgres/postgres_table.h"
#include "sources/rate/rate_source.h"
#include "state/state_store.h"
#include "storage/local_store.h"

namespace laketide {
namespace {

std::string hex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string new_run_id() {
  std::random_device device;
  return hex((static_cast<uint64_t>(device()) << 32) | device());
}

/// Who asks for epochs this short would rather wait less than save CPU.
constexpr std::chrono::milliseconds kPromptEpoch{50};

/// Carries a document through its parts; each step adds to the run's spec. Caller synchronises.
class Wiring {
 public:
  /// `job`: null for a stream.
  Wiring(const config::PipelineSpec& pipeline, const config::ServiceConfig& service, Scheduler& scheduler, const JobWiring* job)
      : pipeline_(pipeline), service_(service), scheduler_(scheduler), job_(job) {}

  Result<RunSpec> wire() {
    LT_RETURN_IF_ERROR(modes());
    LT_RETURN_IF_ERROR(identity());
    LT_RETURN_IF_ERROR(rhythm());
    LT_RETURN_IF_ERROR(sources());
    LT_RETURN_IF_ERROR(sinks());
    LT_RETURN_IF_ERROR(tables());
    LT_RETURN_IF_ERROR(query());
    LT_RETURN_IF_ERROR(check_declared());
    return std::move(spec_);
  }

 private:
  /// What comes out of the query goes into the sink the way that keeps it true (PRODUCT §7).
  Status modes() const {
    for (const auto& sink : pipeline_.sinks) {
      const std::string& mode = sink.output_mode;
      const std::string wanted = mode == "update" ? "upsert" : mode == "complete" ? "overwrite" : "";
      if (sink.kind == "console" || (wanted.empty() ? sink.mode != "overwrite" : sink.mode == wanted)) continue;
      if (wanted.empty()) {
        return Status::user("bad_output_mode", "a sink of mode: overwrite holds the whole result: write output_mode: complete with it: " + sink.id, "output_mode");
      }
      return Status::user("bad_output_mode", "with output_mode: " + mode + " a row may change after it was written, so the sink needs mode: " + wanted + ": " + sink.id, "output_mode");
    }
    return {};
  }

  Status identity() {
    spec_.pipeline = pipeline_.name;
    spec_.line = job_ ? job_->line : pipeline_.name;
    spec_.run_id = job_ ? job_->id : new_run_id();
    spec_.spec_hash = hex(hash_key(pipeline_.canonical.data(), pipeline_.canonical.size()));
    spec_.pool = job_ ? job_->pool : pipeline_.pool.empty() ? service_.stream_defaults.pool : pipeline_.pool;
    if (!service_.pools.contains(spec_.pool)) {
      return Status::user("unknown_pool", "no pool of this name is configured; GET /pools lists them: " + spec_.pool, "pool");
    }
    spec_.account = scheduler_.open_account({spec_.pool, spec_.run_id});
    return {};
  }

  Alarm alarm() {
    return [scheduler = &scheduler_, actor = scheduler_.io_actor("alarm " + spec_.line)](std::chrono::milliseconds delay, std::function<void()> work) {
      scheduler->after(delay, actor, std::move(work));
    };
  }

  Status sources() {
    std::set<std::string> stored;
    for (const config::SourceSpec& source : pipeline_.sources) {
      if (source.is_bounded() && !stored.insert(topics_of(source).front()).second) {
        return Status::user("unsupported", "two sources read the same table, or the same files: read them once, and name them twice in the query (FROM a AS x JOIN a AS y); source " + source.name,
                            "sources");
      }
      RunSource& made = spec_.sources.emplace_back();
      made.name = source.name;
      LT_RETURN_IF_ERROR(one_source(source, made));
      const config::EventTimeSpec& time = source.event_time;
      if (!time.column.empty()) made.event_time = EventTimeRule{time.delay, time.idle_after, time.watermark == "spark"};
    }
    spec_.source = together(spec_.sources);
    return {};
  }

  Status one_source(const config::SourceSpec& source, RunSource& made) {
    if (const auto* rate = std::get_if<config::RateSourceSpec>(&source.from)) return rate_source(*rate, made);
    if (source.is_bounded()) return stored_source(source, made);
    LT_RETURN_IF_ERROR(kafka_source(std::get<config::KafkaSourceSpec>(source.from), made));
    std::string topics;
    for (const auto& topic : topics_of(source)) topics += (topics.empty() ? "" : ",") + topic;
    made.schema_pin = topics + "#" + source.format.kind;
    made.make_format = record_format(source.format);
    return made.make_format("").status();
  }

  /// A table, or files, as they are when a job starts.
  Status stored_source(const config::SourceSpec& source, RunSource& made) {
    say_start(made.name, "earliest");
    LT_ASSIGN_OR_RETURN(std::string pin, job_ ? pin_of(job_->pin, made.name, pipeline_.sources.size()) : std::string());
    const StoredPlace place{made.name, topics_of(source).front(), service_.lake_root, std::move(pin), reading_actors()};
    const auto* files = std::get_if<config::FilesSourceSpec>(&source.from);
    LT_ASSIGN_OR_RETURN(WholeSource whole, files != nullptr ? stored_files(*files, source.format, place, store_)
                                                            : stored_table(std::get<config::DeltaSourceSpec>(source.from), place, store_));
    if (whole.make_format) spec_.lane_bytes = std::max(spec_.lane_bytes, kTextLaneBytes);
    made.source = whole.source;
    made.make_format = whole.make_format;
    return {};
  }

  /// Each lane reads its files on an actor of its own.
  std::function<IoPost()> reading_actors() {
    return [scheduler = &scheduler_, name = "read " + spec_.line, account = spec_.account]() -> IoPost {
      return [actor = scheduler->io_actor(name, account)](std::function<void()> work) { actor.post(std::move(work)); };
    };
  }

  Status kafka_source(const config::KafkaSourceSpec& kafka, RunSource& made) {
    KafkaSourceOptions options;
    options.name = made.name;
    options.brokers = kafka.brokers.empty() ? service_.kafka.brokers : kafka.brokers;
    options.topics = kafka.topics;
    options.pattern = kafka.pattern;
    options.group_id = kafka.group_id.empty() ? "laketide-" + pipeline_.name : kafka.group_id;
    options.client = service_.kafka.client;
    for (const auto& [key, value] : kafka.client) options.client[key] = value;
    options.max_rate_per_partition = kafka.max_rate_per_partition;
    options.fail_on_data_loss = kafka.fail_on_data_loss;
    options.alarm = alarm();
    options.prompt = !spec_.bounded && spec_.interval <= kPromptEpoch;
    spec_.lane_bytes = std::max(spec_.lane_bytes, static_cast<int64_t>(options.prefetch_bytes_max));
    LT_ASSIGN_OR_RETURN(made.source, make_kafka_source(std::move(options)));
    LT_ASSIGN_OR_RETURN(const OffsetSetting start, parse_offsets(kafka.start, "start"));
    say_start(made.name, kafka.start);
    made.start = [start, source = made.source](const PartitionBounds& bounds, const Wait& wait) -> Result<Positions> {
      Positions times;
      if (start.time() != nullptr) {
        LT_ASSIGN_OR_RETURN(times, source->at_time(*start.time(), wait));
      }
      return resolve_offsets(start, bounds, times, "start");
    };
    made.epoch_records_max = kafka.max_offsets_per_epoch.value_or(INT64_MAX);
    return {};
  }

  Status rate_source(const config::RateSourceSpec& rate, RunSource& made) {
    RateSourceOptions options;
    options.name = made.name;
    options.rows_per_second = rate.rows_per_second;
    options.partitions = rate.partitions;
    options.alarm = alarm();
    LT_ASSIGN_OR_RETURN(made.source, make_rate_source(std::move(options)));
    made.row_schema = rate_schema();
    // Its rows reach back to 1970.
    say_start(made.name, "latest");
    made.start = [](const PartitionBounds& bounds, const Wait&) -> Result<Positions> {
      Positions positions;
      for (const auto& [place, bound] : bounds) positions[place] = bound.high;
      return positions;
    };
    return {};
  }

  void say_start(const std::string& source, const std::string& start) {
    const bool several = pipeline_.sources.size() > 1;
    spec_.start_text += (spec_.start_text.empty() ? "" : ", ") + (several ? source + ": " : std::string()) + start;
  }

  Status sinks() {
    spec_.sinks.resize(pipeline_.sinks.size());
    std::map<std::string, std::vector<size_t>> by_url;  // sinks of one URL share a transaction
    for (size_t i = 0; i < pipeline_.sinks.size(); ++i) {
      const config::SinkSpec& sink = pipeline_.sinks[i];
      if (sink.kind == "delta") {
        LT_RETURN_IF_ERROR(delta(sink, spec_.sinks[i]));
      } else if (sink.kind == "postgres") {
        const std::string url = sink.url.empty() ? service_.postgres_url : sink.url;
        if (url.empty()) return Status::user("postgres_url", "a postgres sink needs a server; set postgres.url in the service file, or url in the sink: " + sink.id, "sinks");
        by_url[url].push_back(i);
      } else {
        spec_.sinks[i] = console(sink);
      }
    }
    for (const auto& [url, indices] : by_url) LT_RETURN_IF_ERROR(postgres(url, indices));
    if (keeps_late_rows()) LT_RETURN_IF_ERROR(delta(pipeline_.late_rows, spec_.sinks.emplace_back()));
    return quarantine();
  }

  std::unique_ptr<Sink> console(const config::SinkSpec& sink) {
    ConsoleSinkOptions options;
    options.id = sink.id;
    options.pipeline = pipeline_.name;
    options.rows_max = sink.rows;
    options.form = console_form(sink.format);
    if (options.form != ConsoleForm::kTable) options.width_max = 0;
    if (job_ || pipeline_.trigger.kind != config::TriggerSpec::Kind::kContinuous) return make_console_sink(std::move(options));
    const IoActor actor = scheduler_.io_actor("console " + spec_.line, spec_.account);
    options.at_once = [actor](std::function<void()> work) { actor.post(std::move(work)); };
    return on_actor(actor, make_console_sink(std::move(options)));
  }

  static ConsoleForm console_form(const std::string& word) {
    return word == "plain" ? ConsoleForm::kPlain : word == "csv" ? ConsoleForm::kCsv : word == "json" ? ConsoleForm::kJson : ConsoleForm::kTable;
  }

  Status delta(const config::SinkSpec& sink, std::unique_ptr<Sink>& out) {
    DeltaSinkOptions options;
    options.pipeline = spec_.line;
    options.id = sink.id;
    options.table_path = table_path(sink.path);
    options.mode = sink.mode == "upsert" ? DeltaSinkOptions::Mode::kUpsert : sink.mode == "overwrite" ? DeltaSinkOptions::Mode::kOverwrite : DeltaSinkOptions::Mode::kAppend;
    options.key = sink.key;
    options.order_by = sink.order_by;
    options.partition_by = sink.partition_by;
    options.compression = sink.compression;
    options.target_file_bytes = sink.target_file_bytes;
    options.retain = sink.retain;
    needs_place_ = needs_place_ || options.mode == DeltaSinkOptions::Mode::kUpsert;
    LT_ASSIGN_OR_RETURN(out, make_delta_sink(std::move(options), store_));
    return {};
  }

  /// A job reads everything before any window ends, so that no row of it is late.
  bool keeps_late_rows() const { return !pipeline_.late_rows.path.empty() && !job_; }

  std::string table_path(const std::string& path) const {
    return lake_path(service_.lake_root, path);
  }

  Status postgres(const std::string& url, const std::vector<size_t>& indices) {
    PostgresSinkOptions options;
    options.pipeline = spec_.line;
    options.shown_as = pipeline_.name;
    options.url = url;
    for (const size_t i : indices) {
      const config::SinkSpec& sink = pipeline_.sinks[i];
      PostgresTarget target;
      target.id = sink.id;
      target.table = sink.table;
      target.mode = sink.mode == "upsert" ? PostgresTarget::Mode::kUpsert : sink.mode == "overwrite" ? PostgresTarget::Mode::kOverwrite : PostgresTarget::Mode::kAppend;
      target.key = sink.key;
      target.order_by = sink.order_by;
      options.targets.push_back(std::move(target));
    }
    if (spec_.sources.size() == 1) options.source = spec_.sources.front().name;
    options.topic = only_topic(pipeline_);
    options.refused = pipeline_.bad_records.policy == "fail"   ? PostgresSinkOptions::Refused::kFail
                      : pipeline_.bad_records.policy == "drop" ? PostgresSinkOptions::Refused::kDrop
                                                               : PostgresSinkOptions::Refused::kQuarantine;
    options.lookup = [source = spec_.source](const SourcePartition& place, RecordOffset offset, const Wait& wait) {
      return source->fetch(place, offset, wait);
    };
    const IoActor actor = scheduler_.io_actor("postgres " + spec_.line, spec_.account);
    options.post = [actor](std::function<void()> work) { actor.post(std::move(work)); };
    spec_.fixed_bytes += static_cast<int64_t>(options.queue_bytes_max);
    LT_ASSIGN_OR_RETURN(auto made, make_postgres_sinks(std::move(options)));
    for (size_t i = 0; i < indices.size(); ++i) spec_.sinks[indices[i]] = on_actor(actor, std::move(made[i]));
    needs_place_ = true;
    return {};
  }

  Status quarantine() {
    const auto& bad = pipeline_.bad_records;
    spec_.bad_ratio_max = bad.max_ratio;
    spec_.bad_ratio_over = bad.over;
    spec_.bad_records = bad.policy == "fail" ? BadRecordPolicy::kFail : bad.policy == "drop" ? BadRecordPolicy::kDrop : BadRecordPolicy::kQuarantine;
    if (spec_.bad_records != BadRecordPolicy::kQuarantine) return {};
    DeltaSinkOptions options;
    options.pipeline = spec_.line;
    options.id = "quarantine";
    options.table_path = service_.lake_root + "/_quarantine/" + pipeline_.name;
    LT_ASSIGN_OR_RETURN(spec_.quarantine, make_delta_sink(std::move(options), store_));
    return {};
  }

  Status tables() {
    if (pipeline_.tables.empty()) return {};
    std::vector<StaticTableSpec> all;
    for (const config::TableSpec& table : pipeline_.tables) {
      StaticTableSpec& made = all.emplace_back();
      made.name = table.name;
      made.refresh = table.refresh;
      made.files = std::make_shared<state::TableFiles>(service_.state_dir + "/tables/" + spec_.line + "/" + table.name, store_);
      LT_ASSIGN_OR_RETURN(made.loader, table.kind == "postgres" ? postgres_table(table) : stored_loader(table, service_.lake_root, store_));
    }
    spec_.tables = std::make_shared<TableKeeper>(pipeline_.name, std::move(all), scheduler_, spec_.account);
    return {};
  }

  Result<std::unique_ptr<TableLoader>> postgres_table(const config::TableSpec& table) const {
    PostgresTableOptions options{table.url.empty() ? service_.postgres_url : table.url, table.table, table.query, "laketide/" + pipeline_.name};
    if (options.url.empty()) {
      return Status::user("postgres_url", "a postgres table needs a server; set postgres.url in the service file, or url in the table", "tables." + table.name);
    }
    return make_postgres_table(std::move(options));
  }

  Status query() {
    // A job that remembers is atomic.
    LT_ASSIGN_OR_RETURN(const DocumentQueries queries, DocumentQueries::parse(pipeline_, {hidden_columns(), job_ != nullptr, keeps_late_rows()}));
    spec_.needs_schema = queries.needs_schema();
    std::map<std::string, std::shared_ptr<Source>> rows;  // sources that have rows already
    for (const RunSource& one : spec_.sources) {
      if (!one.make_format) rows[one.name] = one.source;
    }
    spec_.plan = [queries, rows, keeper = spec_.tables](const Schemas& schemas) -> Result<ChainPlan> {
      std::vector<sql::StaticTable> tables;
      const TableSchemas columns = keeper ? keeper->schemas() : TableSchemas();
      for (const auto& [name, schema] : columns) tables.push_back({name, schema});
      LT_ASSIGN_OR_RETURN(ChainPlan plan, queries.bind(schemas, tables));
      for (const auto& [name, source] : rows) LT_RETURN_IF_ERROR(source->select(plan.inputs.at(name).columns, plan.inputs.at(name).hidden));
      return plan;
    };
    if (!job_) {
      spec_.open_state = [directory = service_.state_dir + "/query/" + pipeline_.name, store = store_](const std::string& shape) {
        return state::StateStore::open(directory, shape, store);
      };
    }
    return {};
  }

  /// What the sinks ask for: a row that PostgreSQL may refuse carries its place. So does one whose time moves a partition's.
  std::vector<std::string> hidden_columns() const {
    const bool timed = std::ranges::any_of(spec_.sources, [](const RunSource& one) { return one.event_time.has_value(); });
    if (!needs_place_ && !timed) return {};
    if (!only_topic(pipeline_).empty()) return {"_partition", "_offset"};
    return {"_topic", "_partition", "_offset"};
  }

  // With schemas that need no record the query is bound now: what it cannot be is said when it is deployed. What columns static tables
  // have only their servers know.
  Status check_declared() const {
    if (spec_.tables) return {};
    Schemas schemas;
    for (const RunSource& source : spec_.sources) {
      LT_ASSIGN_OR_RETURN(schemas[source.name], declared_schema(source));
      if (!schemas[source.name]) return {};
    }
    return spec_.plan(schemas).status();
  }

  Status rhythm() {
    using Kind = config::TriggerSpec::Kind;
    spec_.interval = pipeline_.trigger.every.value_or(service_.stream_defaults.epoch);
    spec_.epoch_bytes_max = service_.stream_defaults.epoch_bytes;
    spec_.one_epoch = pipeline_.trigger.kind == Kind::kOnce;
    spec_.bounded = spec_.one_epoch || pipeline_.trigger.kind == Kind::kAvailableNow;
    if (job_) spec_.one_epoch = job_->atomic;
    if (job_) spec_.bounded = true;
    spec_.lanes_max = std::max(1, std::min(pipeline_.lanes.value_or(scheduler_.workers()), scheduler_.workers()));
    return {};
  }

  const config::PipelineSpec& pipeline_;
  const config::ServiceConfig& service_;
  Scheduler& scheduler_;
  const JobWiring* const job_;
  const std::shared_ptr<storage::Store> store_ = storage::make_local_store();
  RunSpec spec_;
  bool needs_place_ = false;
};

}  // namespace

Result<RunSpec> wire(const config::PipelineSpec& pipeline, const config::ServiceConfig& service, Scheduler& scheduler) {
  return Wiring(pipeline, service, scheduler, nullptr).wire();
}

Result<RunSpec> wire_job(const config::PipelineSpec& pipeline, const config::ServiceConfig& service, Scheduler& scheduler, const JobWiring& job) {
  if (std::ranges::any_of(pipeline.sources, [](const auto& one) { return std::holds_alternative<config::RateSourceSpec>(one.from); })) {
    return Status::user("unsupported", "a batch job reads Kafka; the rate source has no end", "sources");
  }
  return Wiring(pipeline, service, scheduler, &job).wire();
}

}  // namespace laketide
