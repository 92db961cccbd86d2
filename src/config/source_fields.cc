#include <algorithm>
#include <memory>

#include "base/offset_setting.h"
#include "base/quantity.h"
#include "config/client_settings.h"
#include "config/field.h"
#include "config/pipeline_fields.h"

namespace laketide::config {
namespace {

constexpr std::string_view kSourceExample = "{ kafka: { topic: events } }";
constexpr int64_t kRateMax = 1'000'000'000;
constexpr int64_t kOffsetsMax = 1'000'000'000'000;
constexpr size_t kTopicLengthMax = 249;
using namespace std::chrono_literals;
constexpr std::chrono::microseconds kDelayMax = 24h * 365;

/// Topics as a list, as one, or Spark's way, with commas between.
std::string read_topics(Reader& reader, const Node& node, const std::string& path, std::vector<std::string>& into) {
  Node list = node;
  if (node.kind == Node::Kind::kScalar && node.text.find(',') != std::string::npos && !node.text.starts_with("${")) {
    list = Node{};
    list.kind = Node::Kind::kSequence;
    list.place = node.place;
    for (size_t begin = 0; begin <= node.text.size();) {
      const size_t end = std::min(node.text.find(',', begin), node.text.size());
      Node item = node;
      item.text = node.text.substr(begin, end - begin);
      item.text.erase(0, item.text.find_first_not_of(' '));
      list.items.push_back(std::move(item));
      begin = end + 1;
    }
  }
  return list_field("topics", into, "", check_topic).read(reader, list, path);
}

Field topics_field(std::vector<std::string>& into) {
  Field field{"topics", "one topic or several; with commas between, as Spark writes them, too", [&into](Reader& reader, const Node& node, const std::string& path) {
                return read_topics(reader, node, path, into);
              }};
  return with_aliases(with_type(std::move(field), "list of texts, or one"), {"topic", "subscribe"});
}

/// A mapping as the JSON text it could also have been written as: a plain number is one, all else is text.
std::string text_of(const Node& node) {
  if (node.kind == Node::Kind::kScalar) return !node.quoted && parse_integer(node.text) ? node.text : json_text(node.text);
  std::map<std::string, std::string> members;
  for (const Node::Member& member : node.members) members[member.key] = text_of(member.value);
  return json_object(members);
}

std::string read_start(Reader& reader, const Node& node, const std::string& path, std::string& into) {
  std::optional<std::string> text = text_of(node);
  if (node.kind == Node::Kind::kScalar) text = reader.scalar(node, path, "earliest, latest, offsets or a time");
  if (!text) return {};
  const Result<OffsetSetting> start = parse_offsets(*text, path);
  if (!start.ok()) {
    reader.refuse(node.place, path, std::string(start.status().detail()));
    return {};
  }
  into = offsets_text(*start);
  return reader.canonical_of(node, start->partitions() != nullptr ? into : json_text(into));
}

Field start_field(std::string& into) {
  Field field{"start", "where to begin if there is no progress yet",
              [&into](Reader& reader, const Node& node, const std::string& path) { return read_start(reader, node, path, into); }};
  return with_aliases(with_type(std::move(field), "earliest, latest, offsets, time", into), {"startingOffsets", "starting_offsets"});
}

/// Offsets must name the topics of a source that has several; of one that has one, they need not.
void check_start(Reader& reader, const Node& node, const std::string& path, KafkaSourceSpec& kafka) {
  Result<OffsetSetting> start = parse_offsets(kafka.start, path + ".start");
  const auto* offsets = start.ok() ? start->partitions() : nullptr;
  if (offsets == nullptr) return;
  const bool one_topic = kafka.topics.size() == 1;
  for (const auto& [topic, partitions] : *offsets) {
    const bool known = std::find(kafka.topics.begin(), kafka.topics.end(), topic) != kafka.topics.end();
    if (topic.empty() && !one_topic) {
      reader.refuse(node.place, path + ".start", "this source has several topics: name them, as in {\"events\": {\"0\": 100}}");
    } else if (!topic.empty() && kafka.pattern.empty() && !known) {
      reader.refuse(node.place, path + ".start", "names a topic that the source does not read: " + topic);
    }
  }
  if (one_topic && offsets->contains(kafka.topics[0])) {
    kafka.start = offsets_text({OffsetSetting::PerPartition{{"", offsets->at(kafka.topics[0])}}});
  }
}

std::string check_pattern(const std::string& pattern) {
  return pattern.starts_with('^') ? "" : "a pattern begins with ^ and is matched against whole names, such as \"^events-.*\"";
}

Field limit_field(std::string name, std::optional<int64_t>& into, int64_t max, std::string doc) {
  return integer_field(std::move(name), [&into](int64_t value) { into = value; }, {1, max}, std::move(doc));
}

std::string read_kafka(Reader& reader, const Node& node, const std::string& path, KafkaSourceSpec& kafka) {
  const size_t problems_before = reader.problem_count();
  const std::vector<Field> fields = kafka_source_fields(kafka);
  const std::string canonical = reader.section(node, path, fields);
  if (reader.problem_count() != problems_before) return canonical;
  if (kafka.topics.empty() && kafka.pattern.empty()) {
    reader.refuse(node.place, path, "names no topic; add topic: events, or topics: [a, b], or pattern: \"^events-.*\"");
  } else if (!kafka.topics.empty() && !kafka.pattern.empty()) {
    reader.refuse(node.place, path, "names both topics and a pattern; keep one");
  }
  check_start(reader, node, path, kafka);
  return canonical;
}

std::string read_rate(Reader& reader, const Node& node, const std::string& path, RateSourceSpec& rate) {
  return reader.section(node, path, rate_source_fields(rate));
}

Field tombstones_field(FormatSpec& format) {
  return word_field("tombstones", format.tombstones, {"row", "skip", "delete"}, "what a record without value becomes");
}

std::string read_json_format(Reader& reader, const Node& node, const std::string& path, FormatSpec& format) {
  if (const Node::Member* policy = node.find("schema_policy"); policy != nullptr && policy->value.text == "evolve") {
    reader.refuse(policy->value.place, path + ".schema_policy", "this version does not evolve schemas yet; use ignore, rescue or fail");
    return {};
  }
  return reader.section(node, path, json_format_fields(format));
}

/// `format: json`, or `format: { json: { schema: … } }`.
std::string read_format(Reader& reader, const Node& node, const std::string& path, FormatSpec& format) {
  const std::string later = "this version reads json, text and raw; this format comes in a later one";
  const auto kind = [&](const char* name, std::function<std::string(Reader&, const Node&, const std::string&)> read) {
    return Field{name, "", [&format, name, read](Reader& r, const Node& n, const std::string& p) {
                   format.kind = name;
                   return read(r, n, p);
                 }};
  };
  std::vector<Field> kinds = {
      kind("json", [&](Reader& r, const Node& n, const std::string& p) { return read_json_format(r, n, p, format); }),
      kind("text", [&](Reader& r, const Node& n, const std::string& p) { return r.section(n, p, {tombstones_field(format)}); }),
      kind("raw", [](Reader& r, const Node& n, const std::string& p) { return r.section(n, p, {}); })};
  for (const char* name : {"avro", "protobuf", "csv", "registry"}) kinds.push_back(refused_field(name, later));
  if (node.kind == Node::Kind::kScalar) {
    Node named;
    named.kind = Node::Kind::kMapping;
    named.place = node.place;
    Node empty = named;
    named.members.push_back({node.text, node.place, std::move(empty)});
    return reader.section(named, path, kinds);
  }
  // `json:` with nothing behind it is the format too, though a null elsewhere means "left out".
  Node filled = node;
  for (Node::Member& member : filled.members) {
    if (member.value.is_null()) member.value.kind = Node::Kind::kMapping;
  }
  if (filled.members.size() > 1) reader.refuse(node.place, path, "a source has one format");
  return reader.section(filled, path, kinds);
}

std::string read_event_time(Reader& reader, const Node& node, const std::string& path, EventTimeSpec& time) {
  const auto span = [](std::chrono::microseconds& into) { return [&into](std::chrono::microseconds value) { into = value; }; };
  const std::string canonical = reader.section(
      node, path,
      {text_field("column", time.column, "a timestamptz or timestamp column"),
       duration_field("delay", span(time.delay), {0us, kDelayMax}, "rows may come this much later than newer ones"),
       duration_field("idle_after", span(time.idle_after), {1ms, kDelayMax}, "a partition that is silent for so long holds nobody back"),
       duration_field("max_future_skew", [&time](std::chrono::microseconds value) { time.max_future_skew = value; }, {0us, kDelayMax},
                      "times further ahead of the clock do not move the watermark"),
       word_field("watermark", time.watermark, {"partitions", "spark"}, "the least of all partitions, or Spark's rule: the largest")});
  if (time.column.empty()) reader.refuse(node.place, path, "names no column, such as { column: ts, delay: 30s }");
  return canonical;
}

std::string read_deduplicate(Reader& reader, const Node& node, const std::string& path, DeduplicateSpec& spec) {
  const std::string canonical = reader.section(
      node, path,
      {list_field("key", spec.key, "columns; of the rows that are alike in them the first stays"),
       duration_field("within", [&spec](std::chrono::microseconds value) { spec.within = value; }, {1ms, kDelayMax}, "of event time; a row that comes later is a first one again; left out: for ever")});
  if (spec.key.empty()) reader.refuse(node.place, path, "names no column, such as { key: [id], within: 10m }");
  return canonical;
}

/// kafka, rate, delta or files; also where there is none or are several, which is refused.
std::string kind_of_source(Reader& reader, const Node& node, const std::string& path) {
  std::string found;
  int count = 0;
  for (const char* kind : {"kafka", "rate", "delta", "files"}) {
    if (node.find(kind) == nullptr) continue;
    found = kind;
    ++count;
  }
  if (count == 1) return found;
  if (node.kind == Node::Kind::kMapping) reader.refuse(node.place, path, "a source has one of kafka, rate, delta and files, such as " + std::string(kSourceExample));
  return "kafka";
}

std::string read_source(Reader& reader, const Node& node, const std::string& path, SourceSpec& source) {
  KafkaSourceSpec kafka;
  RateSourceSpec rate;
  DeltaSourceSpec delta;
  FilesSourceSpec files;
  const std::string kind = kind_of_source(reader, node, path);
  const std::vector<Field> fields = {
      {"kafka", "topics of Kafka", [&](Reader& r, const Node& n, const std::string& p) { return read_kafka(r, n, p, kafka); }},
      {"rate", "rows made by the engine", [&](Reader& r, const Node& n, const std::string& p) { return read_rate(r, n, p, rate); }},
      {"format", "how a record's bytes become columns",
       [&](Reader& r, const Node& n, const std::string& p) { return read_format(r, n, p, source.format); }},
      {"delta", "a Delta table, for batch jobs", [&](Reader& r, const Node& n, const std::string& p) { return read_delta_source(r, n, p, delta); }},
      {"files", "Parquet, CSV or JSON files, for batch jobs",
       [&](Reader& r, const Node& n, const std::string& p) { return read_files_source(r, n, p, files, source.format); }},
      {"event_time", "the column that says when a row happened",
       [&](Reader& r, const Node& n, const std::string& p) { return read_event_time(r, n, p, source.event_time); }},
      {"deduplicate", "of rows that are alike in a key the first one stays",
       [&](Reader& r, const Node& n, const std::string& p) { return read_deduplicate(r, n, p, source.deduplicate); }},
  };
  if (!reader.expect_mapping(node, path, kSourceExample)) return {};
  Node filled = node;
  if (Node::Member* empty = filled.find("rate"); empty != nullptr && empty->value.is_null()) {
    empty->value.kind = Node::Kind::kMapping;
  }
  const std::string canonical = reader.section(filled, path, fields);
  if (source.deduplicate.within && source.event_time.column.empty()) {
    reader.refuse(node.place, path + ".deduplicate", "within is of event time: declare event_time: { column: ts, delay: 30s } beside it, or leave within out");
  }
  if (kind == "rate" && !source.deduplicate.key.empty()) reader.refuse(node.place, path + ".deduplicate", "rate makes rows that are all different; remove it");
  if (kind != "kafka" && node.find("format") != nullptr) {
    const std::string advice = kind == "files" ? "files say their format themselves, as in files: { path: \"in/*.csv\", format: csv }; remove this one"
                                               : kind + " makes columns, not bytes; remove the format";
    reader.refuse(node.find("format")->key_place, path + ".format", advice);
  }
  if (kind == "rate") source.from = rate;
  if (kind == "delta") source.from = std::move(delta);
  if (kind == "files") source.from = std::move(files);
  if (kind == "kafka") source.from = std::move(kafka);
  return canonical;
}

std::string check_table_name(const std::string& name) {
  if (name.empty() || name.size() > kTopicLengthMax) return "a table's name has 1 to 249 letters";
  if (name == "result") return "\"result\" is the pipeline's own result; choose another name";
  return {};
}

std::string read_sources(Reader& reader, const Node& node, const std::string& path, std::vector<SourceSpec>& into) {
  if (!reader.expect_mapping(node, path, "{ events: " + std::string(kSourceExample) + " }")) return {};
  std::map<std::string, std::string> canonical;
  for (const Node::Member& member : node.members) {
    const std::string source_path = path_of(path, member.key);
    if (const std::string wrong = check_table_name(member.key); !wrong.empty()) reader.refuse(member.key_place, source_path, wrong);
    SourceSpec source;
    source.name = member.key;
    canonical[member.key] = read_source(reader, member.value, source_path, source);
    into.push_back(std::move(source));
  }
  if (into.empty()) reader.refuse(node.place, path, "a pipeline needs a source, such as events: " + std::string(kSourceExample));
  return json_object(canonical);
}

}  // namespace

std::vector<Field> kafka_source_fields(KafkaSourceSpec& kafka) {
  return {
      topics_field(kafka.topics),
      with_aliases(text_field("pattern", kafka.pattern, "topics by regular expression", check_pattern), {"subscribePattern"}),
      start_field(kafka.start),
      with_aliases(limit_field("max_offsets_per_epoch", kafka.max_offsets_per_epoch, kOffsetsMax, "records of one epoch at most"),
                   {"maxOffsetsPerTrigger"}),
      with_aliases(limit_field("max_rate_per_partition", kafka.max_rate_per_partition, kRateMax, "records per second at most"),
                   {"maxRatePerPartition"}),
      with_aliases(flag_field("fail_on_data_loss", kafka.fail_on_data_loss, "stop when a range is gone"), {"failOnDataLoss"}),
      with_aliases(with_default(text_field("group_id", kafka.group_id, "group that offsets are mirrored to each second, for lag tools"), "laketide-<pipeline>"), {"kafka.group.id"}),
      with_aliases(kafka_brokers_field(kafka.brokers), {"kafka.bootstrap.servers", "bootstrap_servers"}),
      kafka_client_field(kafka.client, true),
      refused_field("end", "a stream has no end; ranges with an end are for batch jobs, which this version does not have yet"),
      refused_field("endingOffsets", "a stream has no end; ranges with an end are for batch jobs, which this version does not have yet"),
      refused_field("assign", "single partitions cannot be chosen; name topics"),
  };
}

std::vector<Field> rate_source_fields(RateSourceSpec& rate) {
  return {with_default(with_aliases(integer_field("rows_per_second", [&rate](int64_t value) { rate.rows_per_second = value; }, {1, kRateMax}, "rows made per second"),
                                    {"rowsPerSecond"}),
                       std::to_string(rate.rows_per_second)),
          with_default(with_aliases(integer_field("partitions", [&rate](int64_t value) { rate.partitions = static_cast<int32_t>(value); }, {1, 1024},
                                                  "partitions they are spread over"),
                                    {"numPartitions"}),
                       std::to_string(rate.partitions))};
}

std::vector<Field> json_format_fields(FormatSpec& format) {
  return {text_field("schema", format.schema, "columns as in CREATE TABLE; without it they are learnt from the first records"),
          with_default(word_field("schema_policy", format.schema_policy, {"ignore", "rescue", "fail"}, "what to do with unknown fields"),
                       "ignore if a schema is declared, else rescue"),
          tombstones_field(format)};
}

Field sources_field(std::vector<SourceSpec>& into) {
  return with_type({"sources", "inputs; the key is the table's name in SQL", [&into](Reader& reader, const Node& node, const std::string& path) {
            return read_sources(reader, node, path, into);
          }}, "sources by name");
}

Field source_field(std::vector<SourceSpec>& into) {
  return with_type({"source", "one input, named by its topic or its table", [&into](Reader& reader, const Node& node, const std::string& path) {
            SourceSpec source;
            std::string canonical = read_source(reader, node, path, source);
            const auto* kafka = std::get_if<KafkaSourceSpec>(&source.from);
            source.name = kafka != nullptr && kafka->topics.size() == 1 ? kafka->topics[0] : "input";
            if (const auto* delta = std::get_if<DeltaSourceSpec>(&source.from)) source.name = table_name_of(delta->path);
            if (const auto* files = std::get_if<FilesSourceSpec>(&source.from)) source.name = table_name_of(files->path);
            into.push_back(std::move(source));
            return canonical;
          }}, "source");
}

std::string check_topic(const std::string& name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  const bool fits = !name.empty() && name.size() <= kTopicLengthMax && name != "." && name != "..";
  if (fits && name.find_first_not_of(kAllowed) == std::string::npos) return {};
  return "a name has 1 to 249 of the letters A-Z a-z 0-9 . _ -";
}

std::string check_pipeline_name(const std::string& name) {
  if (name.starts_with('.') || name.starts_with('-')) return "a pipeline's name begins with a letter, a digit or _";
  if (name == "start" || name == "stop") return "start and stop are paths of the API; choose another name";
  return check_topic(name);
}

}  // namespace laketide::config
