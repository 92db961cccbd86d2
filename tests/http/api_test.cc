// Each operation over a real socket, against a fake engine.
#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/client.h"
#include "support/api_server.h"

namespace laketide {
namespace {

using nlohmann::json;
using testing::HasSubstr;

StreamStatus running_stream() {
  StreamStatus stream;
  stream.id = "run-9";
  stream.pipeline = "events";
  stream.state = StreamState::kStalled;
  stream.reason = "the broker does not answer";
  stream.error_code = "kafka_unreachable";
  stream.topics = {"events"};
  stream.sinks = {"delta:events"};
  stream.epoch = 7;
  stream.start = "earliest";
  stream.partitions = {{"events", "events", 0, 500, 510, 600, 100}, {"events", "events", 1, -1, -1, std::nullopt, std::nullopt}};
  stream.lag_seconds = 1.5;
  stream.rows_in = 400;
  stream.rows_out = 390;
  stream.quarantined = 4;
  stream.partitions.front().late_rows = 3;
  stream.input_rows_per_second = 12.5;
  stream.last_commit = "2026-01-02T03:04:06.000000Z";
  stream.watermark = "2026-01-02T03:03:36.000000Z";
  stream.tables = {{"users", "2026-01-02T03:00:00.000000Z", 3, "", ""}, {"codes", "", 0, "postgres_unavailable", "no server answers"}};
  stream.state_rows = 12;
  stream.state_bytes = 3456;
  return stream;
}

TEST(Api, StartsAStreamByTopicByNameAndByDocument) {
  const ApiServer api;
  const RawResponse by_topic = api.post("/stream/start", R"({"topic":"events"})");
  EXPECT_EQ(by_topic.status, 200);
  EXPECT_EQ(json::parse(by_topic.body), json::parse(R"({"id":"run-1","pipeline":"events","state":"STARTING","topic":"events","epoch":null,"start":"earliest","error":null})"));
  EXPECT_EQ(api.post("/stream/start", R"({"pipeline":"averages"})").status, 200);
  const std::string document = R"({"name":"n",  "source":{"kafka":{"topic":"t"}},"sinks":[{"console":{}}]})";
  EXPECT_EQ(api.post("/stream/start", document).status, 200);
  const auto started = api.engine->started();
  ASSERT_EQ(started.size(), 3u);
  EXPECT_EQ(started[0].topic, "events");
  EXPECT_EQ(started[1].pipeline, "averages");
  EXPECT_EQ(started[2].document, document) << "as it came, so that problems have their places";
}

TEST(Api, SaysWhatIsWrongWithAStart) {
  const ApiServer api;
  const auto problem = [&](const std::string& body) {
    const RawResponse response = api.post("/stream/start", body);
    const json document = json::parse(response.body);
    EXPECT_TRUE(response.has("Content-Type: application/problem+json"));
    EXPECT_EQ(document["status"], response.status);
    return std::to_string(response.status) + " " + document["code"].get<std::string>() + " " + document.value("field", "");
  };
  EXPECT_EQ(problem(""), "400 missing_field topic");
  EXPECT_EQ(problem(R"({"topik":"events"})"), "400 unknown_field topik");
  EXPECT_EQ(problem(R"({"topic":7})"), "400 wrong_type topic");
  EXPECT_EQ(problem(R"({"topic":""})"), "400 bad_value topic");
  EXPECT_EQ(problem(R"({"topic":"a","pipeline":"b"})"), "400 conflicting_fields pipeline");
  EXPECT_EQ(problem(R"({"topic":"a","sql":"SELECT 1"})"), "400 conflicting_fields topic");
  EXPECT_EQ(problem(R"({"topic":"a","topic":"b"})"), "400 bad_json topic");
  EXPECT_EQ(problem("topic=events"), "400 bad_json ");
  EXPECT_EQ(problem(R"(["events"])"), "400 bad_json ");
  EXPECT_EQ(problem("{\"topic\":\"\xFF\"}"), "400 bad_json ");
  EXPECT_EQ(problem("{\"sql\":" + std::string(40, '[') + std::string(40, ']') + "}"), "400 bad_json ");
  EXPECT_TRUE(api.engine->started().empty());
  api.engine->set_start_failure(Status::user("ambiguous_topic", "two read it: a, b", "topic"));
  EXPECT_EQ(problem(R"({"topic":"a"})"), "409 ambiguous_topic topic");
  api.engine->set_start_failure(Status::user("some_new_code", "no"));
  EXPECT_EQ(problem(R"({"topic":"a"})"), "422 some_new_code ");
  api.engine->set_start_failure(Status::external("ledger_full", "disk full"));
  EXPECT_EQ(problem(R"({"topic":"a"})"), "503 ledger_full ");
  EXPECT_EQ(problem(R"({"topic":"throw"})"), "500 internal ");
}

TEST(Api, ShowsStreams) {
  const ApiServer api;
  EXPECT_EQ(api.get("/stream").body, "{\"streams\":[]}\n");
  api.engine->set_stream(running_stream());
  json expected = json::parse(R"({
    "id":"run-9","pipeline":"events","state":"STALLED","error":{"code":"kafka_unreachable","detail":"the broker does not answer"},
    "topics":["events"],"sinks":["delta:events"],"epoch":7,"start":"earliest","lagRecords":100,"lagSeconds":1.5,
    "rowsIn":400,"rowsOut":390,"quarantined":4,"lateRows":3,"inputRowsPerSecond":12.5,"lastCommit":"2026-01-02T03:04:06.000000Z","tables":[],
    "watermark":"2026-01-02T03:03:36.000000Z","stateRows":12,"stateBytes":3456,
    "tables":[{"table":"users","loadedAt":"2026-01-02T03:00:00.000000Z","rows":3,"error":null},
              {"table":"codes","loadedAt":null,"rows":0,"error":{"code":"postgres_unavailable","detail":"no server answers"}}],
    "partitions":[{"source":"events","topic":"events","partition":0,"committed":500,"read":510,"end":600,"lagRecords":100,"lateRows":3},
                  {"source":"events","topic":"events","partition":1,"committed":null,"read":null,"end":null,"lagRecords":null,"lateRows":0}]})");
  EXPECT_EQ(json::parse(api.get("/stream").body), (json{{"streams", {expected}}}));
  expected["progress"] = {{"batchId", 7}, {"numInputRows", 400}};
  EXPECT_EQ(json::parse(api.get("/stream/events").body), expected);
  EXPECT_EQ(api.get("/stream/other").status, 404);
}

TEST(Api, ShowsReceipts) {
  const ApiServer api;
  api.engine->set_stream(running_stream());
  const json page = json::parse(api.get("/stream/events/epochs?limit=1&before=4").body);
  EXPECT_EQ(page, json::parse(R"({"pipeline":"events","next":3,"epochs":[{
    "epoch":3,"openedAt":"2026-01-02T03:04:05.000000Z","committedAt":"2026-01-02T03:04:06.000000Z",
    "ranges":[{"source":"events","topic":"events","partition":0,"start":100,"end":500}],
    "sinks":[{"sink":"delta:events","commit":"7","rows":390,"quarantined":4}],
    "rowsIn":400,"rowsOut":390,"filtered":6,"quarantined":4}]})"));
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "limit=", "limit=1e1"}) {
    const RawResponse response = api.get(std::string("/stream/events/epochs?") + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(json::parse(response.body)["field"], "limit");
  }
  EXPECT_EQ(json::parse(api.get("/stream/events/epochs?limits=3").body)["code"], "unknown_parameter");
  EXPECT_EQ(json::parse(api.get("/stream/events/epochs?before=-1").body)["field"], "before");
}

TEST(Api, ReceiptsComeInPages) {
  const ApiServer api;
  api.engine->set_stream(running_stream());
  const auto page = [&](const std::string& query) { return json::parse(api.get("/stream/events/epochs" + query).body); };
  std::vector<int64_t> seen;
  std::string query = "?limit=10";
  for (json next = 0; !next.is_null();) {
    const json answer = page(query);
    for (const json& epoch : answer["epochs"]) seen.push_back(epoch["epoch"]);
    next = answer["next"];
    query = "?limit=10&before=" + next.dump();
  }
  std::vector<int64_t> all(25);
  std::iota(all.rbegin(), all.rend(), 0);
  EXPECT_EQ(seen, all);
  EXPECT_EQ(page("")["epochs"].size(), 20u) << "the default";
  EXPECT_EQ(page("?limit=25")["next"], nullptr) << "a full page that is the last";
}

TEST(Api, PausesResumesAndResets) {
  const ApiServer api;
  api.engine->set_stream(running_stream());
  const RawResponse reset = api.post("/stream/events/reset", R"({"start":"earliest"})");
  EXPECT_EQ(reset.status, 409);
  EXPECT_EQ(json::parse(reset.body)["code"], "stream_active");
  EXPECT_EQ(json::parse(api.post("/stream/events/pause").body)["state"], "PAUSED");
  EXPECT_EQ(json::parse(api.post("/stream/events/resume").body)["state"], "STARTING");
  api.post("/stream/stop");
  EXPECT_EQ(json::parse(api.post("/stream/events/reset", R"({"start":{"0":100}})").body), json::parse(R"({"pipeline":"events","state":"STOPPED",
    "start":"{\"0\":100}","epoch":7,"repeats":[{"source":"s","topic":"t","partition":0,"start":10,"end":20}],"notes":["sink \"delta:t\" has their rows a second time"]})"));
  EXPECT_EQ(json::parse(api.post("/stream/events/reset").body)["code"], "missing_field");
  EXPECT_EQ(json::parse(api.post("/stream/events/reset", R"({"start":[1]})").body)["code"], "wrong_type");
  EXPECT_EQ(json::parse(api.post("/stream/events/reset", R"({"end":"latest"})").body)["code"], "unknown_field");
  for (const char* verb : {"pause", "resume"}) EXPECT_EQ(api.post(std::string("/stream/other/") + verb).status, 404);
}

TEST(Api, SaysThatAPauseIsStillDraining) {
  http::ServerOptions options;
  options.limits.drain = std::chrono::milliseconds(50);
  const ApiServer api(options);
  api.engine->set_stream(running_stream());
  api.engine->set_slow_drain();
  const RawResponse response = api.post("/stream/events/pause");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json::parse(response.body)["state"], "DRAINING");
}

TEST(Api, ShowsPipelines) {
  const ApiServer api;
  const json one = {{"name", "one"}, {"origin", "file:conf/pipelines/one.yaml"}, {"readOnly", true}, {"state", nullptr}, {"document", {{"name", "one"}}}};
  EXPECT_EQ(json::parse(api.get("/pipelines").body), (json{{"pipelines", {one}}, {"next", nullptr}}));
  EXPECT_EQ(json::parse(api.get("/pipelines/one").body), one);
  EXPECT_EQ(json::parse(api.get("/pipelines/two").body)["code"], "unknown_pipeline");
}

TEST(Api, PutsPlansAndDeletesPipelines) {
  const ApiServer api;
  const std::string document = R"({"source":{"kafka":{"topic":"t"}},"sinks":[{"delta":{"path":"t"}}]})";
  const RawResponse planned = api.post("/pipelines/two/plan", document);
  EXPECT_EQ(planned.status, 200);
  EXPECT_EQ(json::parse(planned.body)["queryPlan"], "scan\n");
  EXPECT_EQ(api.get("/pipelines/two").status, 404) << "a plan does nothing";
  const RawResponse made = api.call("PUT", "/pipelines/two", document);
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made.has("Location: /pipelines/two\r\n")) << made.head;
  EXPECT_EQ(json::parse(made.body)["change"], "new");
  json named = json::parse(document);
  named["name"] = "two";
  EXPECT_EQ(json::parse(api.get("/pipelines/two").body)["document"], named) << "the path's name is the document's";
  EXPECT_EQ(api.call("PUT", "/pipelines/two", document).status, 200);
  EXPECT_EQ(json::parse(api.call("PUT", "/pipelines/one", document).body)["code"], "pipeline_read_only");
  const json refusal = json::parse(api.post("/pipelines/refused/plan", document).body);
  EXPECT_EQ(refusal["change"], "refused");
  EXPECT_EQ(refusal["wayOut"], "another name");
  EXPECT_EQ(api.call("PUT", "/pipelines/refused", document).status, 409);
  EXPECT_EQ(api.call("PUT", "/pipelines/two", R"({"topic":"t"})").status, 400) << "no start request";
  EXPECT_EQ(api.call("DELETE", "/pipelines/one").status, 409);
  EXPECT_EQ(json::parse(api.call("DELETE", "/pipelines/two").body)["deleted"], true);
  EXPECT_EQ(api.call("DELETE", "/pipelines/two").status, 404);
  EXPECT_TRUE(api.call("PATCH", "/pipelines/one").has("Allow: GET, HEAD, PUT, DELETE\r\n"));
}

TEST(Api, PipelinesComeInPages) {
  const ApiServer api;
  for (const char* name : {"c", "a", "d"}) api.call("PUT", "/pipelines/" + http::path_segment(name), "{}");
  std::vector<std::string> seen;
  std::string query = "?limit=2";
  for (json next = ""; !next.is_null();) {
    const json page = json::parse(api.get("/pipelines" + query).body);
    for (const json& pipeline : page["pipelines"]) seen.push_back(pipeline["name"]);
    next = page["next"];
    if (!next.is_null()) query = "?limit=2&after=" + http::path_segment(next);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "c", "d", "one"}));
  EXPECT_EQ(json::parse(api.get("/pipelines?after=one").body)["pipelines"], json::array());
  EXPECT_EQ(api.get("/pipelines?limit=0").status, 400);
}

TEST(Api, StopsStreamsAndAnswersWhenTheyHaveDrained) {
  http::ServerOptions options;
  options.limits.drain = std::chrono::seconds(20);
  const ApiServer api(options);
  EXPECT_EQ(api.post("/stream/stop").body, "{\"streams\":[]}\n") << "nothing runs";
  api.engine->set_stream(running_stream());
  api.engine->set_slow_drain();
  RawClient client(api.server->port());
  client.send("POST /stream/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 22\r\n\r\n{\"pipeline\": \"events\"}");
  // Only when the engine was asked is the stream draining; then it ends with other offsets.
  while (json::parse(api.get("/stream/events").body)["state"] != "DRAINING") std::this_thread::yield();
  StreamStatus drained = running_stream();
  drained.state = StreamState::kStopped;
  drained.partitions[0].committed = 600;
  api.engine->set_stream(drained);
  const RawResponse response = client.receive();
  EXPECT_EQ(response.status, 200);
  const json stream = json::parse(response.body)["streams"][0];
  EXPECT_EQ(stream["state"], "STOPPED");
  EXPECT_EQ(stream["partitions"][0]["committed"], 600);
  EXPECT_FALSE(api.engine->last_stop_was_now());
}

TEST(Api, SaysThatStreamsAreStillDraining) {
  http::ServerOptions options;
  options.limits.drain = std::chrono::milliseconds(50);
  const ApiServer api(options);
  api.engine->set_stream(running_stream());
  api.engine->set_slow_drain();
  const RawResponse response = api.post("/stream/stop", R"({"topic":"events","mode":"now"})");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json::parse(response.body)["streams"][0]["state"], "DRAINING");
  EXPECT_TRUE(api.engine->last_stop_was_now());
}

TEST(Api, WaitingForADrainHoldsNoWorker) {
  http::ServerOptions options;
  options.limits.workers = 1;
  options.limits.drain = std::chrono::seconds(20);
  const ApiServer api(options);
  api.engine->set_stream(running_stream());
  api.engine->set_slow_drain();
  RawClient waiting(api.server->port());
  waiting.send("POST /stream/stop HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (json::parse(api.get("/stream/events").body)["state"] != "DRAINING") std::this_thread::yield();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(api.get("/stream").status, 200);
}

TEST(Api, SaysWhatIsWrongWithAStop) {
  const ApiServer api;
  const auto problem = [&](const std::string& body) {
    const RawResponse response = api.post("/stream/stop", body);
    return std::to_string(response.status) + " " + json::parse(response.body).value("code", "") + " " + json::parse(response.body).value("field", "");
  };
  EXPECT_EQ(problem(R"({"mode":"later"})"), "400 bad_value mode");
  EXPECT_EQ(problem(R"({"pipeline":""})"), "400 bad_value pipeline") << "never all of them by accident";
  EXPECT_EQ(problem(R"({"pipeline":"a","topic":"b"})"), "400 conflicting_fields topic");
  EXPECT_EQ(problem(R"({"pipeline":"a"})"), "404 unknown_pipeline pipeline");
  EXPECT_EQ(problem(R"({"name":"a"})"), "400 unknown_field name");
}

TEST(Api, ProbesFollowTheEngine) {
  const ApiServer api;
  EXPECT_EQ(api.get("/health").body, "{\"status\":\"ok\"}\n");
  EXPECT_EQ(api.get("/ready").body, "{\"status\":\"ready\"}\n");
  api.engine->set_ready(Status::external("restoring", "intents are being restored"));
  EXPECT_EQ(api.get("/ready").status, 503);
  EXPECT_EQ(api.get("/health").status, 200);
  api.engine->set_health(Status::internal("stuck", "a worker has not moved for 30 s"));
  const RawResponse health = api.get("/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_THAT(health.body, HasSubstr("a worker has not moved"));
  const RawResponse metrics = api.get("/metrics");
  EXPECT_EQ(metrics.body, "# TYPE laketide_up gauge\nlaketide_up 1\n");
  EXPECT_TRUE(metrics.has("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
}

TEST(Api, ProbesAnswerWhileEveryWorkerIsHeld) {
  http::ServerOptions options;
  options.limits.workers = 2;
  options.limits.calls_waiting = 1;
  const ApiServer api(options);
  api.engine->hold_starts();
  std::vector<std::unique_ptr<RawClient>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<RawClient>(api.server->port()));
    held.back()->send("POST /stream/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n{\"topic\": \"t\"}");
  }
  // Two run and one waits once a fourth has no place left.
  RawResponse fourth;
  while ((fourth = api.get("/stream")).status == 200) continue;
  EXPECT_EQ(fourth.status, 503);
  EXPECT_TRUE(fourth.has("Retry-After: 1"));
  EXPECT_EQ(json::parse(fourth.body)["code"], "busy");
  EXPECT_EQ(api.get("/health").status, 200);
  EXPECT_EQ(api.get("/metrics").status, 200);
  api.engine->release();
  for (auto& client : held) EXPECT_EQ(client->receive().status, 200);
}

TEST(Api, BeforeTheEngineIsThereItIsAliveAndNotReady) {
  const ApiServer api({}, false);
  EXPECT_EQ(api.get("/health").status, 200);
  for (const char* path : {"/ready", "/metrics", "/stream", "/pipelines"}) {
    const RawResponse response = api.get(path);
    EXPECT_EQ(response.status, 503) << path;
    EXPECT_EQ(json::parse(response.body)["code"], "starting");
    EXPECT_TRUE(response.has("Retry-After: 1"));
  }
  EXPECT_EQ(api.get("/openapi.json").status, 200);
  api.server->attach(api.engine);
  EXPECT_EQ(api.get("/ready").status, 200);
}

TEST(Api, StopIsAnsweredThenHeard) {
  const ApiServer api;
  EXPECT_FALSE(api.server->wait_for_stop(std::chrono::milliseconds(0)));
  const RawResponse response = api.post("/stop");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, "{\"status\":\"stopping\"}\n");
  EXPECT_TRUE(api.server->wait_for_stop(std::chrono::seconds(10)));
  EXPECT_TRUE(api.engine->stop_was_begun());
  const RawResponse start = api.post("/stream/start", R"({"topic":"t"})");
  EXPECT_EQ(start.status, 503);
  EXPECT_EQ(json::parse(start.body)["code"], "stopping");
  EXPECT_TRUE(start.has("Retry-After: 1"));
  EXPECT_EQ(api.get("/health").status, 200);
  EXPECT_EQ(api.get("/ready").status, 503);
  EXPECT_EQ(api.post("/stop").status, 202) << "twice does no harm";
}

TEST(Api, AStopBeforeTheEngineIsThereReachesIt) {
  const ApiServer api({}, false);
  EXPECT_EQ(api.post("/stop").status, 202);
  api.server->attach(api.engine);
  EXPECT_TRUE(api.engine->stop_was_begun());
}

TEST(Api, IndexNamesEveryPath) {
  const ApiServer api;
  const json index = json::parse(api.get("/").body);
  EXPECT_EQ(index["name"], "laketide");
  bool has_start = false;
  for (const json& link : index["links"]) has_start = has_start || (link["path"] == "/stream/start" && link["method"] == "POST");
  EXPECT_TRUE(has_start);
}

}  // namespace
}  // namespace laketide
