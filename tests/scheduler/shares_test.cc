// The promises of PRODUCT §10 with real threads. CPU time that was attributed is compared, never wall time: the machine may be busy.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <future>
#include <map>
#include <thread>

#include "scheduler/picker.h"
#include "scheduler/scheduler.h"
#include "scheduler/thread_cpu.h"

namespace laketide {
namespace {

using namespace std::chrono_literals;
using Cpu = std::map<std::string, double>;

/// Computes until the quantum is over.
class Burner final : public Task {
 public:
  TaskStep run(const Quantum& quantum) override {
    while (!quantum.over()) {
    }
    return TaskStep::kMore;
  }
};

class MeasuredShares : public testing::Test {
 protected:
  void pool(const PoolOptions& options) { ASSERT_EQ(scheduler_->set_pool(options).to_string(), "ok"); }

  Account saturate(const std::string& pool, int lanes = 2) {
    Account account = scheduler_->open_account({pool, "burner"});
    for (int i = 0; i < lanes; ++i) scheduler_->start(std::make_unique<Burner>(), account);
    return account;
  }

  Cpu cpu() const {
    Cpu all;
    for (const PoolStatus& pool : scheduler_->pools()) all[pool.options.name] = pool.cpu_seconds;
    return all;
  }

  /// Waits until `cpu` more has been attributed: on two workers that have both cores, two seconds are one.
  Cpu next(std::chrono::duration<double> cpu_time) {
    const Cpu before = cpu();
    const double goal = scheduler_->status().attributed_cpu_seconds + cpu_time.count();
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    auto reached = std::make_shared<std::promise<void>>();
    std::function<void()> look = [&, reached] {
      if (scheduler_->status().attributed_cpu_seconds >= goal || std::chrono::steady_clock::now() > deadline) return reached->set_value();
      scheduler_->after(5ms, watcher_, look);
    };
    watcher_.post(look);
    reached->get_future().wait();
    Cpu used = cpu();
    for (auto& [pool, seconds] : used) seconds -= before.count(pool) == 0 ? 0 : before.at(pool);
    return used;
  }

  /// Of what all pools used.
  static double share(const Cpu& used, const std::string& pool) {
    double all = 0;
    for (const auto& [name, seconds] : used) all += seconds;
    return used.at(pool) / all;
  }

  std::unique_ptr<Scheduler> scheduler_ = make_scheduler({.workers = 2});
  IoActor watcher_ = scheduler_->io_actor("watcher");
};

TEST_F(MeasuredShares, saturated_pools_get_their_weights_in_every_second) {
  pool({.name = "streams", .weight = 3});
  pool({.name = "jobs", .weight = 1});
  const Account streams = saturate("streams");
  const Account jobs = saturate("jobs");
  for (int second = 0; second < 5; ++second) {
    const double part = share(next(2s), "streams");
    EXPECT_NEAR(part, 0.75, 0.02) << "second " << second;
    std::printf("streams %.4f\n", part);
  }
  for (const PoolStatus& pool : scheduler_->pools()) {
    EXPECT_NEAR(pool.share, pool.options.name == "streams" ? 0.75 : 0.25, 0.05) << "what the status says";
  }
  EXPECT_NEAR(std::chrono::duration<double>(streams.used()).count(), cpu()["streams"], 0.05);
}

TEST_F(MeasuredShares, minima_and_maxima_hold) {
  pool({.name = "streams", .weight = 1, .min_share = 4});
  pool({.name = "jobs", .weight = 3, .min_share = 1});
  EXPECT_NE(scheduler_->status().minima_warning.find("jobs 0.4, streams 1.6"), std::string::npos);
  const Account streams = saturate("streams");
  const Account jobs = saturate("jobs");
  for (int second = 0; second < 2; ++second) EXPECT_NEAR(share(next(2s), "streams"), 0.8, 0.02);
  pool({.name = "streams", .weight = 9, .max_share = 0.5});
  pool({.name = "jobs", .weight = 1});
  (void)next(200ms);
  for (int second = 0; second < 2; ++second) {
    const auto begin = std::chrono::steady_clock::now();
    const double cores = next(2s).at("streams") / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_LE(cores, 0.5 * 1.02 + 0.01) << "a ceiling is in cores: of time, however busy the machine";
  }
}

TEST_F(MeasuredShares, a_ceiling_holds_though_a_worker_is_idle_and_nobody_spins) {
  pool({.name = "held", .max_share = 0.25});
  const Account held = saturate("held", 4);
  const auto begin = std::chrono::steady_clock::now();
  (void)next(500ms);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_GE(wall, 0.5 / 0.25 * 0.98 - 0.03);
  EXPECT_LE(scheduler_->status().overhead_cpu_seconds, 0.02 * wall) << "workers sleep until the bucket has filled";
}

TEST_F(MeasuredShares, a_change_is_followed_within_a_second) {
  pool({.name = "a", .weight = 3});
  pool({.name = "b", .weight = 1});
  const Account a = saturate("a");
  const Account b = saturate("b");
  EXPECT_NEAR(share(next(2s), "a"), 0.75, 0.02);
  pool({.name = "a", .weight = 1});
  EXPECT_NEAR(share(next(2s), "a"), 0.5, 0.02) << "the second that begins with the change";
}

TEST_F(MeasuredShares, io_closures_and_client_threads_count) {
  pool({.name = "streams", .weight = 3});
  pool({.name = "jobs", .weight = 1});
  const Account streams = saturate("streams");
  const Account jobs = saturate("jobs");
  // A third of a core in io closures, and as much again as a client library would report.
  const IoActor actor = scheduler_->io_actor("io of streams", streams);
  std::atomic<int64_t> io{0};
  std::atomic<bool> stop{false};
  std::promise<void> stopped;
  std::function<void()> burn = [&] {
    if (stop) return stopped.set_value();
    const auto begin = thread_cpu();
    while (thread_cpu() - begin < 2ms) {
    }
    io += (thread_cpu() - begin).count();
    streams.charge(2ms);
    scheduler_->after(4ms, actor, burn);
  };
  actor.post(burn);
  const int64_t io_before = io;
  const double part = share(next(6s), "streams");
  EXPECT_GT(io - io_before, 200'000'000) << "the closures had CPU time worth counting";
  EXPECT_NEAR(part, 0.75, 0.02);
  stop = true;
  stopped.get_future().wait();
  EXPECT_EQ(scheduler_->status().upkeep_cpu_seconds > 0, true) << "the watcher has no account";
}

TEST_F(MeasuredShares, overhead_stays_under_a_hundredth_beside_100_idle_pools) {
  for (int i = 0; i < 100; ++i) pool({.name = "idle" + std::to_string(i), .weight = 5});
  pool({.name = "streams", .weight = 3});
  pool({.name = "jobs", .weight = 1});
  const Account streams = saturate("streams");
  const Account jobs = saturate("jobs");
  (void)next(100ms);
  const SchedulerStatus before = scheduler_->status();
  EXPECT_NEAR(share(next(4s), "streams"), 0.75, 0.02);
  const SchedulerStatus after = scheduler_->status();
  const double overhead = (after.overhead_cpu_seconds - before.overhead_cpu_seconds) / (after.attributed_cpu_seconds - before.attributed_cpu_seconds);
  std::printf("overhead %.5f\n", overhead);
  EXPECT_LE(overhead, 0.01);
}

/// Mean cost of a pick and its finish, in nanoseconds, with so many runnable lanes.
double pick_cost(int pools, int runs_each, int lanes_each) {
  Picker picker(2, 2ms);
  std::vector<std::unique_ptr<Picker::Lane>> lanes;
  SteadyTime now(1s);
  for (int p = 0; p < pools; ++p) {
    const std::string name = "p" + std::to_string(p);
    (void)picker.set_pool({.name = name, .weight = 1.0 + p}, now);
    for (int r = 0; r < runs_each; ++r) {
      Picker::Run* run = picker.open_run(name);
      for (int l = 0; l < lanes_each; ++l) {
        lanes.push_back(std::make_unique<Picker::Lane>());
        picker.add(*lanes.back(), run);
        picker.wake(*lanes.back(), now);
      }
    }
  }
  constexpr int kRounds = 100'000;
  const auto begin = thread_cpu();
  for (int i = 0; i < kRounds; ++i) {
    const Picker::Choice choice = picker.pick(now);
    now += 1ms;
    picker.finish(*choice.lane, now, std::chrono::nanoseconds(1'000'000 + i * 7919 % 900'000), Picker::Phase::kWaiting, false);
  }
  return static_cast<double>((thread_cpu() - begin).count()) / kRounds;
}

TEST(MeasuredPick, costs_little_however_many_wait) {
  const double few = pick_cost(2, 1, 1);
  const double hundred = pick_cost(2, 10, 5);
  const double thousand = pick_cost(2, 100, 5);
  const double pools = pick_cost(100, 1, 10);
  std::printf("pick and finish: 2 lanes %.0f ns, 100 lanes %.0f ns, 1000 lanes %.0f ns, 1000 lanes in 100 pools at work %.0f ns\n", few,
              hundred, thousand, pools);
  EXPECT_LE(thousand, 10'000) << "half a hundredth of a quantum";
  EXPECT_LE(pools, 20'000);
}

}  // namespace
}  // namespace laketide
