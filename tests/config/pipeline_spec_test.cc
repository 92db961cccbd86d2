#include "config/pipeline_spec.h"

#include <chrono>
#include <cstdlib>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/offset_setting.h"

namespace laketide::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

PipelineSpec parse(const std::string& text, const std::string& origin = "p.yaml") {
  std::vector<Problem> problems;
  auto spec = parse_pipeline(text, origin, problems);
  EXPECT_TRUE(spec.ok()) << spec.status().detail();
  return spec.ok() ? *spec : PipelineSpec{};
}

std::string failure(const std::string& text, const std::string& origin = "p.yaml") {
  std::vector<Problem> problems;
  const auto spec = parse_pipeline(text, origin, problems);
  EXPECT_FALSE(spec.ok());
  return std::string(spec.status().detail());
}

const KafkaSourceSpec& kafka_of(const PipelineSpec& spec, size_t i = 0) { return std::get<KafkaSourceSpec>(spec.sources.at(i).from); }

constexpr const char* kFull = R"(
name: sensor-averages
sources:
  events:
    kafka:
      topics: [a, b]
      start: { a: { 0: 100, p1: -2 } }
      max_offsets_per_epoch: 500000
      max_rate_per_partition: 1000
      fail_on_data_loss: false
      group_id: g
      brokers: k:1
      client: { security.protocol: SASL_SSL, sasl.password: "${LT_TEST_PASSWORD}" }
    format:
      json: { schema: "id int not null", schema_policy: rescue, tombstones: skip }
  ticks: { rate: { rows_per_second: 10, partitions: 2 } }
sql: SELECT 1
trigger: { processingTime: 10 seconds }
sinks:
  - postgres: { table: public.averages, mode: upsert, key: [ts, id], order_by: ts, url: "postgresql://u:${LT_TEST_PASSWORD}@h/d" }
    id: pg
  - delta: { path: averages/, partition_by: id, compression: snappy, target_file_bytes: 64MiB, select: SELECT * FROM ticks }
  - console:
bad_records: { policy: drop, max_ratio: 5%, over: 7 }
pool: p
lanes: 3
autostart: true
)";

TEST(PipelineSpec, ReadsEveryKey) {
  setenv("LT_TEST_PASSWORD", "hunter2", 1);
  const PipelineSpec spec = parse(kFull);
  EXPECT_EQ(spec.name, "sensor-averages");
  ASSERT_EQ(spec.sources.size(), 2u);
  EXPECT_EQ(spec.sources[0].name, "events");
  const KafkaSourceSpec& kafka = kafka_of(spec);
  EXPECT_THAT(kafka.topics, ElementsAre("a", "b"));
  EXPECT_EQ(kafka.start, R"({"a":{"0":100,"1":-2}})");
  EXPECT_EQ(kafka.max_offsets_per_epoch, 500000);
  EXPECT_EQ(kafka.max_rate_per_partition, 1000);
  EXPECT_FALSE(kafka.fail_on_data_loss);
  EXPECT_EQ(kafka.group_id, "g");
  EXPECT_EQ(kafka.brokers, "k:1");
  EXPECT_EQ(kafka.client.at("sasl.password"), "hunter2");
  EXPECT_EQ(spec.sources[0].format.schema, "id int not null");
  EXPECT_EQ(spec.sources[0].format.schema_policy, "rescue");
  EXPECT_EQ(spec.sources[0].format.tombstones, "skip");
  EXPECT_EQ(std::get<RateSourceSpec>(spec.sources[1].from).rows_per_second, 10);
  EXPECT_EQ(std::get<RateSourceSpec>(spec.sources[1].from).partitions, 2);
  EXPECT_EQ(spec.sql, "SELECT 1");
  EXPECT_EQ(spec.trigger.every, std::chrono::seconds(10));
  ASSERT_EQ(spec.sinks.size(), 3u);
  EXPECT_EQ(spec.sinks[0].id, "pg");
  EXPECT_EQ(spec.sinks[0].url, "postgresql://u:hunter2@h/d");
  EXPECT_THAT(spec.sinks[0].key, ElementsAre("ts", "id"));
  EXPECT_EQ(spec.sinks[0].order_by, "ts");
  EXPECT_EQ(spec.sinks[1].id, "delta:averages");
  EXPECT_EQ(spec.sinks[1].path, "averages");
  EXPECT_THAT(spec.sinks[1].partition_by, ElementsAre("id"));
  EXPECT_EQ(spec.sinks[1].compression, "snappy");
  EXPECT_EQ(spec.sinks[1].target_file_bytes, 64 << 20);
  EXPECT_EQ(spec.sinks[1].output_mode, "append");
  EXPECT_EQ(spec.sinks[2].id, "console");
  EXPECT_EQ(spec.bad_records.policy, "drop");
  EXPECT_DOUBLE_EQ(spec.bad_records.max_ratio, 0.05);
  EXPECT_EQ(spec.bad_records.over, 7);
  EXPECT_EQ(spec.pool, "p");
  EXPECT_EQ(spec.lanes, 3);
  EXPECT_TRUE(spec.autostart);
}

TEST(PipelineSpec, TablesAndFilesAreInputs) {
  const auto parsed = [](const std::string& source) {
    std::vector<Problem> problems;
    auto spec = parse_pipeline("name: n\nsource: " + source + "\nsinks: [ { console: {} } ]\n", "a.yaml", problems);
    EXPECT_TRUE(spec.ok()) << (problems.empty() ? "" : problems.front().to_string());
    return spec->sources.front();
  };
  const SourceSpec table = parsed("{ delta: { path: /lake/gold/orders/, version: 12 } }");
  EXPECT_TRUE(table.is_bounded());
  EXPECT_EQ(table.name, "orders");
  EXPECT_EQ(std::get<DeltaSourceSpec>(table.from).version, 12);
  EXPECT_EQ(std::get<DeltaSourceSpec>(parsed("{ delta: { path: t, version: latest } }").from).version, std::nullopt);
  const SourceSpec files = parsed("{ files: { path: \"in/*.csv\", schema: \"id int\", delimiter: \";\", header: false } }");
  EXPECT_EQ(files.name, "input");
  EXPECT_EQ(files.format.kind, "csv");
  EXPECT_EQ(files.format.schema, "id int");
  EXPECT_EQ(std::get<FilesSourceSpec>(files.from).delimiter, ";");
  EXPECT_FALSE(std::get<FilesSourceSpec>(files.from).header);
  EXPECT_EQ(parsed("{ files: { path: in/day.jsonl } }").name, "day");
  EXPECT_EQ(std::get<FilesSourceSpec>(parsed("{ files: { path: in, format: parquet } }").from).format, "parquet");
}

TEST(PipelineSpec, StaticTablesAreOfOneKind) {
  std::vector<Problem> problems;
  const auto spec = parse_pipeline("name: n\nsource: { kafka: { topic: t } }\nsinks: [ { console: {} } ]\ntables:\n  a: { delta: { path: gold/a, version: 3 } }\n"
                                   "  b: { files: { path: in/b.csv, schema: \"id int\" }, refresh: 5m }\n  c: { postgres: { table: public.c } }\n", "a.yaml", problems);
  ASSERT_TRUE(spec.ok()) << (problems.empty() ? "" : problems.front().to_string());
  ASSERT_EQ(spec->tables.size(), 3U);
  EXPECT_EQ(spec->tables[0].kind, "delta");
  EXPECT_EQ(spec->tables[0].delta.path, "gold/a");
  EXPECT_EQ(spec->tables[0].delta.version, 3);
  EXPECT_EQ(spec->tables[0].refresh, std::nullopt);
  EXPECT_EQ(spec->tables[1].kind, "files");
  EXPECT_EQ(spec->tables[1].files.format, "csv");
  EXPECT_EQ(spec->tables[1].format.schema, "id int");
  EXPECT_EQ(spec->tables[1].refresh, std::chrono::minutes(5));
  EXPECT_EQ(spec->tables[2].kind, "postgres");
}

TEST(PipelineSpec, FillsDefaults) {
  const PipelineSpec spec = parse(R"({"name":"n","source":{"kafka":{"topic":"events"}},"sinks":[{"delta":{"path":"p"}}]})", "request");
  EXPECT_EQ(spec.sources[0].name, "events") << "one source is named by its topic";
  EXPECT_EQ(kafka_of(spec).start, "earliest");
  EXPECT_EQ(kafka_of(spec).group_id, "laketide-n");
  EXPECT_TRUE(kafka_of(spec).fail_on_data_loss);
  EXPECT_EQ(spec.sources[0].format.kind, "json");
  EXPECT_EQ(spec.trigger.every, std::nullopt);
  EXPECT_EQ(spec.lanes, std::nullopt);
  EXPECT_FALSE(spec.autostart);
  EXPECT_EQ(spec.canonical, R"({"name":"n","sinks":[{"delta":{"path":"p"}}],"source":{"kafka":{"topics":["events"]}}})");
}

TEST(PipelineSpec, NamesASourceOfSeveralTopicsInput) {
  for (const char* kafka : {"topics: [a, b]", "subscribe: 'a, b'", "pattern: ^a"}) {
    EXPECT_EQ(parse("name: n\nsource: { kafka: { " + std::string(kafka) + " } }\nsinks: [ console: {} ]").sources[0].name, "input");
  }
}

TEST(PipelineSpec, TakesSparksOptionNames) {
  const PipelineSpec spec = parse(R"({"name":"n","sinks":[{"console":{}}],"source":{"kafka":{
    "kafka.bootstrap.servers":"h:1","subscribe":"a,b","startingOffsets":"{\"a\":{\"0\":23,\"1\":-2},\"b\":{\"0\":-1}}",
    "maxOffsetsPerTrigger":10,"failOnDataLoss":false}}})");
  EXPECT_THAT(kafka_of(spec).topics, ElementsAre("a", "b"));
  EXPECT_EQ(kafka_of(spec).brokers, "h:1");
  EXPECT_EQ(kafka_of(spec).start, R"({"a":{"0":23,"1":-2},"b":{"0":-1}})");
  EXPECT_EQ(kafka_of(spec).max_offsets_per_epoch, 10);
  EXPECT_FALSE(kafka_of(spec).fail_on_data_loss);
}

TEST(PipelineSpec, TakesTriggersInEachSpelling) {
  const auto trigger_of = [](const std::string& trigger) {
    return parse("name: n\nsource: { kafka: { topic: t } }\nsinks: [ console: {} ]\ntrigger: " + trigger);
  };
  EXPECT_EQ(trigger_of("once").trigger.kind, TriggerSpec::Kind::kOnce);
  EXPECT_EQ(trigger_of("available_now").trigger.kind, TriggerSpec::Kind::kAvailableNow);
  EXPECT_EQ(trigger_of("{ availableNow: true }").canonical, trigger_of("available_now").canonical);
  EXPECT_EQ(trigger_of("{ epoch: 5 s }").trigger.kind, TriggerSpec::Kind::kEpoch);
  EXPECT_EQ(trigger_of("{ continuous: 5 s }").trigger.kind, TriggerSpec::Kind::kContinuous);
  EXPECT_EQ(trigger_of("{ continuous: 5 s }").trigger.every, std::chrono::seconds(5));
}

TEST(PipelineSpec, ReadsStartInEachSpelling) {
  const auto start_of = [](const std::string& start) {
    return kafka_of(parse("name: n\nsource: { kafka: { topic: t, start: " + start + " } }\nsinks: [ console: {} ]")).start;
  };
  EXPECT_EQ(start_of("latest"), "latest");
  EXPECT_EQ(start_of("-2"), "earliest");
  EXPECT_EQ(start_of("{ 0: 5, p1: latest, 2: earliest }"), R"({"0":5,"1":-1,"2":-2})");
  EXPECT_EQ(start_of("'{\"p0\": 5}'"), R"({"0":5})");
  EXPECT_EQ(start_of("{ t: { 0: 5 } }"), R"({"0":5})") << "the only topic need not be named";
  EXPECT_EQ(start_of("1700000000123"), "2023-11-14T22:13:20.123000Z");
  EXPECT_EQ(start_of("2023-11-14T22:13:20.123Z"), "2023-11-14T22:13:20.123000Z");
  EXPECT_EQ(start_of("2023-11-15 00:13:20+02:00"), "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(start_of("2023-11-14"), "2023-11-14T00:00:00.000000Z");
  EXPECT_FALSE(parse_offsets("2023-02-30", "start").ok());
  EXPECT_FALSE(parse_offsets("2023-02-01T25:00", "start").ok());
  EXPECT_FALSE(parse_offsets("2023-02-01T10:00Zebra", "start").ok());
  EXPECT_FALSE(parse_offsets("{}", "start").ok());
  EXPECT_FALSE(parse_offsets("{\"0\": 1", "start").ok());
}

TEST(PipelineSpec, ReadsDeduplicateAndLateRows) {
  const PipelineSpec spec = parse("name: n\nsource: { kafka: { topic: t }, event_time: { column: ts }, deduplicate: { key: [id, ts], within: 10m } }\n"
                                  "late_rows: { delta: { path: late/, partition_by: [id], compression: snappy } }\nsinks: [ { delta: { path: p } } ]");
  EXPECT_THAT(spec.sources[0].deduplicate.key, ElementsAre("id", "ts"));
  EXPECT_EQ(spec.sources[0].deduplicate.within, std::chrono::minutes(10));
  EXPECT_EQ(spec.late_rows.path, "late");
  EXPECT_EQ(spec.late_rows.id, "late:late");
  EXPECT_EQ(spec.late_rows.compression, "snappy");
  EXPECT_THAT(spec.late_rows.partition_by, ElementsAre("id"));
  const PipelineSpec plain = parse("name: n\nsource: { kafka: { topic: t }, deduplicate: { key: id } }\nsinks: [ { delta: { path: p } } ]");
  EXPECT_FALSE(plain.sources[0].deduplicate.within);
  EXPECT_EQ(plain.late_rows.path, "");
}

TEST(PipelineSpec, CanonicalFormIsTheSameForTheSameSpec) {
  const std::string yaml =
      "name: n\ntrigger: { epoch: 1m }\nlanes: auto\nsource: { kafka: { topic: t, start: { p1: 1, 0: 2 } }, format: json }\n"
      "sinks: [ { console: { rows: 5 }, id: x } ]\nbad_records: { max_ratio: 50% }\npool: null\n";
  const std::string json =
      R"({"sinks":[{"console":{"id":"x","rows":5}}],"bad_records":{"max_ratio":0.5},"lanes":"auto","name":"n",)"
      R"("source":{"format":{"json":{}},"kafka":{"start":"{\"0\":2,\"1\":1}","subscribe":"t"}},"trigger":{"processingTime":60000}})";
  EXPECT_EQ(parse(yaml).canonical, parse(json, "request").canonical);
  EXPECT_EQ(parse(yaml).canonical,
            R"({"bad_records":{"max_ratio":0.5},"lanes":"auto","name":"n","sinks":[{"console":{"id":"x","rows":5}}],)"
            R"("source":{"format":{"json":{}},"kafka":{"start":{"0":2,"1":1},"topics":["t"]}},"trigger":{"epoch":"1m"}})");
}

TEST(PipelineSpec, CanonicalFormReadsBackAsItself) {
  setenv("LT_TEST_PASSWORD", "hunter2", 1);
  const PipelineSpec spec = parse(kFull);
  EXPECT_EQ(parse(spec.canonical).canonical, spec.canonical);
  EXPECT_EQ(parse(spec.canonical).sinks[0].url, spec.sinks[0].url);
}

TEST(PipelineSpec, CanonicalFormHoldsVariablesNotSecrets) {
  setenv("LT_TEST_PASSWORD", "hunter2", 1);
  setenv("LT_TEST_LANES", "3", 1);
  const PipelineSpec spec = parse("lanes: ${LT_TEST_LANES}\nname: n\nsource: { kafka: { topic: t } }\nsinks: [ { postgres: { table: t, url: 'host=h password=${LT_TEST_PASSWORD}' } } ]");
  EXPECT_EQ(spec.lanes, 3);
  EXPECT_EQ(spec.sinks[0].url, "host=h password=hunter2");
  EXPECT_THAT(spec.canonical, HasSubstr(R"("lanes":"${LT_TEST_LANES}")"));
  EXPECT_THAT(spec.canonical, Not(HasSubstr("hunter2")));
}

TEST(PipelineSpec, RefusesLiteralSecretsInEverySpelling) {
  for (const char* url : {"postgresql://u:x@h/d", "postgresql://h/d?user=u&password=x", "host=h password=x", "host=h password = x",
                          "postgresql://u:${P:-x}@h/d", "postgresql://u:a${P}@h/d", "jdbc:postgresql://h/d?password=x"}) {
    EXPECT_THAT(failure("name: n\nsource: { kafka: { topic: t } }\nsinks: [ { postgres: { table: t, url: '" + std::string(url) + "' } } ]"),
                HasSubstr("a secret must not stand"))
        << url;
  }
}

TEST(PipelineSpec, ARequestMayNotReachTheServersFilesAndVariables) {
  const auto sink = [](const std::string& text) { return R"({"name":"n","source":{"kafka":{"topic":"t"}},"sinks":[)" + text + "]}"; };
  EXPECT_THAT(failure(sink(R"({"delta":{"path":"/etc"}})"), "request"), HasSubstr("relative to the lake root"));
  EXPECT_EQ(parse(sink(R"({"delta":{"path":"/etc"}})")).sinks[0].path, "/etc");
  EXPECT_THAT(failure(sink(R"({"postgres":{"table":"t","url":"host=h sslkey=/etc/key"}})"), "request"), HasSubstr("names a file"));
  EXPECT_THAT(failure(R"({"name":"n","source":{"kafka":{"topic":"t","client":{"ssl.ca.location":"/etc/passwd"}}},"sinks":[{"console":{}}]})", "request"),
              HasSubstr("refused over HTTP"));
  EXPECT_EQ(parse(sink(R"({"delta":{"path":"${HOME}"}})"), "request").sinks[0].path, "${HOME}");
}

TEST(PipelineSpec, ReadsJsonEscapesBeyondTheBasicPlane) {
  const PipelineSpec spec = parse(R"({"name":"n","source":{"kafka":{"topic":"t"}},"sinks":[{"delta":{"path":"\ud83d\ude00\u00e9\\ud83d"}}]})");
  EXPECT_EQ(spec.sinks[0].path, "\xF0\x9F\x98\x80\xC3\xA9\\ud83d");
}

TEST(PipelineSpec, SurvivesGarbage) {
  std::mt19937 random(20260131);
  const std::string seed = kFull;
  const std::string letters = "{}[]:,-&*!|>'\"%@`#? \n\t\\a0\xC3\xFF";
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = seed.substr(random() % 200, random() % seed.size());
    for (unsigned edits = random() % 8; edits > 0 && !text.empty(); --edits) {
      text[random() % text.size()] = letters[random() % letters.size()];
    }
    std::vector<Problem> problems;
    const bool ok = parse_pipeline(text, i % 2 == 0 ? "request" : "p.yaml", problems).ok();
    ASSERT_EQ(ok, problems.empty()) << text;
    refused += !ok;
  }
  EXPECT_GT(refused, 4500);
}

}  // namespace
}  // namespace laketide::config
