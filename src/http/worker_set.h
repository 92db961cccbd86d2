// A few threads for calls that may block, and a bound on how many wait for one.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

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

  boost::asio::io_context::executor_type executor() { return context_.get_executor(); }
  /// Takes a place for one call; false if there is none. Each place taken is given back.
  bool take_place();
  void give_place_back() { calls_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  const int calls_max_;
  std::atomic<int> calls_{0};
  std::vector<std::thread> threads_;
};

/// Names the calling thread as tools show it; at most 15 letters.
void name_this_thread(const std::string& name);

}  // namespace laketide::http
