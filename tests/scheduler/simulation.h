// Workers in simulated time around a picker: what each lane, run and pool got, to the nanosecond.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "scheduler/picker.h"

namespace laketide {

using namespace std::chrono_literals;
using Nanos = std::chrono::nanoseconds;

constexpr Nanos kQuantum = 2ms;
constexpr Nanos kLongest = 8ms;

/// A saturating lane: 0.5 to 2 ms of CPU time a quantum, and `kLongest` once in two hundred. Caller synchronises.
class Steps {
 public:
  explicit Steps(uint64_t seed) : random_(seed) {}
  Nanos operator()() {
    if (random_() % 200 == 0) return kLongest;
    return Nanos(500'000 + static_cast<int64_t>(random_() % 1'500'000));
  }

 private:
  std::mt19937_64 random_;
};

/// What a lane does next: so much CPU time, and then it waits, blocks or is gone. Caller synchronises.
struct SimulatedLane : Picker::Lane {
  std::function<Nanos()> step;
  Picker::Phase next = Picker::Phase::kWaiting;
  std::string pool;
  Nanos used{0};
};

/// Caller synchronises.
class Simulation {
 public:
  explicit Simulation(int workers) : picker(workers, kQuantum), workers_(static_cast<size_t>(workers)) {}

  void pool(const PoolOptions& options) { EXPECT_EQ(picker.set_pool(options, now).to_string(), "ok"); }
  Picker::Run* run(const std::string& pool) { return picker.open_run(pool); }

  SimulatedLane& lane(const std::string& pool, Picker::Run* run, std::function<Nanos()> step) {
    lanes_.push_back(std::make_unique<SimulatedLane>());
    SimulatedLane& lane = *lanes_.back();
    lane.step = std::move(step);
    lane.pool = pool;
    picker.add(lane, run);
    picker.wake(lane, now);
    return lane;
  }
  /// A run of its own with so many saturating lanes.
  void saturate(const std::string& pool_name, int lanes, uint64_t seed) {
    Picker::Run* opened = run(pool_name);
    for (int i = 0; i < lanes; ++i) lane(pool_name, opened, Steps(seed * 1000 + static_cast<uint64_t>(i)));
  }
  void at(Nanos time, std::function<void()> event) { events_.emplace(SteadyTime(time), std::move(event)); }

  void until(Nanos end) {
    while (true) {
      for (Worker& worker : workers_) {
        if (worker.lane == nullptr) begin(worker);
      }
      SteadyTime next(end);
      if (!events_.empty()) next = std::min(next, events_.begin()->first);
      for (const Worker& worker : workers_) next = std::min(next, worker.until);
      now = std::max(now, next);
      if (now >= SteadyTime(end)) return;
      for (; !events_.empty() && events_.begin()->first <= now; events_.erase(events_.begin())) events_.begin()->second();
      for (Worker& worker : workers_) {
        if (worker.lane != nullptr && worker.until <= now) finish(worker);
      }
    }
  }

  /// So far, the running quanta's part until now included.
  double cpu_ms(const std::string& pool) const {
    Nanos all{0};
    for (const auto& lane : lanes_) all += lane->pool == pool ? used(*lane) : Nanos(0);
    return ms(all);
  }
  double cpu_ms(const Picker::Run* run) const {
    Nanos all{0};
    for (const auto& lane : lanes_) all += lane->run == run ? used(*lane) : Nanos(0);
    return ms(all);
  }
  static double ms(Nanos time) { return static_cast<double>(time.count()) / 1e6; }
  PoolStatus status(const std::string& pool) const {
    for (PoolStatus& status : picker.pools(now)) {
      if (status.options.name == pool) return status;
    }
    return {};
  }

  Picker picker;
  SteadyTime now{};
  std::function<void(const SimulatedLane&)> picked = [](const SimulatedLane&) {};

 private:
  struct Worker {
    SimulatedLane* lane = nullptr;
    Nanos cpu{0};
    SteadyTime began;
    SteadyTime until = SteadyTime::max();
  };

  Nanos used(const SimulatedLane& lane) const {
    Nanos all = lane.used;
    for (const Worker& worker : workers_) all += worker.lane == &lane ? now - worker.began : Nanos(0);
    return all;
  }

  void begin(Worker& worker) {
    const Picker::Choice choice = picker.pick(now);
    worker.lane = static_cast<SimulatedLane*>(choice.lane);
    worker.until = choice.retry_at.value_or(SteadyTime::max());
    if (worker.lane == nullptr) return;
    picked(*worker.lane);
    worker.cpu = worker.lane->step();
    worker.began = now;
    worker.until = now + worker.cpu;
  }

  void finish(Worker& worker) {
    SimulatedLane& lane = *std::exchange(worker.lane, nullptr);
    lane.used += worker.cpu;
    picker.finish(lane, now, worker.cpu, lane.next, worker.cpu > 10ms);
  }

  std::vector<Worker> workers_;
  std::vector<std::unique_ptr<SimulatedLane>> lanes_;
  std::multimap<SteadyTime, std::function<void()>> events_;
};

}  // namespace laketide
