#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <vector>

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
      std::make_unique<Scripted>([&] { return ++steps < 100 ? TaskStep::kMore : TaskStep::kDone; }, gone), {"pool", "run"});
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
                                       {"pool", "run"});
  for (int i = 1; i <= kRounds; ++i) {
    offered = i;
    handle.wake();
  }
  ASSERT_EQ(gone.get_future().wait_for(20s), std::future_status::ready) << "stuck at " << taken;
}

TEST(Scheduler, tasks_take_turns) {
  auto scheduler = make_scheduler({.workers = 1});
  std::mutex mutex;
  std::vector<int> order;
  std::promise<void> gone[2];
  std::promise<void> both;
  auto started = both.get_future().share();
  for (int id = 0; id < 2; ++id) {
    scheduler->start(std::make_unique<Scripted>(
                         [&, id] {
                           started.wait();
                           std::lock_guard lock(mutex);
                           order.push_back(id);
                           return std::ranges::count(order, id) < 5 ? TaskStep::kMore : TaskStep::kDone;
                         },
                         gone[id]),
                     {"pool", "run"});
  }
  both.set_value();
  for (auto& one : gone) ASSERT_EQ(one.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}));
}

TEST(Scheduler, an_exception_ends_its_task_only) {
  auto scheduler = make_scheduler({.workers = 1});
  std::promise<void> thrower_gone, other_gone;
  scheduler->start(std::make_unique<Scripted>([]() -> TaskStep { throw std::runtime_error("broken"); }, thrower_gone), {"pool", "a"});
  scheduler->start(std::make_unique<Scripted>([] { return TaskStep::kDone; }, other_gone), {"pool", "b"});
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
