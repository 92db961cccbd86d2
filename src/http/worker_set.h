// A few threads for calls that may block, and a bound on how many wait for one.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace laketide::http {

/// Thread-safe.
class WorkerSet {
 public:
  /// Threads are named `name`; at most `calls_max` calls run or wait.
  WorkerSet(const std::string& name, int threads, int calls_max);
  /// Waits for the calls that run; those that wait are dropped.
  ~WorkerSet();
  WorkerSet(const WorkerSet&) = delete;
  WorkerSet& operator=(const WorkerSet&) = delete;

  /// Performs `call`, which does not throw, on one of the threads; false, and nothing happens, if there are too many.
  bool post(std::function<void()> call);

 private:
  void work();

  const int calls_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_
  int calls_ = 0;                              // that run or wait; guarded by mutex_
  bool stopping_ = false;                      // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace laketide::http
