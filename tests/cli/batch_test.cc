// `laketide batch …`, `laketide pool …` and `laketide status`, against a server over a fake engine.
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/command_line.h"
#include "support/temp_dir.h"

namespace laketide::cli {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Jobs : public Remote {
 protected:
  static JobStatus job_of(const std::string& id, JobState state, double progress = 0) {
    JobStatus job;
    job.id = id;
    job.pipeline = "events";
    job.topics = {"events"};
    job.sinks = {"delta:events_batch"};
    job.pool = "batch-pool";
    job.state = state;
    job.attempt = 2;
    job.start_offset = "earliest";
    job.end_offset = "latest";
    job.submitted_at = "2026-01-02T03:04:05.000000Z";
    job.range = {{"events", 0, 100, 500}, {"events", 1, 0, 7}};
    job.progress = progress;
    job.rows_in = 1234567;
    return job;
  }
  static JobStatus failed_job(const std::string& id) {
    JobStatus job = job_of(id, JobState::kFailed, 0.5);
    job.atomic = false;
    job.committed = {{"events", 0, 100, 300}, {"events", 1, 0, 7}};
    job.error = JobError{"offsets_gone", "the broker has deleted records of this range; start later", {{"events", 0, 250, 900}}};
    return job;
  }
  FakeJobs& batch() { return api_.engine->batch; }
};

TEST_F(Jobs, RunsSayWhatTheyWereAsked) {
  const Ended taken = call({"batch", "run", "--topic", "events", "--start", R"({"0":100})", "--end", "latest", "--pool", "night", "--no-atomic", "--allow-repeats",
                            "--idempotency-key", "k-1", "--deadline", "10m"});
  EXPECT_EQ(taken.code, 0) << taken.err;
  EXPECT_EQ(taken.out, "job-1 is QUEUED (pipeline events); look with: laketide batch status job-1\n");
  EXPECT_EQ(call({"batch", "run", "--pipeline", "averages"}).code, 0);
  const auto submitted = batch().submitted();
  ASSERT_EQ(submitted.size(), 2u);
  EXPECT_EQ(submitted[0].topic, "events");
  EXPECT_EQ(submitted[0].start_offset, R"({"0":100})");
  EXPECT_EQ(submitted[0].end_offset, "latest");
  EXPECT_EQ(submitted[0].pool, "night");
  EXPECT_FALSE(submitted[0].atomic);
  EXPECT_TRUE(submitted[0].allow_repeats);
  EXPECT_EQ(submitted[0].idempotency_key, "k-1");
  EXPECT_EQ(submitted[0].deadline, std::chrono::minutes(10));
  EXPECT_EQ(submitted[1].pipeline, "averages");
  EXPECT_TRUE(submitted[1].atomic);
  EXPECT_EQ(json::parse(call({"batch", "run", "--topic", "t", "-o", "json"}).out)["jobId"], "job-3");
}

TEST_F(Jobs, AFileIsCheckedAndSentWithTheEnvelope) {
  const TempDir folder;
  const std::string file = folder.path() + "/p.yaml";
  std::ofstream(file) << "name: n\nsource: { kafka: { topic: t } }\nsinks: [ console: {} ]\n";
  EXPECT_EQ(call({"batch", "run", "--file", file, "--start", "earliest"}).code, 0);
  EXPECT_EQ(json::parse(batch().submitted().at(0).document)["name"], "n");
  EXPECT_EQ(batch().submitted().at(0).start_offset, "earliest");
  std::ofstream(file) << "name: n\nsorce: {}\nsinks: [ console: {} ]\n";
  const Ended refused = call({"batch", "run", "--file", file});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("p.yaml:2:1: sorce: unknown key \"sorce\"; did you mean \"source\"?"));
  EXPECT_EQ(batch().submitted().size(), 1u);
}

TEST_F(Jobs, AWaitEndsAsTheJobDoes) {
  const auto wait = [&](const std::vector<JobStatus>& looks) {
    batch().set_looks(looks);
    return call({"batch", "run", "--topic", "events", "--wait"});
  };
  const Ended succeeded = wait({job_of("job-1", JobState::kQueued), job_of("job-1", JobState::kRunning, 0.5), job_of("job-1", JobState::kSucceeded, 1)});
  EXPECT_EQ(succeeded.code, 0) << succeeded.err;
  EXPECT_THAT(succeeded.out, AllOf(HasSubstr("job-1 is SUCCEEDED, 100% done, attempt 2"), HasSubstr("0: [100, 500), 1: [0, 7)"), HasSubstr("1,234,567 in")));
  EXPECT_EQ(succeeded.err, "") << "no screen, no bar";
  const Ended failed = wait({job_of("job-2", JobState::kRunning), failed_job("job-2")});
  EXPECT_EQ(failed.code, 1);
  EXPECT_EQ(failed.err, "laketide: job-2: the broker has deleted records of this range; start later (offsets_gone)\n"
                        "  the broker has 0: [250, 900)\n"
                        "  what is committed stays; go on behind it with: --start '{\"0\":300,\"1\":7}'\n");
  EXPECT_EQ(wait({job_of("job-3", JobState::kCancelled)}).code, 1);
}

TEST_F(Jobs, AWaitThatIsTooShortSaysThatTheJobGoesOn) {
  batch().set_looks({job_of("job-1", JobState::kRunning, 0.25)});
  const Ended early = call({"batch", "run", "--topic", "events", "--wait", "60ms"});
  EXPECT_EQ(early.code, 1);
  EXPECT_THAT(early.err, AllOf(HasSubstr("job-1 is still RUNNING and goes on"), HasSubstr("laketide batch status job-1"), HasSubstr("laketide batch cancel job-1")));
}

TEST_F(Jobs, CtrlCLeavesTheJobAlone) {
  batch().set_looks({job_of("job-1", JobState::kRunning)});
  std::thread person([&] {
    while (batch().look_count() == 0) std::this_thread::yield();
    kill(getpid(), SIGINT);
  });
  const Ended left = call({"batch", "run", "--topic", "events", "--wait"});
  person.join();
  EXPECT_EQ(left.code, 1);
  EXPECT_THAT(left.err, HasSubstr("job-1 is still RUNNING and goes on"));
  EXPECT_TRUE(batch().cancelled().empty());
}

TEST_F(Jobs, AWaitAsJsonIsOneDocument) {
  batch().set_looks({job_of("job-1", JobState::kRunning), failed_job("job-1")});
  const Ended ended = call({"batch", "run", "--topic", "events", "--wait", "1m", "-o", "json"}, {80, 80});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(json::parse(ended.out)["error"]["code"], "offsets_gone");
}

TEST_F(Jobs, AScreenShowsABar) {
  batch().set_looks({job_of("job-1", JobState::kQueued), job_of("job-1", JobState::kRunning, 0.5), job_of("job-1", JobState::kSucceeded, 1)});
  const Ended ended = call({"batch", "run", "--topic", "events", "--wait"}, {0, 60});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("[----"), HasSubstr("] 0%  QUEUED"), HasSubstr("###---"), HasSubstr("] 50%  RUNNING  1,234,567 rows  0 s")));
  EXPECT_TRUE(ended.err.ends_with("\r\x1b[K")) << "and leaves no trace";
  size_t from = 0;
  for (size_t at; (at = ended.err.find("\r\x1b[K", from)) != std::string::npos; from = at + 4) EXPECT_LE(at - from, 59u);
}

TEST_F(Jobs, StatusIsOneIfItFailed) {
  batch().set(job_of("job-1", JobState::kRunning, 0.25));
  JobStatus waiting = job_of("job-2", JobState::kQueued);
  waiting.reason = "8 jobs run already";
  waiting.advice = "use --start resume";
  batch().set(waiting);
  batch().set(failed_job("job-3"));
  const Ended running = call({"batch", "status", "job-1"});
  EXPECT_EQ(running.code, 0);
  EXPECT_THAT(running.out, AllOf(HasSubstr("job-1 is RUNNING, 25% done"), HasSubstr("delta:events_batch"), HasSubstr("2026-01-02 03:04:05"), HasSubstr("once, at the end")));
  EXPECT_THAT(call({"batch", "status", "job-2"}).out, AllOf(HasSubstr("8 jobs run already"), HasSubstr("use --start resume")));
  const Ended failed = call({"batch", "status", "job-3"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, AllOf(HasSubstr("job-3 is FAILED"), HasSubstr("as it goes"), HasSubstr("0: [100, 300)")));
  EXPECT_THAT(failed.err, HasSubstr("offsets_gone"));
  const Ended as_json = call({"batch", "status", "job-3", "-o", "json"});
  EXPECT_EQ(as_json.code, 1);
  EXPECT_EQ(json::parse(as_json.out)["status"], "FAILED");
}

TEST_F(Jobs, RefusalsSayWhatToType) {
  const Ended unknown = call({"batch", "status", "job-9"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.err, "laketide: no such job: job-9 (unknown_job, field jobId)\n  `laketide batch list` shows the jobs\n");
  batch().set_submit_failure(Status::user("range_already_in_table", "the stream events has written them"));
  EXPECT_THAT(call({"batch", "run", "--topic", "events"}).err, HasSubstr("--allow-repeats"));
  batch().set_submit_failure(Status::user("queue_full", "1000 jobs wait"));
  EXPECT_THAT(call({"batch", "run", "--topic", "events"}).err, HasSubstr("laketide batch list --status QUEUED"));
  batch().set(job_of("job-1", JobState::kRunning));
  batch().set_cancel_failure(Status::user("committing", "the commit is decided"));
  EXPECT_THAT(call({"batch", "cancel", "job-1"}).err, HasSubstr("laketide batch status ID"));
}

TEST_F(Jobs, ListsInPagesAndByState) {
  EXPECT_EQ(call({"batch", "list"}).out, "no jobs\n");
  batch().set(failed_job("job-1"));
  batch().set(job_of("job-2", JobState::kRunning, 0.25));
  const Ended all = call({"batch", "list"});
  EXPECT_THAT(all.out, AllOf(HasSubstr("job-1"), HasSubstr("offsets_gone"), HasSubstr("25%"), HasSubstr("1,234,567"), Not(HasSubstr("--before"))));
  EXPECT_LT(all.out.find("job-2"), all.out.find("job-1")) << "newest first";
  const Ended page = call({"batch", "list", "--limit", "1"});
  EXPECT_THAT(page.out, AllOf(HasSubstr("older ones: --before job-2"), Not(HasSubstr("job-1"))));
  EXPECT_THAT(call({"batch", "list", "--before", "job-2"}).out, AllOf(HasSubstr("job-1"), Not(HasSubstr("job-2"))));
  EXPECT_THAT(call({"batch", "list", "--status", "running", "--pipeline", "events"}).out, AllOf(HasSubstr("job-2"), Not(HasSubstr("job-1"))));
  EXPECT_EQ(json::parse(call({"batch", "list", "-o", "json"}).out)["jobs"].size(), 2u);
}

TEST_F(Jobs, TablesFitTheScreen) {
  JobStatus job = failed_job("job-12345");
  job.pipeline = std::string(50, 'p');
  batch().set(job);
  for (const int columns : {200, 120, 100, 80, 60}) {
    const std::string out = call({"batch", "list"}, {columns, 0}).out;
    EXPECT_LE(out.find('\n'), static_cast<size_t>(columns));
    EXPECT_THAT(out, AllOf(HasSubstr("job-12345"), HasSubstr("FAILED"), HasSubstr("50%"), HasSubstr("1,234,567"))) << columns;
  }
  EXPECT_THAT(call({"batch", "list"}, {80, 0}).out, AllOf(HasSubstr("|" + std::string(10, 'p') + "...|"), HasSubstr("|offsets_gone|"), Not(HasSubstr("batch-pool"))))
      << "the last columns go, and what that leaves is the texts'";
  EXPECT_THAT(call({"batch", "list"}).out, HasSubstr(job.pipeline)) << "into a file nothing is cut";
}

TEST_F(Jobs, CancelsAndShowsReceipts) {
  batch().set(job_of("job-1", JobState::kRunning));
  const Ended cancelled = call({"batch", "cancel", "job-1"});
  EXPECT_EQ(cancelled.code, 0) << cancelled.err;
  EXPECT_EQ(cancelled.out, "job-1 is CANCELLED\n");
  EXPECT_THAT(call({"batch", "receipt", "job-1"}).out, AllOf(HasSubstr("2026-01-02 03:04:06"), HasSubstr("delta:events 7"), HasSubstr("390")));
  EXPECT_EQ(json::parse(call({"batch", "receipt", "job-1", "-o", "json"}).out)["epochs"][0]["rowsOut"], 390);
}

TEST_F(Jobs, PoolsAreListedAndSet) {
  const Ended list = call({"pool", "list"});
  EXPECT_THAT(list.out, AllOf(HasSubstr("streaming-pool"), HasSubstr("75%"), HasSubstr("no limit"), HasSubstr("7 ms"), HasSubstr("1.0 MiB of 1.0 GiB"),
                              HasSubstr("batch-pool: min_share 4 was scaled to 1.6")));
  const Ended set = call({"pool", "set", "batch-pool", "--weight", "2", "--min-share", "0.25", "--max-share", "none"});
  EXPECT_EQ(set.code, 0) << set.err;
  EXPECT_THAT(set.out, AllOf(HasSubstr("batch-pool"), HasSubstr("until SIGHUP or restart")));
  EXPECT_EQ(call({"pool", "set", "batch-pool", "--max-share", "1.5", "-o", "json"}).code, 0);
  const auto changes = api_.engine->shares.changes();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].second.weight, 2);
  EXPECT_EQ(changes[0].second.min_share, 0.25);
  EXPECT_TRUE(changes[0].second.max_share && !*changes[0].second.max_share) << "no limit";
  EXPECT_EQ(**changes[1].second.max_share, 1.5);
  EXPECT_FALSE(changes[1].second.weight);
  EXPECT_THAT(call({"pool", "set", "other", "--weight", "2"}).err, HasSubstr("laketide pool list"));
}

TEST_F(Jobs, OneGlanceShowsStreamsJobsAndShares) {
  EXPECT_THAT(call({"status"}).out, AllOf(HasSubstr("ready: http://127.0.0.1"), HasSubstr("no streams"), HasSubstr("no jobs run, 0 in the queue"), HasSubstr("streaming-pool")));
  batch().set(job_of("job-1", JobState::kRunning, 0.25));
  batch().set(job_of("job-2", JobState::kQueued));
  batch().set(job_of("job-3", JobState::kSucceeded));
  call({"stream", "start", "--topic", "clicks"});
  const Ended glance = call({"status"}, {80, 80});
  EXPECT_EQ(glance.code, 0) << glance.err;
  EXPECT_THAT(glance.out, AllOf(HasSubstr("clicks"), HasSubstr("job-1"), HasSubstr("1 job runs, 1 in the queue"), HasSubstr("75%"), Not(HasSubstr("job-3"))));
  std::istringstream lines(glance.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  const json document = json::parse(call({"status", "-o", "json"}).out);
  EXPECT_EQ(document["status"], "ready");
  EXPECT_EQ(document["streams"][0]["pipeline"], "clicks");
  EXPECT_EQ(document["running"][0]["jobId"], "job-1");
  EXPECT_EQ(document["queued"][0]["jobId"], "job-2");
  EXPECT_EQ(document["pools"].size(), 2u);
}

TEST_F(Jobs, AServerThatIsGoneIsFourAndTheJobIsNamed) {
  batch().set_looks({job_of("job-1", JobState::kRunning)});
  std::thread end([&] {
    while (batch().look_count() < 2) std::this_thread::yield();
    api_.server.reset();
  });
  const Ended gone = call({"batch", "run", "--topic", "events", "--wait"});
  end.join();
  EXPECT_EQ(gone.code, 4);
  EXPECT_THAT(gone.err, HasSubstr("job-1 was taken; look how it stands with: laketide batch status job-1"));
  EXPECT_EQ(run({"batch", "list", "--url", "http://127.0.0.1:1"}).code, 4);
  EXPECT_EQ(run({"pool", "list", "--url", "http://127.0.0.1:1"}).code, 4);
}

}  // namespace
}  // namespace laketide::cli
