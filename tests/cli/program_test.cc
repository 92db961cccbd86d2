// Commands as a person types them: what they print, and how they end.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/command_line.h"
#include "support/temp_dir.h"

namespace laketide::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string written(const TempDir& folder, const std::string& name, const std::string& text) {
  const std::string file = folder.path() + "/" + name;
  std::ofstream(file) << text;
  return file;
}

TEST(Program, WrongUseIsTwo) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{}, {"sreve"}, {"serve", "--confg", "x"}, {"check"}, {"sql"}, {"sql", "SELECT 1"}, {"sql", "SELECT 1", "--table", "t", "-o", "xml"}, {"sql", "SELECT 1", "--table", "a/t", "--table", "b/t"},
                                                                    {"sql", "SELECT 1", "--table", "a", "--file", "b", "--schema"}, {"produce"}, {"produce", "--topic", "t", "--rate", "-1"},
                                                                    {"stream"}, {"stream", "show"}, {"stream", "list", "-o", "xml"}, {"stream", "epochs", "n", "--limit", "0"},
                                                                    {"batch"}, {"batch", "run"}, {"batch", "run", "--topic", "a", "--pipeline", "b"}, {"batch", "status"},
                                                                    {"batch", "run", "--topic", "a", "--wait", "soon"}, {"batch", "list", "--status", "done"},
                                                                    {"pool", "set"}, {"pool", "set", "p"}, {"pool", "set", "p", "--max-share", "all"}}) {
    const Ended wrong = run(arguments);
    EXPECT_EQ(wrong.code, 2) << testing::PrintToString(arguments);
    EXPECT_FALSE(wrong.err.empty());
  }
}

const std::vector<std::vector<std::string>>& all_commands() {
  static const std::vector<std::vector<std::string>> all{
      {"serve"}, {"check"}, {"run"}, {"sql"}, {"produce"}, {"status"}, {"stop"}, {"version"}, {"table", "show"}, {"table", "log"}, {"table", "cat"}, {"table", "verify"},
      {"stream", "start"}, {"stream", "stop"}, {"stream", "list"}, {"stream", "show"}, {"stream", "epochs"}, {"stream", "pause"}, {"stream", "resume"}, {"stream", "reset"},
      {"batch", "run"}, {"batch", "status"}, {"batch", "list"}, {"batch", "cancel"}, {"batch", "receipt"},
      {"pipeline", "list"}, {"pipeline", "show"}, {"pipeline", "plan"}, {"pipeline", "put"}, {"pipeline", "delete"}, {"pool", "list"}, {"pool", "set"}};
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text = "laketide";
  for (const std::string& word : words) text += " " + word;
  return text;
}

TEST(Program, EveryCommandHasExamples) {
  const Ended help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, testing::AllOf(HasSubstr("4 a dependency could not be reached"), testing::Not(HasSubstr("man-page"))));
  for (std::vector<std::string> command : all_commands()) {
    const std::string typed = joined(command);
    const std::string text = run([&] { auto words = command; words.push_back("--help"); return words; }()).out;
    EXPECT_THAT(text, HasSubstr("Examples:\n  " + typed)) << typed;
    command.insert(command.begin(), "help");
    EXPECT_EQ(run(command).out, text) << "the same, asked for in another way";
  }
  for (const char* group : {"table", "stream", "batch", "pipeline", "pool"}) {
    EXPECT_THAT(run({group, "--help"}).out, HasSubstr(std::string("Examples:\n  laketide ") + group + " "));
  }
  EXPECT_THAT(run({"stream", "stop", "--help"}).out, HasSubstr("1: still draining"));
}

TEST(Program, TheManualPageIsThatOfTheseCommands) {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  std::ifstream file(std::string(root != nullptr ? root : "../..") + "/conf/man/laketide.1");
  std::stringstream shipped;
  shipped << file.rdbuf();
  const std::string page = run({"man-page"}).out;
  EXPECT_EQ(shipped.str(), page) << "make it again: laketide man-page > conf/man/laketide.1";
  for (const auto& command : all_commands()) EXPECT_THAT(page, HasSubstr(".SS " + joined(command)));
}

TEST(Program, AMisspeltWordIsNamedWithTheNearest) {
  EXPECT_THAT(run({"sreve"}).err, HasSubstr("laketide: unknown: sreve; did you mean serve?"));
  EXPECT_THAT(run({"stream", "lst"}).err, HasSubstr("unknown: lst; did you mean list?"));
  EXPECT_THAT(run({"batch", "run", "--tpic=events"}).err, HasSubstr("unknown: --tpic; did you mean --topic?"));
  EXPECT_THAT(run({"run", "a.yaml", "--frm", "earliest"}).err, HasSubstr("did you mean --from?"));
  EXPECT_THAT(run({"quit"}).err, HasSubstr("unknown: quit"));
}

TEST(Program, ASettingDoesNotTakeTheWordsBehindIt) {
  const TempDir folder;
  const Ended wrong = run({"run", "--set", "server.lisen=x", "--set", "engine.threds=1", folder.path() + "/none.yaml"});
  EXPECT_EQ(wrong.code, 3);
  EXPECT_THAT(wrong.err, testing::AllOf(HasSubstr("--set server.lisen"), HasSubstr("--set engine.threds"), HasSubstr("none.yaml: cannot be read")));
}

TEST(Program, VersionNamesTheLibraries) {
  const Ended text = run({"version"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, testing::AllOf(HasSubstr("laketide "), HasSubstr("librdkafka 2."), HasSubstr("boost 1."), HasSubstr("libpq "), HasSubstr("arrow ")));
  const json versions = json::parse(run({"version", "-o", "json"}).out);
  for (const char* name : {"version", "commit", "librdkafka", "arrow", "libpq", "boost"}) EXPECT_TRUE(versions.contains(name)) << name;
}

TEST(Check, PrintsPlansOfWhatIsRight) {
  const TempDir folder;
  const std::string pipeline = written(folder, "p.yaml", "name: n\nsource: { kafka: { topic: events } }\nsinks: [ { delta: { path: d, partition_by: id } } ]\n");
  const Ended right = run({"check", pipeline});
  EXPECT_EQ(right.code, 0) << right.err;
  EXPECT_THAT(right.out, testing::AllOf(HasSubstr("pipeline n"), HasSubstr("source events: Kafka events from earliest, as json, schema inferred"),
                                        HasSubstr("sink   delta:d: append to the Delta table d, partitioned by id"), HasSubstr("start  by hand")));
  const json document = json::parse(run({"check", "-o", "json", pipeline}).out);
  EXPECT_EQ(document["pipelines"][0]["name"], "n");
  EXPECT_TRUE(document["problems"].empty());
}

TEST(Check, ShowsEveryProblemOfEveryFileAndIsThree) {
  const TempDir folder;
  const std::string service = written(folder, "s.yaml", "server: { lisen: x }\n");
  const std::string pipeline = written(folder, "p.yaml", "name: n\nsource: { kafka: { topc: t } }\nsinks: [ console: {} ]\n");
  const Ended wrong = run({"check", service, pipeline, folder.path() + "/none.yaml"});
  EXPECT_EQ(wrong.code, 3);
  EXPECT_THAT(wrong.err, testing::AllOf(HasSubstr("s.yaml:1:11: server.lisen: unknown key \"lisen\"; did you mean \"listen\"?"),
                                        HasSubstr("p.yaml:2:20: source.kafka.topc: unknown key \"topc\"; did you mean \"topic\"?"), HasSubstr("none.yaml: cannot be read")));
  const json document = json::parse(run({"check", "-o", "json", service}).out);
  EXPECT_EQ(document["problems"][0]["field"], "server.lisen");
  EXPECT_EQ(document["problems"][0]["column"], 11);
}

TEST(Check, AServiceFileBringsItsPipelinesAndPools) {
  const TempDir folder;
  const std::string rest = "\nsource: { kafka: { topic: t } }\nsinks: [ console: {} ]\n";
  written(folder, "a.yaml", "name: a\npool: fast" + rest);
  const std::string service = written(folder, "s.yml", "pipelines: [ " + folder.path() + "/*.yaml ]\nserver: { listen: \"0.0.0.0:8080\" }\n");
  const Ended wrong = run({"check", service});
  EXPECT_EQ(wrong.code, 3);
  EXPECT_THAT(wrong.err, testing::AllOf(HasSubstr("no such pool in the service file: \"fast\""), HasSubstr("server.allow_unauthenticated: true")));
}

TEST(Check, TheShippedFilesAreRight) {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  const std::string conf = std::string(root != nullptr ? root : "../..") + "/conf/";
  const Ended shipped = run({"check", conf + "laketide.yaml", conf + "pipelines/example.yaml"});
  EXPECT_EQ(shipped.code, 0) << shipped.err;
}

TEST(Serve, RefusedConfigurationIsThree) {
  const TempDir folder;
  const Ended missing = run({"serve", "--config", folder.path() + "/none.yaml"});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("none.yaml: cannot be read: No such file"));
  const std::string service = written(folder, "s.yaml", "state: { dir: " + folder.path() + "/state }\npipelines: [ " + folder.path() + "/none-*.yaml ]\n");
  const Ended set = run({"serve", "--config", service, "--set", "server.lisen=x"});
  EXPECT_EQ(set.code, 3);
  EXPECT_THAT(set.err, HasSubstr("--set server.lisen: server.lisen: unknown key"));
  const Ended exposed = run({"serve", "--config", service, "--set", "server.listen=0.0.0.0:0"});
  EXPECT_EQ(exposed.code, 3);
  EXPECT_THAT(exposed.err, HasSubstr("server.token_file"));
  const ApiServer other;
  const Ended taken = run({"serve", "--config", service, "--set", "server.listen=127.0.0.1:" + std::to_string(other.server->port())});
  EXPECT_EQ(taken.code, 3);
  EXPECT_THAT(taken.err, HasSubstr("another process listens on this address"));
}

TEST(Produce, AnUnreachableBrokerIsFourAndBadSettingsAreThree) {
  const TempDir folder;
  const std::string service = written(folder, "s.yaml", "kafka: { client: { message.timeout.ms: \"200\" } }\n");
  const Ended away = run({"produce", "--config", service, "--brokers", "127.0.0.1:1", "--topic", "t", "--count", "1"});
  EXPECT_EQ(away.code, 4) << away.err;
  EXPECT_THAT(away.err, HasSubstr("127.0.0.1:1"));
  const std::string bad = written(folder, "b.yaml", "kafka: { client: { no.such.setting: \"1\" } }\n");
  EXPECT_EQ(run({"produce", "--config", bad, "--topic", "t", "--count", "1"}).code, 3);
}

TEST_F(Remote, StartsShowsAndStopsStreams) {
  const Ended started = call({"stream", "start", "--topic", "events"});
  EXPECT_EQ(started.code, 0) << started.err;
  EXPECT_EQ(started.out, "events is STARTING (run run-1)\n");
  EXPECT_EQ(call({"stream", "start", "averages"}).code, 0);
  EXPECT_EQ(api_.engine->started().at(1).pipeline, "averages");
  EXPECT_THAT(call({"stream", "list"}).out, testing::AllOf(HasSubstr("events"), HasSubstr("averages"), HasSubstr("STARTING")));
  EXPECT_EQ(json::parse(call({"stream", "list", "-o", "json"}).out)["streams"].size(), 2u);
  EXPECT_THAT(call({"stream", "show", "events"}).out, HasSubstr("STARTING"));
  EXPECT_THAT(call({"stream", "epochs", "events", "--limit", "3"}).out, HasSubstr("2026-01-02T03:04:06"));
  EXPECT_THAT(call({"status"}).out, testing::AllOf(HasSubstr("ready: http://127.0.0.1"), HasSubstr("averages")));
  EXPECT_THAT(call({"stream", "stop", "events", "--now"}).out, HasSubstr("STOPPED"));
  EXPECT_TRUE(api_.engine->last_stop_was_now());
  EXPECT_EQ(call({"stop"}).code, 0);
  EXPECT_TRUE(api_.engine->stop_was_begun());
}

TEST_F(Remote, AStopThatDidNotDrainIsOneAndSaysSo) {
  http::ServerOptions impatient;
  impatient.limits.drain = std::chrono::milliseconds(1);
  const ApiServer api(impatient);
  const std::string url = "http://127.0.0.1:" + std::to_string(api.server->port());
  api.engine->set_slow_drain();
  for (const char* name : {"slow", "tidy"}) ASSERT_EQ(run({"stream", "start", name, "--url", url}).code, 0);
  const Ended text = run({"stream", "stop", "slow", "--url", url});
  EXPECT_EQ(text.code, 1);
  EXPECT_THAT(text.out, HasSubstr("DRAINING"));
  EXPECT_THAT(text.err, testing::AllOf(HasSubstr("still draining"), HasSubstr(": slow\n")));
  const Ended document = run({"stream", "stop", "-o", "json", "--url", url});
  EXPECT_EQ(document.code, 1);
  EXPECT_EQ(json::parse(document.out)["streams"].size(), 2u);
  EXPECT_THAT(document.err, HasSubstr(": slow, tidy\n"));
}

TEST_F(Remote, AStopThatEndsInAnErrorIsOne) {
  StreamStatus stream;
  stream.id = "run-1";
  stream.pipeline = "orders";
  stream.state = StreamState::kRunning;
  api_.engine->set_stream(stream);
  api_.engine->set_slow_drain();
  std::thread failure([&] {
    while (api_.engine->stream("orders")->state != StreamState::kDraining) std::this_thread::yield();
    stream.state = StreamState::kFailed;
    stream.error_code = "disk_full";
    stream.reason = "no space is left";
    api_.engine->set_stream(stream);
  });
  const Ended failed = call({"stream", "stop", "orders"});
  failure.join();
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, testing::AllOf(HasSubstr("FAILED"), HasSubstr("no space is left (disk_full)")));
  EXPECT_EQ(failed.err, "laketide: ended with an error instead of committing what was read: orders\n");
}

TEST_F(Remote, StoppingWhatDoesNotRunIsDone) {
  const Ended nothing = call({"stream", "stop"});
  EXPECT_EQ(nothing.code, 0);
  EXPECT_EQ(nothing.out, "no streams\n");
  EXPECT_EQ(nothing.err, "");
}

TEST_F(Remote, SendsAFileAsADocument) {
  const TempDir folder;
  const std::string file = written(folder, "p.yaml", "name: n\nsource: { kafka: { topic: t } }\nsinks: [ console: {} ]\n");
  EXPECT_EQ(call({"stream", "start", "--file", file}).code, 0);
  EXPECT_EQ(json::parse(api_.engine->started().at(0).document)["name"], "n");
  const std::string wrong = written(folder, "w.yaml", "name: n\nsorce: {}\nsinks: [ console: {} ]\n");
  const Ended refused = call({"stream", "start", "--file", wrong});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("w.yaml:2:1: sorce: unknown key \"sorce\"; did you mean \"source\"?"));
}

TEST_F(Remote, ARefusalEndsAsWhatWasRefused) {
  const auto code_of = [&](const Status& status) {
    api_.engine->set_start_failure(status);
    return call({"stream", "start", "--topic", "events"}).code;
  };
  EXPECT_EQ(code_of(Status::user("other_spec", "another document")), 1);
  EXPECT_EQ(code_of(Status::user("ambiguous_topic", "two of them")), 1);
  EXPECT_EQ(code_of(Status::user("bad_document", "wrong")), 3) << "configuration";
  EXPECT_EQ(code_of(Status::user("syntax", "no such column")), 3);
  EXPECT_EQ(code_of(Status::user("bad_offsets", "soon")), 2) << "an option";
  EXPECT_EQ(code_of(Status::user("bad_value", "x")), 2);
  EXPECT_EQ(code_of(Status::internal("internal", "x")), 1);
}

TEST_F(Remote, TablesFitWhateverTheyHold) {
  StreamStatus stream;
  stream.pipeline = "orders";
  for (int i = 0; i < 9; ++i) stream.topics.push_back("\u6CE8\u6587\u6CE8\u6587\u6CE8\u6587");
  api_.engine->set_stream(stream);
  for (const int columns : {120, 80, 60}) {
    std::istringstream lines(call({"stream", "list"}, {columns, 0}).out);
    for (std::string line; std::getline(lines, line);) {
      int64_t width = 0;
      for (const char c : line) width += (c & 0xC0) == 0x80 ? 0 : (c & 0x80) != 0 ? 2 : 1;  // all that is not ASCII here is wide
      EXPECT_LE(width, columns) << line;
    }
  }
}

TEST_F(Remote, ARefusalIsOneWithItsCode) {
  const Ended refused = call({"stream", "show", "nothing"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err, "laketide: no such stream: nothing (unknown_pipeline, field name)\n  `laketide pipeline list` shows the pipelines, `laketide stream list` the streams\n");
  EXPECT_EQ(call({"stream", "start"}).code, 2);
  EXPECT_EQ(call({"stream", "start", "a", "--topic", "b"}).code, 2);
  api_.engine->set_ready(Status::external("starting", "streams are being restored"));
  EXPECT_EQ(call({"status"}).code, 1);
}

TEST(RemoteUse, NobodyThereIsFourAndABadUrlIsTwo) {
  uint16_t port = 0;
  {
    const ApiServer gone;
    port = gone.server->port();
  }
  const Ended away = run({"stream", "list", "--url", "http://127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(away.code, 4);
  EXPECT_THAT(away.err, HasSubstr("is `laketide serve` running"));
  EXPECT_EQ(run({"stream", "list", "--url", "ftp://x"}).code, 2);
  EXPECT_EQ(run({"stream", "list", "--token-file", "/no/such/file"}).code, 2);
}

}  // namespace
}  // namespace laketide::cli
