#include "config/pipeline_spec.h"

#include <algorithm>

#include "config/document_file.h"
#include "config/field.h"
#include "config/pipeline_fields.h"

namespace laketide::config {
namespace {

using std::chrono::microseconds;
using namespace std::chrono_literals;

constexpr std::string_view kRequestOrigin = "request";
constexpr int64_t kLanesMax = 256;
constexpr int64_t kRecordsMax = 1'000'000'000'000;

/// `once: true`: chooses `kind`.
Field trigger_kind_field(const char* name, TriggerSpec& trigger, TriggerSpec::Kind kind) {
  return with_type({name, kind == TriggerSpec::Kind::kOnce ? "one epoch, then FINISHED" : "what is there when it starts, then FINISHED", [&trigger, kind](Reader& reader, const Node& node, const std::string& path) {
            bool chosen = true;
            std::string canonical = flag_field("", chosen, "").read(reader, node, path);
            if (!chosen) reader.refuse(node.place, path, "is chosen by true; to leave it out, remove the line");
            trigger.kind = kind;
            return canonical;
          }}, "true");
}

}  // namespace

std::vector<Field> trigger_fields(TriggerSpec& trigger) {
  const auto set_every = [&trigger](microseconds value) { trigger.every = std::chrono::ceil<std::chrono::milliseconds>(value); };
  const auto set_continuous = [&trigger, set_every](microseconds value) {
    trigger.kind = TriggerSpec::Kind::kContinuous;
    set_every(value);
  };
  return {with_aliases(with_default(duration_field("epoch", set_every, {5ms, 1h}, "an epoch is committed this often"), "stream_defaults.epoch"),
                       {"processingTime", "processing_time"}),
          trigger_kind_field("once", trigger, TriggerSpec::Kind::kOnce),
          with_aliases(trigger_kind_field("available_now", trigger, TriggerSpec::Kind::kAvailableNow), {"availableNow"}),
          duration_field("continuous", set_continuous, {5ms, 1h},
                         "sinks that promise each row at least once (console) have it at once, the others by epochs this long")};
}

namespace {

std::string read_trigger(Reader& reader, const Node& node, const std::string& path, TriggerSpec& trigger) {
  if (node.kind == Node::Kind::kScalar) {
    // `trigger: once` is `trigger: { once: true }`.
    Node named;
    named.kind = Node::Kind::kMapping;
    named.place = node.place;
    Node value = node;
    value.text = "true";
    value.quoted = false;
    named.members.push_back({node.text, node.place, std::move(value)});
    return reader.section(named, path, trigger_fields(trigger));
  }
  if (node.members.size() > 1) reader.refuse(node.place, path, "a pipeline has one trigger");
  return reader.section(node, path, trigger_fields(trigger));
}

std::vector<Field> bad_records_fields(BadRecordsSpec& bad) {
  return {word_field("policy", bad.policy, {"quarantine", "drop", "fail"}, "what to do with a record that cannot be used"),
          ratio_field("max_ratio", bad.max_ratio, "the stream fails as too_many_bad above this share"),
          with_default(integer_field("over", [&bad](int64_t value) { bad.over = value; }, {0, kRecordsMax}, "of so many records"), std::to_string(bad.over))};
}

std::vector<Field> refused_fields() {
  const std::string time = "stands in the source, as in event_time: { column: ts, delay: 30s, idle_after: 10s, max_future_skew: 1h, watermark: spark }";
  return {refused_field("event_time", time),
          refused_field("watermark", time),
          refused_field("idle_after", time),
          refused_field("max_future_skew", time),
          refused_field("deduplicate", "stands in the source, as in deduplicate: { key: [id], within: 10m }"),
          refused_field("sink", "write a list: sinks: [ { delta: { path: averages } } ]"),
          refused_field("engine", "this version runs pipelines itself only")};
}

}  // namespace

std::vector<Field> pipeline_fields(PipelineSpec& spec) {
  std::vector<Field> fields = {
      text_field("name", spec.name, "the pipeline's name", check_pipeline_name),
      sources_field(spec.sources),
      source_field(spec.sources),
      tables_field(spec.tables),
      with_default(text_field("sql", spec.sql, "the query"), "SELECT * FROM source"),
      output_mode_field(spec.output_mode),
      with_default(word_field("state", spec.state, {"bounded", "unbounded"}, "whether a join may keep its rows for ever"), "bounded"),
      with_type({"trigger", "when epochs close",
                 [&spec](Reader& reader, const Node& node, const std::string& path) { return read_trigger(reader, node, path, spec.trigger); }},
                "section, or one of once, available_now"),
      sinks_field(spec.sinks),
      section_field("late_rows", "where rows go that came after their window had ended; left out: they are counted and not kept",
                    {section_field("delta", "a table of its own, written with the epoch", late_rows_fields(spec.late_rows))}),
      section_field("bad_records", "what to do with records that cannot be used", bad_records_fields(spec.bad_records)),
      with_default(text_field("pool", spec.pool, "pool of the engine's share"), "stream_defaults.pool"),
      integer_field("lanes", [&spec](int64_t n) { spec.lanes = n == 0 ? std::nullopt : std::optional(static_cast<int>(n)); },
                    {1, kLanesMax}, "parallel copies; auto: as many as partitions and workers allow; 1: what epochs of a few milliseconds want", 0),
      flag_field("autostart", spec.autostart, "start with the service"),
  };
  for (Field& field : refused_fields()) fields.push_back(std::move(field));
  return fields;
}

namespace {

void check_whole(Reader& reader, const Node& root, const PipelineSpec& spec) {
  if (root.find("name") == nullptr) reader.refuse(root.place, "name", "a pipeline needs a name, such as name: sensor-averages");
  const Node::Member* source = root.find("source");
  const auto says = [&root](std::string_view key) {  // null says nothing
    const Node::Member* member = root.find(key);
    return member != nullptr && !member->value.is_null();
  };
  if (!says("source") && !says("sources")) {
    reader.refuse(root.place, "sources", "a pipeline needs a source, such as source: { kafka: { topic: events } }");
  } else if (source != nullptr && root.find("sources") != nullptr) {
    reader.refuse(source->key_place, "source", "stands beside `sources`; keep one");
  }
  if (!says("sinks") && !says("sink")) {
    reader.refuse(root.place, "sinks", "a pipeline needs a sink, such as sinks: [ { delta: { path: averages } } ]");
  }
  const bool needs_sql = std::any_of(spec.sinks.begin(), spec.sinks.end(), [](const SinkSpec& sink) { return sink.select.empty(); });
  check_keys(reader, root, spec);
  check_table_names(reader, root, spec);
  if (root.find("late_rows") != nullptr && spec.late_rows.path.empty()) {
    reader.refuse(root.find("late_rows")->key_place, "late_rows", "names no folder, such as late_rows: { delta: { path: averages_late } }");
  }
  if (source == nullptr && spec.sources.size() > 1 && spec.sql.empty() && needs_sql) {
    reader.refuse(root.place, "sql", "several sources need a query that says what to do with them");
  }
}

void fill_defaults(PipelineSpec& spec) {
  for (SourceSpec& source : spec.sources) {
    auto* kafka = std::get_if<KafkaSourceSpec>(&source.from);
    if (kafka != nullptr && kafka->group_id.empty()) kafka->group_id = "laketide-" + spec.name;
  }
  SinkSpec& late = spec.late_rows;
  while (late.path.size() > 1 && late.path.ends_with('/')) late.path.pop_back();
  late.kind = "delta";
  late.id = "late:" + late.path;
  for (SinkSpec& sink : spec.sinks) {
    if (sink.output_mode.empty()) sink.output_mode = spec.output_mode;
  }
}

}  // namespace

std::string Problem::to_string() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  if (!out.empty()) out += ": ";
  return out + (field.empty() ? "" : field + ": ") + message;
}

Result<PipelineSpec> parse_pipeline(std::string_view text, const std::string& origin, std::vector<Problem>& problems) {
  const size_t problems_before = problems.size();
  PipelineSpec spec;
  if (const auto root = parse_document(text, origin, problems)) {
    Reader reader(origin == kRequestOrigin ? Reader::Author::kRequest : Reader::Author::kFile, problems);
    spec.canonical = reader.section(*root, "", pipeline_fields(spec));
    if (root->kind == Node::Kind::kMapping) check_whole(reader, *root, spec);
  }
  if (problems.size() != problems_before) {
    sort_by_place(problems, problems_before);
    const Status all = summary_of(problems, problems_before);
    return Status::user("invalid_pipeline", std::string(all.detail()), std::string(all.field()));
  }
  fill_defaults(spec);
  return spec;
}

}  // namespace laketide::config
