// What a person sees who mistyped something: the place, the field, and what to write instead.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/service_config.h"
#include "support/temp_dir.h"

namespace laketide::config {
namespace {

using testing::HasSubstr;

struct Mistake {
  const char* text;
  const char* place;  // ":line:column: field: "
  const char* hint;   // part of the message
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.text; }

class ServiceMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ServiceMistake, IsShownWithPlaceAndHint) {
  const TempDir folder;
  const std::string file = folder.path() + "/laketide.yaml";
  std::ofstream(file) << GetParam().text;
  std::vector<Problem> problems;
  const auto config = load_service(file, {}, problems);
  ASSERT_FALSE(config.ok());
  ASSERT_EQ(problems.size(), 1u) << config.status().detail();
  EXPECT_THAT(problems[0].to_string(), HasSubstr(file + GetParam().place));
  EXPECT_THAT(problems[0].to_string(), HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, ServiceMistake,
    testing::Values(
        Mistake{"server: { lisen: 127.0.0.1:1 }", ":1:11: server.lisen: ", "did you mean \"listen\"?"},
        Mistake{"server:\n  listen: 8080", ":2:11: server.listen: ", "127.0.0.1:8080"},
        Mistake{"server:\n  listen: \"::1:8080\"", ":2:11: server.listen: ", "[::1]:8080"},
        Mistake{"server:\n  listen: a:70000", ":2:11: server.listen: ", "expected address:port"},
        Mistake{"sever: {}", ":1:1: sever: ", "did you mean \"server\"?"},
        Mistake{"colour: red", ":1:1: colour: ", "valid here: server, engine, pools"},
        Mistake{"server: [1]", ":1:9: server: ", "expected a mapping such as { listen: … }, got a list"},
        Mistake{"server:\n  allow_unauthenticated: yes", ":2:26: server.allow_unauthenticated: ", "expected true or false, got \"yes\""},
        Mistake{"server: { stop_deadline: soon }", ":1:26: server.stop_deadline: ", "a duration such as 500ms, 30s"},
        Mistake{"server: { stop_deadline: 0s }", ":1:26: server.stop_deadline: ", "out of range: 0ms is not from 1s to 1h"},
        Mistake{"engine: { threads: 0 }", ":1:20: engine.threads: ", "out of range: 0 is not from 1 to 256"},
        Mistake{"engine: { threads: \"4\" }", ":1:20: engine.threads: ", "expected auto or a whole number, got \"4\"; write it without quotes"},
        Mistake{"engine: { memory: 1GiBB }", ":1:19: engine.memory: ", "expected auto or a size such as 64KiB"},
        Mistake{"engine: { memory: 1KiB }", ":1:19: engine.memory: ", "out of range: 1KiB is not from 64MiB"},
        Mistake{"engine:\n  quantum: 1s", ":2:12: engine.quantum: ", "100us to 10ms"},
        Mistake{"engine: { pools_file: /nowhere/fairscheduler.xml }", ":1:23: engine.pools_file: ", "/nowhere/fairscheduler.xml: cannot be read"},
        Mistake{"pools:\n  p: { weight: -1 }", ":2:16: pools.p.weight: ", "out of range: -1"},
        Mistake{"pools:\n  p: { policy: fair }", ":2:16: pools.p.policy: ", "did you mean \"FAIR\"?"},
        Mistake{"pools:\n  p: { memory: 170% }", ":2:16: pools.p.memory: ", "out of range: 1.7 is not from 0 to 1"},
        Mistake{"pools:\n  p: { min_share: 2, max_share: 1 }", ":2:6: pools.p: ", "max_share is less than min_share: 1 < 2"},
        Mistake{"pools:\n  p: { wieght: 1 }", ":2:8: pools.p.wieght: ", "did you mean \"weight\"?"},
        Mistake{"kafka: { brokers: localhost }", ":1:19: kafka.brokers: ", "expected host:port"},
        Mistake{"kafka:\n  client: { plugin.library.paths: x }", ":2:13: kafka.client.plugin.library.paths: ", "it loads code"},
        Mistake{"kafka:\n  client: { sasl.kerberos.kinit.cmd: x }", ":2:13: kafka.client.sasl.kerberos.kinit.cmd: ", "it runs a command"},
        Mistake{"kafka:\n  client: { bootstrap.servers: x }", ":2:13: kafka.client.bootstrap.servers: ", "write it as `brokers`"},
        Mistake{"postgres: { url: mysql://x }", ":1:18: postgres.url: ", "postgresql://user@host:5432/database"},
        Mistake{"lake: { root: s3://bucket }", ":1:15: lake.root: ", "object storage is not supported by this version"},
        Mistake{"stream_defaults:\n  pool: streming-pool", ":2:9: stream_defaults.pool: ", "did you mean \"streaming-pool\"?"},
        Mistake{"batch_defaults: { pool: batch-pol }", ":1:25: batch_defaults.pool: ", "did you mean \"batch-pool\"?"},
        Mistake{"log: { level: warning }", ":1:15: log.level: ", "did you mean \"warn\"?"},
        Mistake{"log: { level: info }\nlog: { format: json }", ":2:1: ", "the key \"log\" is here twice; the first is in line 1"},
        Mistake{"a: &x 1\nb: *x", ":1:4: ", "anchors (&) and aliases (*) are not supported"},
        Mistake{"server:\n  listen: ${LAKETIDE_TEST_UNSET}", ":2:11: server.listen: ", "the variable LAKETIDE_TEST_UNSET is not set"},
        Mistake{"server:\n  token_file: ${file:/no/such/file}", ":2:15: server.token_file: ", "No such file"},
        Mistake{"server:\n\tlisten: x", ":2:1: ", "indent with spaces"},
        Mistake{"server: {}\n---\nlog: {}", ":3:1: ", "one file holds one document"},
        Mistake{"server: !!str x", ":1:9: ", "tags are not supported"},
        Mistake{"- server", ":1:1: ", "expected a mapping"}));

class PipelineMistake : public testing::TestWithParam<Mistake> {};

TEST_P(PipelineMistake, IsShownWithPlaceAndHint) {
  std::vector<Problem> problems;
  const auto spec = parse_pipeline(GetParam().text, "p.yaml", problems);
  ASSERT_FALSE(spec.ok());
  EXPECT_EQ(spec.status().code(), "invalid_pipeline");
  ASSERT_EQ(problems.size(), 1u) << spec.status().detail();
  EXPECT_THAT(problems[0].to_string(), HasSubstr(std::string("p.yaml") + GetParam().place));
  EXPECT_THAT(problems[0].to_string(), HasSubstr(GetParam().hint));
}

#define SOURCE "source: { kafka: { topic: t } }\n"
#define SINKS "sinks: [ { delta: { path: t } } ]\n"

INSTANTIATE_TEST_SUITE_P(
    Mistakes, PipelineMistake,
    testing::Values(
        Mistake{SOURCE SINKS, ":1:1: name: ", "name: sensor-averages"},
        Mistake{"name: a b\n" SOURCE SINKS, ":1:7: name: ", "A-Z a-z 0-9"},
        Mistake{"name: ../x\n" SOURCE SINKS, ":1:7: name: ", "begins with a letter"},
        Mistake{"name: n\n" SINKS, ":1:1: sources: ", "source: { kafka: { topic: events } }"},
        Mistake{"name: n\n" SOURCE, ":1:1: sinks: ", "delta: { path: averages }"},
        Mistake{"name: n\nsources: { a: { kafka: { topic: t } } }\n" SOURCE SINKS, ":3:1: source: ", "stands beside `sources`"},
        Mistake{"name: n\nsource: { kafka: {} }\n" SINKS, ":2:18: source.kafka: ", "pattern: \"^events-.*\""},
        Mistake{"name: n\nsource: { kafka: { topic: t, pattern: ^t } }\n" SINKS, ":2:18: source.kafka: ", "both topics and a pattern"},
        Mistake{"name: n\nsource: { kafka: { topic: t, topics: [u] } }\n" SINKS, ":2:30: source.kafka.topics: ", "\"topics\" and \"topic\" are the same setting"},
        Mistake{"name: n\nsource: { kafka: { topic: \"a/b\" } }\n" SINKS, ":2:27: source.kafka.topics: ", "letters A-Z"},
        Mistake{"name: n\nsource: { kafka: { pattern: events-.* } }\n" SINKS, ":2:29: source.kafka.pattern: ", "begins with ^"},
        Mistake{"name: n\nsource: { kafka: { topic: t, start: 100 } }\n" SINKS, ":2:37: source.kafka.start: ", "write {\"0\": 100}"},
        Mistake{"name: n\nsource: { kafka: { topic: t, start: newest } }\n" SINKS, ":2:37: source.kafka.start: ", "expected earliest, latest"},
        Mistake{"name: n\nsource: { kafka: { topic: t, start: { 0: -3 } } }\n" SINKS, ":2:37: source.kafka.start: ", "-2 (earliest)"},
        Mistake{"name: n\nsource: { kafka: { topics: [a, b], start: { 0: 1 } } }\nsql: SELECT 1\n" SINKS, ":2:18: source.kafka.start: ", "name them"},
        Mistake{"name: n\nsource: { kafka: { topic: t, start: { u: { 0: 1 } } } }\n" SINKS, ":2:18: source.kafka.start: ", "does not read: u"},
        Mistake{"name: n\nsource: { kafka: { topic: t, max_rate_per_partition: 0 } }\n" SINKS, ":2:54: source.kafka.max_rate_per_partition: ", "from 1 to"},
        Mistake{"name: n\nsource: { kafka: { topic: t, client: { sasl.password: x } } }\n" SINKS, ":2:55: source.kafka.client.sasl.password: ", "a secret must not stand"},
        Mistake{"name: n\nsource: { kafka: { topic: t }, format: avro }\n" SINKS, ":2:40: source.format.avro: ", "json, text and raw"},
        Mistake{"name: n\nsource: { kafka: { topic: t }, format: { jsn: {} } }\n" SINKS, ":2:42: source.format.jsn: ", "did you mean \"json\"?"},
        Mistake{"name: n\nsource: { kafka: { topic: t }, event_time: { delay: 3s } }\n" SINKS, ":2:44: source.event_time: ", "names no column, such as { column: ts, delay: 30s }"},
        Mistake{"name: n\nsource: { files: { path: x } }\n" SINKS, ":2:18: source.files: ", "add format: parquet, csv or json"},
        Mistake{"name: n\nsource: { files: { format: csv } }\n" SINKS, ":2:18: source.files: ", "names no file"},
        Mistake{"name: n\nsource: { files: { path: a.parquet, header: false } }\n" SINKS, ":2:37: source.files.header: ", "is for csv"},
        Mistake{"name: n\nsource: { files: { path: a.csv, delimiter: ab } }\n" SINKS, ":2:44: source.files.delimiter: ", "one character"},
        Mistake{"name: n\nsource: { files: { path: ../a.csv } }\n" SINKS, ":2:26: source.files.path: ", "must not climb"},
        Mistake{"name: n\nsource: { delta: {} }\n" SINKS, ":2:18: source.delta: ", "names no table"},
        Mistake{"name: n\nsource: { delta: { path: t, version: newest } }\n" SINKS, ":2:38: source.delta.version: ", "expected"},
        Mistake{"name: n\nsource: { delta: { path: t }, format: json }\n" SINKS, ":2:31: source.format: ", "makes columns, not bytes"},
        Mistake{"name: n\nsource: { delta: { path: t }, kafka: { topic: t } }\n" SINKS, ":2:9: source: ", "one of kafka, rate, delta and files"},
        Mistake{"name: n\nsource: {}\n" SINKS, ":2:9: source: ", "one of kafka, rate, delta and files"},
        Mistake{"name: n\ntables: { a: {} }\n" SOURCE SINKS, ":2:14: tables.a: ", "says not where the table is"},
        Mistake{"name: n\noutput_mode: updates\n" SOURCE SINKS, ":2:14: output_mode: ", "did you mean \"update\"?"},
        Mistake{"name: n\ntrigger: twice\n" SOURCE SINKS, ":2:10: trigger.twice: ", "valid here: epoch, once, available_now, continuous"},
        Mistake{"name: n\ntrigger: { once: false }\n" SOURCE SINKS, ":2:18: trigger.once: ", "is chosen by true"},
        Mistake{"name: n\ntrigger: { once: true, epoch: 1s }\n" SOURCE SINKS, ":2:10: trigger: ", "one trigger"},
        Mistake{"name: n\ntrigger: { continuous: 2h }\n" SOURCE SINKS, ":2:24: trigger.continuous: ", "2h is not from 5ms to 1h"},
        Mistake{"name: stop\n" SOURCE SINKS, ":1:7: name: ", "paths of the API"},
        Mistake{"name: n\ntrigger: { epoch: 4 }\n" SOURCE SINKS, ":2:19: trigger.epoch: ", "4ms is not from 5ms to 1h"},
        Mistake{"name: n\nlanes: many\n" SOURCE SINKS, ":2:8: lanes: ", "auto or a whole number"},
        Mistake{"name: n\nbad_records: { policy: ignore }\n" SOURCE SINKS, ":2:24: bad_records.policy: ", "quarantine, drop, fail"},
        Mistake{"name: n\n" SOURCE "sinks: { delta: { path: t } }", ":3:8: sinks: ", "a list of sinks such as - delta"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: {} } ]", ":3:19: sinks[0].delta: ", "add path: averages"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: ../x } } ]", ":3:27: sinks[0].delta.path: ", "must not climb"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: _quarantine/x } } ]", ":3:27: sinks[0].delta.path: ", "choose another folder"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: a, mode: upsert } } ]", ":3:19: sinks[0].delta: ", "key: [id]"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: a, mode: replace } } ]", ":3:36: sinks[0].delta.mode: ", "overwrite"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: a, delete_when: gone } } ]", ":3:19: sinks[0].delta: ", "mode: upsert"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: a, retain: soon } } ]", ":3:38: sinks[0].delta.retain: ", "duration"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: a, compression: gzip } } ]", ":3:43: sinks[0].delta.compression: ", "one of zstd, snappy"},
        Mistake{"name: n\n" SOURCE "sinks: [ { kafka: { topic: a } } ]", ":3:12: sinks[0].kafka: ", "later"},
        Mistake{"name: n\n" SOURCE "sinks: [ { postgres: { table: a.b.c } } ]", ":3:31: sinks[0].postgres.table: ", "schema.table"},
        Mistake{"name: n\n" SOURCE "sinks: [ { postgres: { table: a, mode: upsert } } ]", ":3:22: sinks[0].postgres: ", "key: [id]"},
        Mistake{"name: n\n" SOURCE "sinks: [ { postgres: { table: a, key: [b] } } ]", ":3:22: sinks[0].postgres: ", "add the mode"},
        Mistake{"name: n\n" SOURCE "sinks: [ { postgres: { table: a, url: \"postgresql://u:secret@h/d\" } } ]", ":3:39: sinks[0].postgres.url: ", "a secret must not stand"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: a } }, { delta: { path: a } } ]", ":3:34: sinks[1].id: ", "its own `id`: delta:a"},
        Mistake{"name: n\n" SOURCE "sinks: [ { delta: { path: a }, console: {} } ]", ":3:10: sinks[0]: ", "an entry names one sink"},
        Mistake{"{\"name\": \"n\", \"source\": {\"kafka\": {\"topic\": \"t\"}},\n \"sinks\": [{\"delta\": {\"pth\": \"t\"}}]}", ":2:23: sinks[0].delta.pth: ", "did you mean \"path\"?"},
        Mistake{"name: n\nsources: { a: { kafka: { topic: t } }, b: { kafka: { topic: u } } }\n" SINKS, ":1:1: sql: ", "several sources need a query"}));

TEST(Mistakes, AllAreShownAtOnceInTheOrderOfTheFile) {
  const TempDir folder;
  const std::string file = folder.path() + "/laketide.yaml";
  std::ofstream(file) << "log: { level: loud }\nserver:\n  listen: nowhere\n  tokenfile: x\nkafka: { brokers: [] }\n";
  std::vector<Problem> problems;
  ASSERT_FALSE(load_service(file, {"engine.threds=2", "x"}, problems).ok());
  std::vector<std::string> fields;
  for (const Problem& problem : problems) fields.push_back(problem.field);
  EXPECT_THAT(fields, testing::ElementsAre("engine.threds", "", "log.level", "server.listen", "server.tokenfile", "kafka.brokers"));
  EXPECT_THAT(problems[1].to_string(), HasSubstr("expected section.key=value"));
  EXPECT_THAT(problems[0].to_string(), testing::StartsWith("--set engine.threds: engine.threds: unknown key"));
}

TEST(Mistakes, ASecretIsNotRepeated) {
  const TempDir folder;
  const std::string file = folder.path() + "/laketide.yaml";
  std::ofstream(file) << "postgres: { url: \"hunter2\" }\nkafka: { client: { sasl.password: [hunter2] } }";
  std::vector<Problem> problems;
  const auto config = load_service(file, {}, problems);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(std::string(config.status().detail()), testing::Not(HasSubstr("hunter2")));
}

TEST(Mistakes, WhatIsTooDeepOrTooLargeIsRefused) {
  std::vector<Problem> problems;
  EXPECT_FALSE(parse_pipeline("a: " + std::string(100'000, '['), "p.yaml", problems).ok());
  problems.clear();
  EXPECT_FALSE(parse_pipeline("a: " + std::string(40, '[') + std::string(40, ']'), "p.yaml", problems).ok());
  EXPECT_FALSE(parse_pipeline("a: " + std::string(300'000, 'x'), "p.yaml", problems).ok());
  EXPECT_FALSE(parse_pipeline(std::string("a: \0b", 5), "p.yaml", problems).ok());
  EXPECT_FALSE(parse_pipeline("a: \xC0\xAF", "p.yaml", problems).ok());
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_THAT(problems[0].to_string(), HasSubstr("p.yaml:1:35: nested deeper than 32 levels"));
  EXPECT_THAT(problems[1].to_string(), HasSubstr("larger than 256 KiB"));
  EXPECT_THAT(problems[2].to_string(), HasSubstr("p.yaml:1:4: a control byte"));
  EXPECT_THAT(problems[3].to_string(), HasSubstr("p.yaml:1:4: not UTF-8"));
}

}  // namespace
}  // namespace laketide::config
