#include "scheduler/picker.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "simulation.h"

namespace laketide {
namespace {

// HOUSE: error against the fluid model at most two quanta and the longest step.
constexpr double kErrorMs = 2 * 2 + 8;

/// Runs to `end`, looking every 20 ms whether each pool has had `cores` of all time since `from`, within the promised error.
void expect_fluid(Simulation& simulation, const std::map<std::string, double>& cores, Nanos from, Nanos end, double error_ms = kErrorMs) {
  std::map<std::string, double> before;
  simulation.until(from);
  for (const auto& [pool, share] : cores) before[pool] = simulation.cpu_ms(pool);
  for (Nanos time = from + 20ms; time <= end; time += 20ms) {
    simulation.until(time);
    for (const auto& [pool, share] : cores) {
      ASSERT_NEAR(simulation.cpu_ms(pool) - before[pool], share * Simulation::ms(time - from), error_ms)
          << pool << " after " << Simulation::ms(time - from) << " ms";
    }
  }
}

TEST(Picker, gives_saturated_pools_their_weights) {
  Simulation simulation(2);
  simulation.pool({.name = "streams", .weight = 3});
  simulation.pool({.name = "jobs", .weight = 1});
  simulation.saturate("streams", 2, 1);
  simulation.saturate("jobs", 2, 2);
  expect_fluid(simulation, {{"streams", 1.5}, {"jobs", 0.5}}, 0ms, 20s);
  EXPECT_DOUBLE_EQ(simulation.status("streams").entitlement, 1.5);
  EXPECT_NEAR(simulation.status("streams").share, 0.75, 0.02);
  EXPECT_NEAR(simulation.status("jobs").share_minute, 0.25, 0.01);
}

TEST(Picker, gives_any_weights_what_the_fluid_model_gives) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const int workers = 1 + static_cast<int>(random() % 2);
    const int pools = 2 + static_cast<int>(random() % 9);
    Simulation simulation(workers);
    std::map<std::string, double> cores;
    double weights = 0;
    for (int i = 0; i < pools; ++i) {
      const std::string name = "p" + std::to_string(i);
      const double weight = std::pow(10, -1 + 2 * static_cast<double>(random() % 1000) / 1000);
      simulation.pool({.name = name, .weight = weight});
      simulation.saturate(name, workers + static_cast<int>(random() % 4), seed * 100 + static_cast<uint64_t>(i));
      cores[name] = weight;
      weights += weight;
    }
    for (auto& [name, share] : cores) share *= workers / weights;
    expect_fluid(simulation, cores, 0ms, 2s);
    if (HasFatalFailure()) return;
  }
}

TEST(Picker, many_small_pools_do_not_push_a_large_one_aside) {
  Simulation simulation(1);
  std::map<std::string, double> cores{{"large", 0.5}};
  simulation.pool({.name = "large", .weight = 50});
  simulation.saturate("large", 2, 1);
  for (int i = 0; i < 50; ++i) {
    const std::string name = "small" + std::to_string(i);
    simulation.pool({.name = name, .weight = 1});
    simulation.saturate(name, 1, static_cast<uint64_t>(10 + i));
    cores[name] = 0.01;
  }
  expect_fluid(simulation, cores, 0ms, 10s);
}

TEST(Picker, scales_minima_that_exceed_the_workers) {
  Simulation simulation(2);
  simulation.pool({.name = "streaming-pool", .weight = 3, .min_share = 4});
  EXPECT_NE(simulation.picker.minima_warning(), "");
  simulation.pool({.name = "batch-pool", .weight = 1, .min_share = 1});
  EXPECT_EQ(simulation.picker.minima_warning(),
            "the pools' min_share add up to more than the workers and are scaled to fit, in proportion; lower them or raise "
            "engine.threads: workers 2, batch-pool 0.4, streaming-pool 1.6");
  simulation.saturate("streaming-pool", 2, 1);
  simulation.saturate("batch-pool", 2, 2);
  expect_fluid(simulation, {{"streaming-pool", 1.6}, {"batch-pool", 0.4}}, 0ms, 10s);
  EXPECT_DOUBLE_EQ(simulation.status("streaming-pool").entitlement, 1.6);
}

TEST(Picker, gives_no_less_than_the_minimum_and_the_rest_by_weight) {
  Simulation simulation(2);
  simulation.pool({.name = "small", .weight = 1, .min_share = 0.8});
  simulation.pool({.name = "a", .weight = 6});
  simulation.pool({.name = "b", .weight = 2});
  for (const char* name : {"small", "a", "b"}) simulation.saturate(name, 3, std::string(name).size());
  EXPECT_EQ(simulation.picker.minima_warning(), "");
  expect_fluid(simulation, {{"small", 0.8}, {"a", 0.9}, {"b", 0.3}}, 0ms, 10s);
}

TEST(Picker, minima_leave_something_to_who_has_none) {
  Simulation simulation(2);
  simulation.pool({.name = "greedy", .min_share = 2});
  simulation.pool({.name = "meek"});
  simulation.saturate("greedy", 2, 1);
  simulation.saturate("meek", 2, 2);
  expect_fluid(simulation, {{"meek", 0.01}}, 0ms, 10s);
  EXPECT_GT(simulation.cpu_ms("meek"), 50);
}

TEST(Picker, a_pool_is_entitled_to_no_more_than_its_lanes_can_use) {
  Simulation simulation(2);
  simulation.pool({.name = "heavy", .weight = 3});
  simulation.pool({.name = "light", .weight = 1});
  simulation.saturate("heavy", 1, 1);
  simulation.saturate("light", 4, 2);
  expect_fluid(simulation, {{"heavy", 1}, {"light", 1}}, 0ms, 10s);
  EXPECT_DOUBLE_EQ(simulation.status("heavy").entitlement, 1);
}

TEST(Picker, a_ceiling_holds_also_when_others_are_idle) {
  Simulation simulation(2);
  simulation.pool({.name = "held", .max_share = 0.5});
  simulation.saturate("held", 4, 1);
  // 20 ms of its time are the bucket, which is full at the start of a pool that slept; here it began empty.
  expect_fluid(simulation, {{"held", 0.5}}, 0ms, 20s);
}

TEST(Picker, a_ceiling_holds_beside_others_who_get_the_rest) {
  Simulation simulation(2);
  simulation.pool({.name = "held", .weight = 5, .max_share = 0.3});
  simulation.pool({.name = "other", .weight = 1});
  simulation.saturate("held", 2, 1);
  simulation.saturate("other", 2, 2);
  expect_fluid(simulation, {{"held", 0.3}, {"other", 1.7}}, 0ms, 20s);
}

TEST(Picker, a_ceiling_lets_through_no_more_than_its_bucket_after_sleep) {
  Simulation simulation(2);
  simulation.pool({.name = "held", .max_share = 0.5});
  simulation.at(10s, [&] { simulation.saturate("held", 4, 1); });
  simulation.until(11s);
  EXPECT_NEAR(simulation.cpu_ms("held"), 500, 10 + kErrorMs);
}

TEST(Picker, follows_a_change_from_the_next_pick) {
  Simulation simulation(2);
  simulation.pool({.name = "a", .weight = 3});
  simulation.pool({.name = "b", .weight = 1});
  simulation.saturate("a", 2, 1);
  simulation.saturate("b", 2, 2);
  expect_fluid(simulation, {{"a", 1.5}, {"b", 0.5}}, 0ms, 3s);
  simulation.pool({.name = "a", .weight = 1});
  expect_fluid(simulation, {{"a", 1}, {"b", 1}}, 3s, 6s);
  simulation.pool({.name = "b", .weight = 1, .max_share = 0.25});
  expect_fluid(simulation, {{"a", 1.75}, {"b", 0.25}}, 6s, 9s);
  simulation.pool({.name = "b", .weight = 1, .min_share = 1.2});
  expect_fluid(simulation, {{"a", 0.8}, {"b", 1.2}}, 9s, 12s);
  EXPECT_FALSE(simulation.picker.set_pool({.name = "b", .weight = -1}, simulation.now).ok());
  expect_fluid(simulation, {{"a", 0.8}, {"b", 1.2}}, 12s, 15s);
}

TEST(Picker, sleep_brings_no_credit) {
  Simulation simulation(2);
  simulation.pool({.name = "sleeper", .weight = 3});
  simulation.pool({.name = "worker", .weight = 1});
  simulation.saturate("worker", 2, 1);
  simulation.until(5s);
  EXPECT_NEAR(simulation.cpu_ms("worker"), 10'000, 0.001) << "what a pool does not use goes to the others";
  simulation.saturate("sleeper", 2, 2);
  expect_fluid(simulation, {{"sleeper", 1.5}, {"worker", 0.5}}, 5s, 10s);
}

TEST(Picker, a_lane_and_a_run_that_slept_bring_no_credit) {
  Simulation simulation(1);
  simulation.pool({.name = "p"});
  Picker::Run* busy = simulation.run("p");
  Picker::Run* sleeper = simulation.run("p");
  simulation.lane("p", busy, Steps(1));
  SimulatedLane& late = simulation.lane("p", sleeper, Steps(2));
  late.next = Picker::Phase::kBlocked;
  simulation.at(4s, [&] {
    late.next = Picker::Phase::kWaiting;
    simulation.picker.wake(late, simulation.now);
  });
  simulation.at(5s, [&] { simulation.lane("p", busy, Steps(3)); });
  simulation.until(4s);
  const double before = simulation.cpu_ms(sleeper);
  EXPECT_LE(before, Simulation::ms(kLongest)) << "it blocked after one step";
  for (Nanos time = 4s + 20ms; time < 8s; time += 20ms) {
    simulation.until(time);
    ASSERT_NEAR(simulation.cpu_ms(sleeper) - before, Simulation::ms(time - 4s) / 2, kErrorMs);
  }
}

TEST(Picker, a_lane_that_slept_brings_its_run_no_disorder) {
  Simulation simulation(1);
  simulation.pool({.name = "p"});
  Picker::Run* run = simulation.run("p");
  SimulatedLane& busy = simulation.lane("p", run, Steps(1));
  SimulatedLane& late = simulation.lane("p", run, Steps(2));
  late.next = Picker::Phase::kBlocked;
  simulation.at(4s, [&] {
    late.next = Picker::Phase::kWaiting;
    simulation.picker.wake(late, simulation.now);
  });
  simulation.until(4s);
  const Nanos before = busy.used;
  simulation.until(6s);
  EXPECT_NEAR(Simulation::ms(busy.used - before), 1000, kErrorMs);
}

TEST(Picker, a_run_has_one_share_however_many_lanes) {
  Simulation simulation(2);
  simulation.pool({.name = "p"});
  std::vector<Picker::Run*> runs;
  for (const int lanes : {8, 2, 2, 1}) {
    runs.push_back(simulation.run("p"));
    for (int i = 0; i < lanes; ++i) simulation.lane("p", runs.back(), Steps(static_cast<uint64_t>(100 * lanes + i)));
  }
  for (Nanos time = 20ms; time < 10s; time += 20ms) {
    simulation.until(time);
    for (const auto* run : runs) ASSERT_NEAR(simulation.cpu_ms(run), Simulation::ms(time) / 2, kErrorMs + 2);
  }
}

TEST(Picker, lanes_of_a_run_share_alike) {
  Simulation simulation(2);
  simulation.pool({.name = "p"});
  Picker::Run* run = simulation.run("p");
  std::vector<SimulatedLane*> lanes;
  for (uint64_t i = 0; i < 5; ++i) lanes.push_back(&simulation.lane("p", run, Steps(i)));
  simulation.until(10s);
  for (const auto* lane : lanes) EXPECT_NEAR(Simulation::ms(lane->used), 4000, kErrorMs);
}

TEST(Picker, fifo_gives_the_first_run_what_it_can_use) {
  Simulation simulation(2);
  simulation.pool({.name = "p", .policy = PoolPolicy::kFifo});
  Picker::Run* first = simulation.run("p");
  Picker::Run* second = simulation.run("p");
  Picker::Run* third = simulation.run("p");
  for (uint64_t i = 0; i < 3; ++i) simulation.lane("p", third, Steps(i));
  for (uint64_t i = 0; i < 3; ++i) simulation.lane("p", second, Steps(10 + i));
  SimulatedLane& only = simulation.lane("p", first, Steps(20));
  simulation.at(2s, [&] { only.next = Picker::Phase::kGone; });
  simulation.until(2s);
  // One lane can be passed over once: when it gives its worker back beside another that does.
  EXPECT_NEAR(simulation.cpu_ms(first), 2000, kErrorMs);
  EXPECT_NEAR(simulation.cpu_ms(second), 2000, kErrorMs);
  EXPECT_LE(simulation.cpu_ms(third), kErrorMs);
  simulation.until(4s);
  EXPECT_NEAR(simulation.cpu_ms(second), 6000, 3 * kErrorMs);
  simulation.pool({.name = "p", .policy = PoolPolicy::kFair});
  const double before = simulation.cpu_ms(third);
  simulation.until(5s);
  EXPECT_NEAR(simulation.cpu_ms(third) - before, 1000, 2 * kErrorMs) << "live: from here on each has half";
}

TEST(Picker, corrects_the_quantum_that_it_expected) {
  Simulation simulation(2);
  simulation.pool({.name = "short"});
  simulation.pool({.name = "long"});
  Picker::Run* shorts = simulation.run("short");
  Picker::Run* longs = simulation.run("long");
  uint64_t turn = 0;
  for (int i = 0; i < 3; ++i) {
    simulation.lane("short", shorts, [] { return Nanos(50us); });
    // Nothing that was seen lately tells what comes next.
    simulation.lane("long", longs, [&turn] { return ++turn % 7 == 0 ? Nanos(9ms) : Nanos(100us); });
  }
  expect_fluid(simulation, {{"short", 1}, {"long", 1}}, 0ms, 10s, 2 * 2 + 9);
}

TEST(Picker, charges_count_like_quanta) {
  Simulation simulation(2);
  simulation.pool({.name = "streams", .weight = 3});
  simulation.pool({.name = "jobs", .weight = 1});
  Picker::Run* stream = simulation.run("streams");
  for (uint64_t i = 0; i < 2; ++i) simulation.lane("streams", stream, Steps(i));
  simulation.saturate("jobs", 2, 9);
  // A client library's threads: 0.4 cores, read every 5 ms.
  for (Nanos time = 5ms; time < 10s; time += 5ms) simulation.at(time, [&, stream] { simulation.picker.charge(stream, simulation.now, 2ms); });
  for (Nanos time = 1s; time <= 10s; time += 1s) {
    simulation.until(time);
    const double all = 2.4 * Simulation::ms(time);
    ASSERT_NEAR(simulation.cpu_ms("streams") + 0.4 * Simulation::ms(time), 0.75 * all, kErrorMs + 2);
    ASSERT_NEAR(simulation.cpu_ms("jobs"), 0.25 * all, kErrorMs + 2);
  }
  EXPECT_NEAR(simulation.status("streams").cpu_seconds, 18, 0.05);
}

TEST(Picker, charges_count_while_the_lanes_sleep) {
  Simulation simulation(2);
  simulation.pool({.name = "stream"});
  simulation.pool({.name = "job"});
  Picker::Run* stream = simulation.run("stream");
  SimulatedLane& lane = simulation.lane("stream", stream, Steps(1));
  lane.next = Picker::Phase::kBlocked;
  simulation.saturate("job", 3, 2);
  simulation.at(1900ms, [&] { simulation.picker.charge(stream, simulation.now, 500ms); });
  simulation.until(1900ms);
  const double before = simulation.cpu_ms("stream");
  simulation.until(2s);
  lane.next = Picker::Phase::kWaiting;
  simulation.picker.wake(lane, simulation.now);
  simulation.lane("stream", stream, Steps(5));
  simulation.until(5s);
  // 6 s on the workers since 1900 ms and 0.5 s elsewhere, less 0.2 s in which nobody but the job asked for anything.
  EXPECT_NEAR(simulation.cpu_ms("stream") - before + 500, (6200 + 500 - 200) / 2, 2 * kErrorMs + 100);
  EXPECT_LE(simulation.cpu_ms("stream") - before, 2900);
}

TEST(Picker, a_charge_counts_against_the_ceiling) {
  Simulation simulation(1);
  simulation.pool({.name = "held", .max_share = 0.5});
  Picker::Run* run = simulation.run("held");
  simulation.lane("held", run, Steps(1));
  for (Nanos time = 10ms; time < 10s; time += 10ms) simulation.at(time, [&, run] { simulation.picker.charge(run, simulation.now, 2ms); });
  simulation.until(10s);
  EXPECT_NEAR(simulation.cpu_ms("held"), 3000, 2 * kErrorMs) << "0.5 cores, 0.2 of them elsewhere";
}

TEST(Picker, peace_leaves_no_debts) {
  Simulation simulation(2);
  simulation.pool({.name = "stream"});
  simulation.pool({.name = "job"});
  Picker::Run* stream = simulation.run("stream");
  simulation.lane("stream", stream, Steps(1));
  simulation.saturate("job", 1, 2);
  for (Nanos time = 5ms; time < 5s; time += 5ms) simulation.at(time, [&, stream] { simulation.picker.charge(stream, simulation.now, 2ms); });
  simulation.until(5s);
  simulation.saturate("job", 2, 3);
  expect_fluid(simulation, {{"stream", 1}, {"job", 1}}, 5s, 8s);
}

TEST(Picker, peace_leaves_no_debts_to_who_slept_through_it) {
  Simulation simulation(2);
  simulation.pool({.name = "stream"});
  simulation.pool({.name = "job"});
  Picker::Run* stream = simulation.run("stream");
  SimulatedLane& lane = simulation.lane("stream", stream, Steps(1));
  lane.next = Picker::Phase::kBlocked;
  simulation.saturate("job", 1, 2);
  simulation.at(1900ms, [&] { simulation.picker.charge(stream, simulation.now, 900ms); });
  simulation.until(2s);
  lane.next = Picker::Phase::kWaiting;
  simulation.picker.wake(lane, simulation.now);
  simulation.lane("stream", stream, Steps(5));
  simulation.saturate("job", 2, 3);
  expect_fluid(simulation, {{"stream", 1}, {"job", 1}}, 2s, 5s);
}

TEST(Picker, pays_back_a_second_at_most) {
  Simulation simulation(1);
  simulation.pool({.name = "debtor"});
  simulation.pool({.name = "other"});
  Picker::Run* debtor = simulation.run("debtor");
  simulation.lane("debtor", debtor, Steps(1));
  simulation.lane("debtor", debtor, Steps(2));
  simulation.saturate("other", 2, 3);
  simulation.at(1s, [&] { simulation.picker.charge(debtor, simulation.now, 60s); });
  simulation.until(1s);
  const double before = simulation.cpu_ms("debtor");
  simulation.until(1500ms);
  EXPECT_NEAR(simulation.cpu_ms("debtor"), before, Simulation::ms(kLongest)) << "a second of its entitlement: half a second of one worker";
  simulation.until(3500ms);
  EXPECT_NEAR(simulation.cpu_ms("debtor") - before, 1000, 2 * kErrorMs);
}

TEST(Picker, a_stream_beside_jobs_keeps_its_latency) {
  Simulation simulation(2);
  simulation.pool({.name = "streams", .weight = 3});
  simulation.pool({.name = "jobs", .weight = 1});
  for (uint64_t job = 1; job <= 3; ++job) simulation.saturate("jobs", 2, job);
  SimulatedLane& stream = simulation.lane("streams", simulation.run("streams"), [] { return Nanos(2ms); });
  stream.next = Picker::Phase::kBlocked;
  int wakes = 0;
  for (Nanos time = 5ms; time < 20s; time += 5ms) {
    simulation.at(time, [&] {
      if (stream.phase != Picker::Phase::kBlocked) return;
      ++wakes;
      simulation.picker.wake(stream, simulation.now);
    });
  }
  simulation.until(20s);
  EXPECT_GE(wakes, 3900) << "it had less to do than its share, and had it done before more came";
  EXPECT_LE(simulation.status("streams").longest_wait_ms, Simulation::ms(kLongest)) << "no more than the step that runs";
}

TEST(Picker, measures_and_bounds_the_wait_of_a_runnable_lane) {
  Simulation simulation(2);
  std::map<const SimulatedLane*, SteadyTime> since;
  double longest_ms = 0;
  for (int i = 0; i < 10; ++i) simulation.pool({.name = "p" + std::to_string(i), .weight = i == 0 ? 1.0 : 3.0});
  simulation.picked = [&](const SimulatedLane& lane) {
    if (lane.pool == "p0") longest_ms = std::max(longest_ms, Simulation::ms(simulation.now - lane.waits_since));
  };
  for (int i = 0; i < 10; ++i) simulation.saturate("p" + std::to_string(i), 2, static_cast<uint64_t>(i));
  simulation.until(30s);
  const PoolStatus status = simulation.status("p0");
  EXPECT_GE(status.longest_wait_ms, longest_ms);
  EXPECT_LE(status.longest_wait_ms, longest_ms + 2 * kErrorMs) << "those that wait now count too";
  EXPECT_EQ(status.longest_wait_minute_ms, status.longest_wait_ms);
  // Its two lanes share 1/28 of two cores: each has 8 ms of work, at most, in each 8 / (1/28) ms.
  EXPECT_LE(status.longest_wait_ms, 28 * (2 * 2 + 8) * 1.0);
}

TEST(Picker, idle_pools_change_nothing) {
  const auto picks_beside = [](int idle) {
    Simulation simulation(2);
    for (int i = 0; i < idle; ++i) simulation.pool({.name = "idle" + std::to_string(i), .weight = 5, .min_share = 0.001});
    simulation.pool({.name = "a", .weight = 3});
    simulation.pool({.name = "b", .weight = 1});
    simulation.saturate("a", 2, 1);
    simulation.saturate("b", 2, 2);
    std::string picks;
    simulation.picked = [&](const SimulatedLane& lane) { picks += lane.pool; };
    simulation.until(2s);
    return picks;
  };
  EXPECT_EQ(picks_beside(0), picks_beside(100));
}

TEST(Picker, counts_what_a_pool_holds) {
  Simulation simulation(1);
  simulation.pool({.name = "p", .weight = 2});
  Picker::Run* run = simulation.run("p");
  Picker::Run* closed = simulation.run("p");
  simulation.lane("p", run, [] { return Nanos(11ms); });
  simulation.lane("p", run, [] { return Nanos(11ms); });
  SimulatedLane& ends = simulation.lane("p", closed, [] { return Nanos(1ms); });
  ends.next = Picker::Phase::kGone;
  simulation.until(40ms);
  simulation.picker.close_run(closed);
  EXPECT_EQ(simulation.picker.open_runs(), 1);
  const PoolStatus status = simulation.status("p");
  EXPECT_EQ(status.options.weight, 2);
  EXPECT_EQ(status.runs, 1);
  EXPECT_EQ(status.tasks, 2);
  EXPECT_EQ(status.waiting, 1);
  EXPECT_EQ(status.long_steps, 3u);
  EXPECT_NEAR(status.cpu_seconds, 0.034, 1e-9);
  EXPECT_EQ(status.share, 1);
}

}  // namespace
}  // namespace laketide
