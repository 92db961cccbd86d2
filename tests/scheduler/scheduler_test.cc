#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "scheduler/thread_cpu.h"

namespace laketide {
namespace {

using namespace std::chrono_literals;

/// Calls a function per step; tells when it was destroyed.
class Scripted final : public Task {
 public:
  Scripted(std::function<TaskStep()> step, std::promise<void>& gone) : step_(std::move(step)), gone_(gone) {}
  ~Scripted() override { gone_.set_value(); }
  TaskStep run(const Quantum&) override { return step_(); }

 private:
  std::function<TaskStep()> step_;
  std::promise<void>& gone_;
};

TEST(Scheduler, runs_a_task_until_it_is_done_and_destroys_it) {
  auto scheduler = make_scheduler({.workers = 2});
  std::atomic<int> steps{0};
  std::promise<void> gone;
  const auto handle = scheduler->start(
      std::make_unique<Scripted>([&] { return ++steps < 100 ? TaskStep::kMore : TaskStep::kDone; }, gone), scheduler->open_account({"pool", "run"}));
  ASSERT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(steps, 100);
  EXPECT_TRUE(handle.done());
}

TEST(Scheduler, a_wake_between_the_check_and_the_block_is_not_lost) {
  auto scheduler = make_scheduler({.workers = 2});
  constexpr int kRounds = 20'000;
  std::atomic<int> offered{0};
  std::atomic<int> taken{0};
  std::promise<void> gone;
  const auto handle = scheduler->start(std::make_unique<Scripted>(
                                           [&] {
                                             const int seen = offered.load();
                                             taken = seen;
                                             return seen == kRounds ? TaskStep::kDone : TaskStep::kBlocked;
                                           },
                                           gone),
                                       scheduler->open_account({"pool", "run"}));
  for (int i = 1; i <= kRounds; ++i) {
    offered = i;
    handle.wake();
  }
  ASSERT_EQ(gone.get_future().wait_for(20s), std::future_status::ready) << "stuck at " << taken;
}

void burn(std::chrono::nanoseconds cpu) {
  const auto begin = thread_cpu();
  while (thread_cpu() - begin < cpu) {
  }
}

TEST(Scheduler, tasks_take_turns) {
  auto scheduler = make_scheduler({.workers = 1});
  const Account account = scheduler->open_account({"pool", "run"});
  std::mutex mutex;
  std::vector<int> order;
  std::promise<void> gone[2];
  std::promise<void> both;
  auto started = both.get_future().share();
  for (int id = 0; id < 2; ++id) {
    scheduler->start(std::make_unique<Scripted>(
                         [&, id] {
                           started.wait();
                           burn(500us);
                           std::lock_guard lock(mutex);
                           order.push_back(id);
                           return std::ranges::count(order, id) < 20 ? TaskStep::kMore : TaskStep::kDone;
                         },
                         gone[id]),
                     account);
  }
  both.set_value();
  for (auto& one : gone) ASSERT_EQ(one.get_future().wait_for(10s), std::future_status::ready);
  for (auto end = order.begin(); std::count(order.begin(), end, 0) < 20 && std::count(order.begin(), end, 1) < 20; ++end) {
    EXPECT_LE(std::abs(std::count(order.begin(), end, 0) - std::count(order.begin(), end, 1)), 2) << "after " << end - order.begin();
  }
}

TEST(Scheduler, a_task_without_an_account_is_the_engines) {
  auto scheduler = make_scheduler({.workers = 1});
  std::promise<void> gone;
  scheduler->start(std::make_unique<Scripted>(
                       [] {
                         burn(5ms);
                         return TaskStep::kDone;
                       },
                       gone),
                   {});
  ASSERT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (scheduler->pools().front().cpu_seconds == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  const PoolStatus engine = scheduler->pools().front();
  EXPECT_EQ(engine.options.name, "engine");
  EXPECT_GE(engine.cpu_seconds, 0.005);
}

TEST(Scheduler, an_account_stays_open_until_its_last_user_is_gone) {
  auto scheduler = make_scheduler({.workers = 1});
  std::promise<void> gone;
  TaskHandle handle;
  {
    const Account account = scheduler->open_account({"pool", "run"});
    handle = scheduler->start(std::make_unique<Scripted>([] { return TaskStep::kBlocked; }, gone), account);
    EXPECT_EQ(account.pool(), "pool");
  }
  EXPECT_EQ(scheduler->pools().front().runs, 1);
  EXPECT_EQ(scheduler->pools().front().tasks, 1);
  const Account outlives = scheduler->open_account({"pool", "other"});
  EXPECT_EQ(scheduler->status().accounts, 2);
  EXPECT_EQ(scheduler->pools().front().runs, 1) << "the other has no task";
  scheduler.reset();
  ASSERT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_TRUE(handle.done());
  outlives.charge(1ms);
  EXPECT_EQ(outlives.used(), 1ms);
}

/// Runs so many times, each time only after a wake.
class Woken final : public Task {
 public:
  Woken(int times, std::atomic<int>& left) : times_(times), left_(left) {}
  ~Woken() override { --left_; }
  TaskStep run(const Quantum&) override { return --times_ > 0 ? TaskStep::kBlocked : TaskStep::kDone; }

 private:
  int times_;
  std::atomic<int>& left_;
};

TEST(Scheduler, accounts_tasks_and_pools_come_and_go_from_all_threads) {
  auto scheduler = make_scheduler({.workers = 2});
  constexpr int kThreads = 4;
  constexpr int kRuns = 12;
  std::atomic<int> left{kThreads * kRuns * 2};
  std::atomic<int64_t> charged{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int r = 0; r < kRuns; ++r) {
        const std::string pool = "pool" + std::to_string((t + r) % 3);
        const bool is_held = r % 5 == 0;
        EXPECT_TRUE(scheduler->set_pool({.name = pool, .weight = 1.0 + r % 7, .max_share = is_held ? std::optional(1.5) : std::nullopt,
                                         .policy = r % 2 == 0 ? PoolPolicy::kFair : PoolPolicy::kFifo}).ok());
        const Account account = scheduler->open_account({pool, "run"});
        const IoActor actor = scheduler->io_actor("actor", account);
        TaskHandle tasks[2];
        for (auto& task : tasks) task = scheduler->start(std::make_unique<Woken>(20, left), account);
        while (!tasks[0].done() || !tasks[1].done()) {
          for (auto& task : tasks) task.wake();
          actor.post([account] { account.charge(1us); });
          ++charged;
          (void)scheduler->pools();
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  const auto settled = [&] {
    int64_t open = left + scheduler->status().accounts;
    for (const PoolStatus& pool : scheduler->pools()) open += pool.runs + pool.tasks + pool.waiting;
    return open == 0;
  };
  while (!settled() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(settled()) << "every task is destroyed and every account closed";
  EXPECT_GE(scheduler->status().attributed_cpu_seconds, static_cast<double>(charged) * 1e-6 * 0.999);
}

TEST(Scheduler, refuses_a_pool_that_means_nothing) {
  auto scheduler = make_scheduler({.workers = 1});
  const auto refused_field = [&](PoolOptions options) { return std::string(scheduler->set_pool(options).field()); };
  EXPECT_EQ(refused_field({.name = ""}), "name");
  EXPECT_EQ(refused_field({.name = "a", .weight = 0}), "weight");
  EXPECT_EQ(refused_field({.name = "a", .weight = std::nan("")}), "weight");
  EXPECT_EQ(refused_field({.name = "a", .min_share = -1}), "min_share");
  EXPECT_EQ(refused_field({.name = "a", .max_share = 0.0}), "max_share");
  EXPECT_EQ(refused_field({.name = "a", .min_share = 1, .max_share = 0.5}), "max_share");
  EXPECT_EQ(scheduler->pools().size(), 0u) << "what was refused changed nothing";
  EXPECT_TRUE(scheduler->set_pool({.name = "a", .weight = 2, .min_share = 0.5, .max_share = 0.5}).ok());
  EXPECT_EQ(scheduler->pools().front().options.weight, 2);
}

TEST(Scheduler, an_exception_ends_its_task_only) {
  auto scheduler = make_scheduler({.workers = 1});
  std::promise<void> thrower_gone, other_gone;
  scheduler->start(std::make_unique<Scripted>([]() -> TaskStep { throw std::runtime_error("broken"); }, thrower_gone), scheduler->open_account({"pool", "a"}));
  scheduler->start(std::make_unique<Scripted>([] { return TaskStep::kDone; }, other_gone), scheduler->open_account({"pool", "b"}));
  EXPECT_EQ(thrower_gone.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(other_gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST(IoActor, runs_in_order_and_a_stuck_one_holds_no_other) {
  auto scheduler = make_scheduler({.workers = 1});
  const auto stuck = scheduler->io_actor("stuck");
  const auto free = scheduler->io_actor("free");
  std::promise<void> release, done;
  stuck.post([released = release.get_future().share()] { released.wait(); });
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) free.post([&, i] { order.push_back(i); });
  free.post([&] { done.set_value(); });
  EXPECT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  release.set_value();
}

TEST(IoActor, who_asks_an_idle_one_runs_it_and_who_asks_a_busy_one_waits_its_turn) {
  auto scheduler = make_scheduler({.workers = 1});
  const auto actor = scheduler->io_actor("a");
  std::thread::id ran;
  actor.run([&] { ran = std::this_thread::get_id(); });
  EXPECT_EQ(ran, std::this_thread::get_id());

  std::vector<int> order;
  actor.run([&] {
    actor.post([&] { order.push_back(1); });
    order.push_back(0);
  });
  actor.run([&] { order.push_back(2); });  // what was posted meanwhile comes first, whoever runs it
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));

  std::promise<void> began, release;
  actor.post([&, released = release.get_future().share()] {
    began.set_value();
    released.wait();
    order.push_back(3);
  });
  began.get_future().wait();
  std::thread asker([&] { actor.run([&] { order.push_back(4); }); });
  release.set_value();
  asker.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(IoActor, who_asks_one_that_is_closed_or_fails_is_let_go_of) {
  auto scheduler = make_scheduler({.workers = 1});
  const auto actor = scheduler->io_actor("a");
  actor.run([] { throw std::runtime_error("thrown"); });
  bool ran = false;
  actor.run([&] { ran = true; });
  EXPECT_TRUE(ran);

  std::promise<void> began, release;
  actor.post([&, released = release.get_future().share()] {
    began.set_value();
    released.wait();
  });
  began.get_future().wait();
  std::promise<void> waits;
  std::thread asker([&] {
    waits.set_value();
    actor.run([&] { ran = false; });
  });
  waits.get_future().wait();
  actor.close();  // drops it, whether it has come in already or not
  release.set_value();
  asker.join();
  EXPECT_TRUE(ran);
}

TEST(IoActor, timers_post_in_the_order_of_their_times) {
  auto scheduler = make_scheduler({.workers = 1});
  const auto actor = scheduler->io_actor("timers");
  std::vector<int> order;
  std::promise<void> done;
  scheduler->after(60ms, actor, [&] { done.set_value(); });
  scheduler->after(40ms, actor, [&] { order.push_back(2); });
  scheduler->after(5ms, actor, [&] { order.push_back(1); });
  ASSERT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(IoActor, destroying_the_scheduler_waits_for_what_runs_and_drops_the_rest) {
  std::atomic<bool> ran{false}, dropped_ran{false};
  auto token = std::make_shared<int>(1);
  {
    auto scheduler = make_scheduler({.workers = 1});
    std::promise<void> began;
    auto actor = scheduler->io_actor("a");
    actor.post([&] {
      began.set_value();
      ran = true;
    });
    began.get_future().wait();
    scheduler->after(1h, actor, [&, token] { dropped_ran = true; });
  }
  EXPECT_TRUE(ran);
  EXPECT_FALSE(dropped_ran);
  EXPECT_EQ(token.use_count(), 1) << "what was dropped was destroyed";
}

}  // namespace
}  // namespace laketide
