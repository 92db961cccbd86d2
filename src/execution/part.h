// What a lane and the tail have in common: a part of a run that the scheduler calls until it ends.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "flow/step.h"
#include "laketide/status.h"
#include "scheduler/task.h"

namespace laketide {

/// How a part reports to its run that it is over; called from its task. Thread-safe.
class PartHost {
 public:
  virtual ~PartHost() = default;
  virtual void part_failed(Status status) = 0;
  /// The last call: `parts` are to be destroyed where blocking is allowed.
  virtual void part_ended(std::shared_ptr<void> parts) = 0;
};

/// The loop of a task: advance until stopped, blocked, failed, or the quantum is over. `request_stop` may come from any thread.
/// Everything else: Confined to its task.
class Part {
 public:
  /// `name`: "tail", "lane 3", for the report that an exception ended it (`run_broken`).
  Part(std::string name, std::string pipeline, PartHost* host) : name_(std::move(name)), pipeline_(std::move(pipeline)), host_(host) {}
  virtual ~Part() = default;

  TaskStep run(const Quantum& quantum);
  /// Asks it to give up: it reports part_ended and nothing else. Wake the task after it.
  void request_stop() { stop_.store(true, std::memory_order_release); }
  /// The task is gone. If it went without the part's word, because a step threw, the part reports that it failed and ended.
  void gone();

 protected:
  /// One step; Blocked: its task has nothing to do until it is woken.
  virtual Result<Step> advance() = 0;
  /// What it is made of, handed over at its end.
  virtual std::shared_ptr<void> take_parts() = 0;
  const std::string& pipeline() const { return pipeline_; }

 private:
  TaskStep end(const Status& status);

  const std::string name_;
  const std::string pipeline_;
  PartHost* const host_;
  std::atomic<bool> stop_{false};
  bool ended_ = false;
};

}  // namespace laketide
