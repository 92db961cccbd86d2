// Batch jobs over a real socket, against a fake engine.
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/api_server.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

JobStatus job_of(const std::string& id, JobState state) {
  JobStatus job;
  job.id = id;
  job.pipeline = "events";
  job.topics = {"events"};
  job.sinks = {"delta:events_batch"};
  job.pool = "batch-pool";
  job.state = state;
  job.attempt = 1;
  job.start_offset = R"({"0":100})";
  job.end_offset = "latest";
  job.submitted_at = "2026-01-02T03:04:05.000000Z";
  job.started_at = "2026-01-02T03:04:06.000000Z";
  job.range = {{"events", 0, 100, 500}};
  job.progress = 0.25;
  job.rows_in = 400;
  job.rows_out = 390;
  job.filtered = 6;
  job.quarantined = 4;
  return job;
}

JobStatus failed_job() {
  JobStatus job = job_of("job-7", JobState::kFailed);
  job.atomic = false;
  job.finished_at = "2026-01-02T03:04:07.000000Z";
  job.committed = {{"events", 0, 100, 300}};
  job.error = JobError{"offsets_gone", "the broker has deleted them", {{"events", 0, 250, 900}}};
  return job;
}

std::string code_and_field(const RawResponse& response) {
  const json problem = json::parse(response.body);
  EXPECT_TRUE(response.has("Content-Type: application/problem+json"));
  EXPECT_EQ(problem["status"], response.status);
  return std::to_string(response.status) + " " + problem["code"].get<std::string>() + " " + problem.value("field", "");
}

TEST(Batch, ANumberOfMillisecondsIsWhole) {
  const ApiServer api;
  EXPECT_EQ(api.post("/batch/run", R"({"topic":"events","startOffset":-5.0,"endOffset":1700000000000})").status, 202);
  const auto submitted = api.engine->batch.submitted();
  ASSERT_EQ(submitted.size(), 1u);
  EXPECT_EQ(submitted[0].start_offset + " " + submitted[0].end_offset, "-5 1700000000000");
  for (const char* wrong : {"1.5", "1e30", "true", "[]", "null"}) {
    EXPECT_EQ(api.post("/batch/run", std::string(R"({"topic":"events","startOffset":)") + wrong + "}").status, 400) << wrong;
  }
}

TEST(Batch, TakesAJobAtOnceAndSaysWhereToLook) {
  const ApiServer api;
  const RawResponse taken = api.post("/batch/run", R"({"topic":"events","startOffset":"{\"p0\":100}","endOffset":"{\"p0\":500}"})");
  EXPECT_EQ(taken.status, 202);
  EXPECT_TRUE(taken.has("Location: /batch/status/job-1\r\n")) << taken.head;
  EXPECT_EQ(json::parse(taken.body), json::parse(R"({
    "jobId":"job-1","status":"QUEUED","statusUrl":"/batch/status/job-1","pipeline":"events","topics":["events"],"sinks":[],"pool":"batch-pool",
    "reason":null,"attempt":0,"atomic":true,"startOffset":"{\"p0\":100}","endOffset":"{\"p0\":500}","submittedAt":"2026-01-02T03:04:05.000000Z",
    "startedAt":null,"finishedAt":null,"range":null,"snapshot":null,"progress":0.0,"rowsIn":0,"rowsOut":0,"filtered":0,"quarantined":0,"error":null,
    "committedOffsets":null,"advice":null})"));
  const auto submitted = api.engine->batch.submitted();
  ASSERT_EQ(submitted.size(), 1u);
  EXPECT_EQ(submitted[0].topic, "events");
  EXPECT_EQ(submitted[0].start_offset, R"({"p0":100})");
  EXPECT_EQ(submitted[0].end_offset, R"({"p0":500})");
  EXPECT_TRUE(submitted[0].atomic);
  EXPECT_FALSE(submitted[0].allow_repeats || submitted[0].deadline || submitted[0].overlap);
  EXPECT_EQ(submitted[0].pipeline + submitted[0].document + submitted[0].pool + submitted[0].idempotency_key, "");
}

TEST(Batch, TheEnvelopeIsTakenOffAWholeDocument) {
  const ApiServer api;
  const std::string plain = R"({"name":"n",  "source":{"kafka":{"topic":"t"}},"sinks":[{"console":{}}]})";
  EXPECT_EQ(api.post("/batch/run", plain).status, 202);
  const RawResponse full = api.post("/batch/run", R"({"startingOffsets":{"z":{"0":5},"a":{"1":-2}},"sources":{"z":{},"a":{}},"endingOffsets":1767322205000,"sql":"SELECT 1","sinks":[],
    "pool":"night","atomic":false,"allowRepeats":true,"idempotencyKey":"k-1","deadline":"10m","overlap":"90s"})");
  EXPECT_EQ(full.status, 202) << full.body;
  EXPECT_EQ(api.post("/batch/run", R"({"pipeline":"averages","startOffset":-2,"endOffset":"latest","overlap":"0s"})").status, 202);
  const auto submitted = api.engine->batch.submitted();
  ASSERT_EQ(submitted.size(), 3u);
  EXPECT_EQ(submitted[0].document, plain) << "as it came, so that problems have their places";
  EXPECT_EQ(submitted[1].document, R"({"sources":{"z":{},"a":{}},"sql":"SELECT 1","sinks":[]})") << "in the order in which it was written";
  EXPECT_EQ(submitted[1].start_offset, R"({"z":{"0":5},"a":{"1":-2}})");
  EXPECT_EQ(submitted[1].end_offset, "1767322205000");
  EXPECT_EQ(submitted[1].pool, "night");
  EXPECT_FALSE(submitted[1].atomic);
  EXPECT_TRUE(submitted[1].allow_repeats);
  EXPECT_EQ(submitted[1].idempotency_key, "k-1");
  EXPECT_EQ(submitted[1].deadline, milliseconds(600'000));
  EXPECT_EQ(submitted[1].overlap, milliseconds(90'000));
  EXPECT_EQ(submitted[2].pipeline, "averages");
  EXPECT_EQ(submitted[2].start_offset, "-2");
  EXPECT_EQ(submitted[2].end_offset, "latest");
  EXPECT_EQ(submitted[2].overlap, milliseconds(0));
  EXPECT_EQ(submitted[2].document, "");
}

TEST(Batch, SaysWhatIsWrongWithARequestAndMakesNoJob) {
  const ApiServer api;
  const auto problem = [&](const std::string& body) { return code_and_field(api.post("/batch/run", body)); };
  EXPECT_EQ(problem(""), "400 missing_field topic");
  EXPECT_EQ(problem(R"({"startOffset":"earliest"})"), "400 missing_field topic");
  EXPECT_EQ(problem("topic=events"), "400 bad_json ");
  EXPECT_EQ(problem(R"({"topik":"events"})"), "400 unknown_field topik");
  EXPECT_EQ(problem(R"({"topic":"a","start_offset":"earliest"})"), "400 unknown_field start_offset");
  EXPECT_EQ(problem(R"({"topic":""})"), "400 bad_value topic");
  EXPECT_EQ(problem(R"({"topic":"a","pipeline":"b"})"), "400 conflicting_fields pipeline");
  EXPECT_EQ(problem(R"({"topic":"a","sql":"SELECT 1"})"), "400 conflicting_fields topic");
  EXPECT_EQ(problem(R"({"pipeline":"a","sql":"SELECT 1"})"), "400 conflicting_fields pipeline");
  EXPECT_EQ(problem(R"({"topic":"a","startOffset":"earliest","startingOffsets":"earliest"})"), "400 conflicting_fields startingOffsets");
  EXPECT_EQ(problem(R"({"topic":"a","endOffset":true})"), "400 wrong_type endOffset");
  EXPECT_EQ(problem(R"({"topic":"a","endingOffsets":[1]})"), "400 wrong_type endingOffsets");
  EXPECT_EQ(problem(R"({"topic":"a","startOffset":1.5})"), "400 wrong_type startOffset");
  EXPECT_EQ(problem(R"({"topic":"a","startOffset":null})"), "400 wrong_type startOffset");
  EXPECT_EQ(problem(R"({"topic":"a","startOffset":""})"), "400 bad_value startOffset");
  EXPECT_EQ(problem(R"({"topic":"a","startOffset":{"0":1,"0":2}})"), "400 bad_json 0");
  EXPECT_EQ(problem(R"({"topic":"a","atomic":"no"})"), "400 wrong_type atomic");
  EXPECT_EQ(problem(R"({"topic":"a","allowRepeats":1})"), "400 wrong_type allowRepeats");
  EXPECT_EQ(problem(R"({"topic":"a","deadline":"soon"})"), "400 bad_value deadline");
  EXPECT_EQ(problem(R"({"topic":"a","deadline":"0s"})"), "400 bad_value deadline");
  EXPECT_EQ(problem(R"({"topic":"a","deadline":60})"), "400 wrong_type deadline");
  EXPECT_EQ(problem(R"({"topic":"a","overlap":"-5m"})"), "400 bad_value overlap");
  EXPECT_EQ(problem(R"({"topic":"a","pool":""})"), "400 bad_value pool");
  EXPECT_EQ(problem(R"({"topic":"a","idempotencyKey":")" + std::string(256, 'k') + "\"}"), "400 bad_value idempotencyKey");
  EXPECT_TRUE(api.engine->batch.submitted().empty());
}

TEST(Batch, PassesTheEnginesRefusalsOn) {
  const ApiServer api;
  const auto refused = [&](const Status& status) {
    api.engine->batch.set_submit_failure(status);
    return api.post("/batch/run", R"({"topic":"a"})");
  };
  EXPECT_EQ(code_and_field(refused(Status::user("unknown_pipeline", "no", "pipeline"))), "404 unknown_pipeline pipeline");
  EXPECT_EQ(code_and_field(refused(Status::user("unknown_pool", "no", "pool"))), "404 unknown_pool pool");
  EXPECT_EQ(code_and_field(refused(Status::user("ambiguous_topic", "a, b", "topic"))), "409 ambiguous_topic topic");
  EXPECT_EQ(code_and_field(refused(Status::user("range_already_in_table", "allowRepeats"))), "409 range_already_in_table ");
  EXPECT_EQ(code_and_field(refused(Status::user("bad_offsets", "no", "startOffset"))), "422 bad_offsets startOffset");
  EXPECT_EQ(code_and_field(refused(Status::user("offsets_reversed", "no", "endOffset"))), "422 offsets_reversed endOffset");
  EXPECT_EQ(code_and_field(refused(Status::user("idempotency_key_reused", "no", "idempotencyKey"))), "422 idempotency_key_reused idempotencyKey");
  EXPECT_EQ(code_and_field(refused(Status::user("stopping", "no"))), "503 stopping ");
  const RawResponse full = refused(Status::user("queue_full", "1000 wait"));
  EXPECT_EQ(code_and_field(full), "429 queue_full ");
  EXPECT_TRUE(full.has("HTTP/1.1 429 Too Many Requests\r\n")) << full.head;
  EXPECT_TRUE(full.has("Retry-After: 1\r\n")) << full.head;
}

TEST(Batch, TheIdempotencyKeyIsInTheHeadOrTheBody) {
  const ApiServer api;
  const auto run = [&](const std::string& fields, const std::string& body = R"({"topic":"t"})") { return api.call("POST", "/batch/run", body, fields); };
  EXPECT_EQ(run("Idempotency-Key: k-1\r\n").status, 202);
  EXPECT_EQ(run("idempotency-key: k-2\r\n", R"({"topic":"t","idempotencyKey":"k-2"})").status, 202);
  EXPECT_EQ(code_and_field(run("Idempotency-Key: k-1\r\n", R"({"topic":"t","idempotencyKey":"k-2"})")), "422 idempotency_keys_differ idempotencyKey");
  EXPECT_EQ(run("Idempotency-Key: a\r\nIdempotency-Key: b\r\n").status, 400);
  EXPECT_EQ(run("Idempotency-Key:\r\n").status, 400);
  const auto submitted = api.engine->batch.submitted();
  ASSERT_EQ(submitted.size(), 2u);
  EXPECT_EQ(submitted[0].idempotency_key, "k-1");
  EXPECT_EQ(submitted[1].idempotency_key, "k-2");
}

TEST(Batch, AWaitEndsWithTheJob) {
  const ApiServer api;
  const auto run = [&](int number, JobState end) {
    const std::string id = "job-" + std::to_string(number);
    api.engine->batch.set_looks({job_of(id, JobState::kQueued), job_of(id, JobState::kRunning), job_of(id, end)});
    const RawResponse response = api.post("/batch/run?wait=300s", R"({"topic":"events"})");
    EXPECT_TRUE(response.has("Location: /batch/status/" + id)) << response.head;
    EXPECT_TRUE(response.has("Content-Type: application/json\r\n"));
    return std::to_string(response.status) + " " + json::parse(response.body)["status"].get<std::string>();
  };
  EXPECT_EQ(run(1, JobState::kSucceeded), "200 SUCCEEDED");
  EXPECT_EQ(run(2, JobState::kFailed), "500 FAILED");
  EXPECT_EQ(run(3, JobState::kCancelled), "200 CANCELLED");
}

TEST(Batch, AWaitThatIsTooShortSaysHowTheJobStands) {
  const ApiServer api;
  api.engine->batch.set_looks({job_of("job-1", JobState::kRunning)});
  const RawResponse response = api.post("/batch/run?wait=30ms", R"({"topic":"events"})");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json::parse(response.body)["status"], "RUNNING");
  EXPECT_GT(api.engine->batch.look_count(), 1);
  api.engine->batch.set_look_failure(Status::external("ledger_full", "disk full"));
  const RawResponse unseen = api.post("/batch/run?wait=30ms", R"({"topic":"events"})");
  EXPECT_EQ(unseen.status, 202) << "the job was taken, whatever the looks say";
  EXPECT_EQ(json::parse(unseen.body)["jobId"], "job-2");
}

TEST(Batch, AWaitIsFromOneMillisecondToFiveMinutes) {
  const ApiServer api;
  for (const char* wait : {"0", "0s", "500us", "301s", "300001", "1h", "soon", "", "-1s"}) {
    EXPECT_EQ(code_and_field(api.post(std::string("/batch/run?wait=") + wait, R"({"topic":"t"})")), "400 bad_value wait") << wait;
  }
  EXPECT_TRUE(api.engine->batch.submitted().empty());
  api.engine->batch.set_looks({job_of("job-1", JobState::kSucceeded)});
  EXPECT_EQ(api.post("/batch/run?wait=5m", R"({"topic":"t"})").status, 200);
  EXPECT_EQ(api.post("/batch/run?wait=1ms", R"({"topic":"t"})").status, 202);
}

TEST(Batch, WaitsHoldNoThread) {
  http::ServerOptions options;
  options.limits.workers = 1;
  const ApiServer api(options);
  std::vector<std::unique_ptr<RawClient>> waiting;
  const std::string body = R"({"topic":"t"})";
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(std::make_unique<RawClient>(api.server->port()));
    waiting.back()->send("POST /batch/run?wait=300s HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  while (api.engine->batch.submitted().size() < waiting.size()) std::this_thread::yield();
  for (int number = 1; number <= 5; ++number) api.engine->batch.set(job_of("job-" + std::to_string(number), JobState::kSucceeded));
  for (auto& client : waiting) EXPECT_EQ(client->receive().status, 200);
}

TEST(Batch, AWaitGoesOnWhileTheServiceIsTooBusyToLook) {
  http::ServerOptions options;
  options.limits.workers = 1;
  options.limits.calls_waiting = 0;
  const ApiServer api(options);
  RawClient client(api.server->port());
  client.send("POST /batch/run?wait=300s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"topic\":\"t\"}");
  while (api.engine->batch.look_count() == 0) std::this_thread::yield();
  api.engine->hold_starts();
  std::thread holder([&] {
    while (api.post("/stream/start", R"({"topic":"t"})").status == 503) continue;  // a look was under way
  });
  while (api.engine->started().empty()) std::this_thread::yield();
  EXPECT_TRUE(client.is_quiet_for(milliseconds(200))) << "503 would say that there is no job";
  api.engine->batch.set(job_of("job-1", JobState::kSucceeded));
  api.engine->release();
  holder.join();
  EXPECT_EQ(client.receive().status, 200);
}

TEST(Batch, AWaitEndsWhenTheServiceStops) {
  const ApiServer api;
  RawClient client(api.server->port());
  client.send("POST /batch/run?wait=300s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"topic\":\"t\"}");
  while (api.engine->batch.look_count() == 0) std::this_thread::yield();
  EXPECT_EQ(api.post("/stop").status, 202);
  const RawResponse response = client.receive();
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json::parse(response.body)["status"], "QUEUED");
  const RawResponse late = api.post("/batch/run", R"({"topic":"t"})");
  EXPECT_EQ(code_and_field(late), "503 stopping ");
  EXPECT_TRUE(late.has("Retry-After: 1"));
}

TEST(Batch, TheStatusIsTheJobsAndTheAnswersSayWhetherItFailed) {
  const ApiServer api;
  for (const JobState state : {JobState::kQueued, JobState::kRunning, JobState::kSucceeded, JobState::kCancelled}) {
    api.engine->batch.set(job_of("job-7", state));
    const RawResponse response = api.get("/batch/status/job-7");
    EXPECT_EQ(response.status, 200);
    const json job = json::parse(response.body);
    EXPECT_EQ(job["status"], to_string(state));
    EXPECT_EQ(job["progress"], 0.25);
    EXPECT_EQ(job["range"], json::parse(R"({"0":[100,500]})"));
  }
  api.engine->batch.set(failed_job());
  const RawResponse failed = api.get("/batch/status/job-7");
  EXPECT_EQ(failed.status, 500);
  EXPECT_TRUE(failed.has("Content-Type: application/json\r\n"));
  EXPECT_EQ(json::parse(failed.body), json::parse(R"({
    "jobId":"job-7","status":"FAILED","statusUrl":"/batch/status/job-7","pipeline":"events","topics":["events"],"sinks":["delta:events_batch"],
    "pool":"batch-pool","reason":null,"attempt":1,"atomic":false,"startOffset":"{\"0\":100}","endOffset":"latest","submittedAt":"2026-01-02T03:04:05.000000Z",
    "startedAt":"2026-01-02T03:04:06.000000Z","finishedAt":"2026-01-02T03:04:07.000000Z","range":{"0":[100,500]},"snapshot":null,"progress":0.25,"rowsIn":400,"rowsOut":390,
    "filtered":6,"quarantined":4,
    "error":{"type":"about:blank","title":"Internal Server Error","status":500,"code":"offsets_gone","detail":"the broker has deleted them","available":{"0":[250,900]}},
    "committedOffsets":{"0":[100,300]},"advice":null})"));
  const RawResponse plain = api.get("/batch/job-7");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.body, failed.body);
  for (const char* path : {"/batch/status/job-8", "/batch/job-8", "/batch/job-8/receipt"}) EXPECT_EQ(code_and_field(api.get(path)), "404 unknown_job jobId") << path;
}

TEST(Batch, OffsetsOfSeveralTopicsStandBelowTheirNames) {
  const ApiServer api;
  JobStatus job = failed_job();
  job.topics = {"a", "b"};
  job.range = {{"a", 0, 1, 5}, {"a", 1, 2, 6}, {"b", 0, 3, 7}};
  job.committed = {{"a", 0, 1, 4}};
  job.error->available = {{"b", 0, 5, 9}};
  job.reason = "why it waits";
  job.advice = "use resume";
  api.engine->batch.set(job);
  const json shown = json::parse(api.get("/batch/job-7").body);
  EXPECT_EQ(shown["range"], json::parse(R"({"a":{"0":[1,5],"1":[2,6]},"b":{"0":[3,7]}})"));
  EXPECT_EQ(shown["committedOffsets"], json::parse(R"({"a":{"0":[1,4]}})"));
  EXPECT_EQ(shown["error"]["available"], json::parse(R"({"b":{"0":[5,9]}})"));
  EXPECT_EQ(shown["reason"], "why it waits");
  EXPECT_EQ(shown["advice"], "use resume");
}

TEST(Batch, ShowsTheReceipt) {
  const ApiServer api;
  api.engine->batch.set(job_of("job-7", JobState::kSucceeded));
  EXPECT_EQ(json::parse(api.get("/batch/job-7/receipt").body), json::parse(R"({"jobId":"job-7","pipeline":"events","epochs":[{
    "epoch":0,"openedAt":"2026-01-02T03:04:05.000000Z","committedAt":"2026-01-02T03:04:06.000000Z",
    "ranges":[{"source":"events","topic":"events","partition":0,"start":100,"end":500}],
    "sinks":[{"sink":"delta:events","commit":"7","rows":390,"quarantined":4}],
    "rowsIn":400,"rowsOut":390,"filtered":6,"quarantined":4}]})"));
}

TEST(Batch, ListsNewestFirstInPages) {
  const ApiServer api;
  EXPECT_EQ(json::parse(api.get("/batch").body), json::parse(R"({"jobs":[],"next":null})"));
  for (const char* id : {"a", "b", "c", "d"}) api.engine->batch.set(job_of(id, JobState::kSucceeded));
  JobStatus other = job_of("e", JobState::kRunning);
  other.pipeline = "other";
  api.engine->batch.set(other);
  const auto page = [&](const std::string& query) {
    const json body = json::parse(api.get("/batch" + query).body);
    std::string ids;
    for (const json& job : body["jobs"]) ids += job["jobId"].get<std::string>();
    return ids + "|" + (body["next"].is_null() ? "" : body["next"].get<std::string>());
  };
  EXPECT_EQ(page(""), "edcba|");
  EXPECT_EQ(page("?limit=2"), "ed|d");
  EXPECT_EQ(page("?limit=2&before=d"), "cb|b");
  EXPECT_EQ(page("?limit=2&before=b"), "a|");
  EXPECT_EQ(page("?limit=5"), "edcba|") << "a page that is just full is the last one";
  EXPECT_EQ(page("?status=SUCCEEDED&limit=3"), "dcb|b");
  EXPECT_EQ(page("?status=FAILED"), "|");
  EXPECT_EQ(page("?pipeline=other"), "e|");
  EXPECT_EQ(page("?pipeline=events&status=RUNNING"), "|");
  api.get("/batch?limit=1000");
  EXPECT_EQ(api.engine->batch.last_filter().count_max, 1001);
}

TEST(Batch, RefusesWhatAListCannotMean) {
  const ApiServer api;
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "status=DONE", "status=", "before=", "pipeline=", "status=running"}) {
    const std::string name = std::string(query).substr(0, std::string(query).find('='));
    EXPECT_EQ(code_and_field(api.get(std::string("/batch?") + query)), "400 bad_value " + name) << query;
  }
  EXPECT_THAT(api.get("/batch?status=DONE").body, HasSubstr("QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED"));
  EXPECT_EQ(code_and_field(api.get("/batch?state=FAILED")), "400 unknown_parameter state");
  EXPECT_EQ(code_and_field(api.get("/batch?Idempotency-Key=k")), "400 unknown_parameter Idempotency-Key");
}

TEST(Batch, CancelsWhatHasNotEnded) {
  const ApiServer api;
  const auto cancel = [&](JobState state) {
    api.engine->batch.set(job_of("job-7", state));
    const RawResponse response = api.post("/batch/cancel/job-7");
    return std::to_string(response.status) + " " + json::parse(response.body)["status"].get<std::string>();
  };
  EXPECT_EQ(cancel(JobState::kQueued), "202 CANCELLED");
  EXPECT_EQ(cancel(JobState::kRunning), "202 CANCELLED");
  EXPECT_EQ(api.engine->batch.cancelled().size(), 2u);
  EXPECT_EQ(cancel(JobState::kSucceeded), "200 SUCCEEDED");
  EXPECT_EQ(cancel(JobState::kFailed), "200 FAILED");
  EXPECT_EQ(cancel(JobState::kCancelled), "200 CANCELLED");
  EXPECT_EQ(api.engine->batch.cancelled().size(), 2u) << "what has ended is left alone";
  EXPECT_EQ(code_and_field(api.post("/batch/cancel/job-8")), "404 unknown_job jobId");
  api.engine->batch.set_end_at_cancel(JobState::kSucceeded);
  EXPECT_EQ(cancel(JobState::kRunning), "200 SUCCEEDED") << "it came to its own end before";
  api.engine->batch.set(job_of("job-9", JobState::kRunning));
  api.engine->batch.set_cancel_failure(Status::user("committing", "the commit is decided; it ends in a moment"));
  EXPECT_EQ(code_and_field(api.post("/batch/cancel/job-9")), "409 committing ");
}

TEST(Batch, PathsKnowTheirMethods) {
  const ApiServer api;
  const auto allow = [&](const char* method, const char* path, const char* expected) {
    const RawResponse response = api.call(method, path);
    EXPECT_EQ(response.status, 405) << path;
    EXPECT_TRUE(response.has(std::string("Allow: ") + expected + "\r\n")) << response.head;
  };
  allow("GET", "/batch/run", "POST");
  allow("POST", "/batch", "GET, HEAD");
  allow("GET", "/batch/cancel/job-1", "POST");
  allow("DELETE", "/pools/batch-pool", "GET, HEAD, PUT");
  api.engine->batch.set(failed_job());
  EXPECT_EQ(api.call("HEAD", "/batch/status/job-7").status, 500);
  EXPECT_EQ(api.get("/batch/status/job-7/").status, 500) << "one trailing slash is ignored";
}

TEST(Pools, AreShown) {
  const ApiServer api;
  const json streaming = json::parse(R"({"name":"streaming-pool","weight":3.0,"minShare":0.0,"maxShare":null,"policy":"FAIR","share":0.75,"shareMinute":0.7,
    "entitlement":1.5,"cpuSeconds":12.5,"runs":1,"tasks":4,"waiting":2,"longestWaitMs":7,"memoryBytes":1048576,"memoryBytesMax":1073741824,"warning":null})");
  const json pools = json::parse(api.get("/pools").body)["pools"];
  ASSERT_EQ(pools.size(), 2u);
  EXPECT_EQ(pools[0], streaming);
  EXPECT_EQ(pools[1]["maxShare"], 0.5);
  EXPECT_EQ(pools[1]["warning"], "min_share 4 was scaled to 1.6");
  EXPECT_EQ(json::parse(api.get("/pools/streaming-pool").body), streaming);
  EXPECT_EQ(code_and_field(api.get("/pools/other")), "404 unknown_pool name");
}

TEST(Pools, AreChangedUntilTheFileIsReadAgain) {
  const ApiServer api;
  const RawResponse response = api.call("PUT", "/pools/batch-pool", R"({"weight":2,"minShare":0.25,"maxShare":null})");
  EXPECT_EQ(response.status, 200);
  const json pool = json::parse(response.body);
  EXPECT_EQ(pool["weight"], 2.0);
  EXPECT_EQ(pool["minShare"], 0.25);
  EXPECT_EQ(pool["maxShare"], nullptr);
  EXPECT_THAT(pool["note"].get<std::string>(), HasSubstr("until SIGHUP or restart"));
  EXPECT_EQ(api.call("PUT", "/pools/batch-pool", R"({"maxShare":1.5})").status, 200);
  const auto changes = api.engine->shares.changes();
  ASSERT_EQ(changes.size(), 2u);
  ASSERT_TRUE(changes[0].second.max_share.has_value());
  EXPECT_FALSE(changes[0].second.max_share->has_value()) << "null: no limit";
  EXPECT_FALSE(changes[1].second.weight || changes[1].second.min_share) << "what is not named stays";
  EXPECT_EQ(**changes[1].second.max_share, 1.5);
  EXPECT_EQ(json::parse(api.get("/pools/batch-pool").body)["maxShare"], 1.5);
  EXPECT_FALSE(json::parse(api.get("/pools/batch-pool").body).contains("note"));
}

TEST(Pools, SayWhatIsWrongWithAChange) {
  const ApiServer api;
  const auto problem = [&](const std::string& body, const char* name = "batch-pool") { return code_and_field(api.call("PUT", std::string("/pools/") + name, body)); };
  EXPECT_EQ(problem("{}"), "400 missing_field weight");
  EXPECT_EQ(problem(R"({"weight":"2"})"), "400 wrong_type weight");
  EXPECT_EQ(problem(R"({"weight":null})"), "400 wrong_type weight");
  EXPECT_EQ(problem(R"({"policy":"FIFO"})"), "400 unknown_field policy");
  EXPECT_TRUE(api.engine->shares.changes().empty());
  EXPECT_EQ(problem(R"({"weight":2})", "other"), "404 unknown_pool name");
  api.engine->shares.set_failure(Status::user("bad_value", "weight must be above 0", "weight"));
  EXPECT_EQ(problem(R"({"weight":-1})"), "400 bad_value weight");
}

TEST(Batch, ScopesAreReadOperateAndAdmin) {
  const TempDir folder;
  std::ofstream(folder.path() + "/tokens") << "read reader-token\noperate operator-token\nadmin administrator\n";
  http::ServerOptions options;
  options.token_file = folder.path() + "/tokens";
  const ApiServer api(options);
  api.engine->batch.set(job_of("job-7", JobState::kRunning));
  const auto call = [&](const std::string& method, const std::string& path, const std::string& token, const std::string& body = "") {
    return api.call(method, path, body, "Authorization: Bearer " + token + "\r\n").status;
  };
  for (const char* path : {"/batch", "/batch/job-7", "/batch/status/job-7", "/batch/job-7/receipt", "/pools", "/pools/batch-pool"}) {
    EXPECT_EQ(api.get(path).status, 401) << path;
    EXPECT_EQ(call("GET", path, "reader-token"), 200) << path;
  }
  EXPECT_EQ(call("POST", "/batch/run", "reader-token", R"({"topic":"t"})"), 403);
  EXPECT_EQ(call("POST", "/batch/run", "operator-token", R"({"topic":"t"})"), 202);
  EXPECT_EQ(call("POST", "/batch/cancel/job-7", "reader-token"), 403);
  EXPECT_EQ(call("POST", "/batch/cancel/job-7", "operator-token"), 202);
  EXPECT_EQ(call("PUT", "/pools/batch-pool", "operator-token", R"({"weight":2})"), 403);
  EXPECT_EQ(call("PUT", "/pools/batch-pool", "administrator", R"({"weight":2})"), 200);
}

}  // namespace
}  // namespace laketide
