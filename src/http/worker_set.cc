#include "http/worker_set.h"

#include <pthread.h>

namespace laketide::http {

WorkerSet::WorkerSet(const std::string& name, int threads, int calls_max) : work_(context_.get_executor()), calls_max_(calls_max) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] {
      name_this_thread(name);
      context_.run();
    });
  }
}

WorkerSet::~WorkerSet() {
  context_.stop();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerSet::take_place() {
  if (calls_.fetch_add(1, std::memory_order_relaxed) < calls_max_) return true;
  give_place_back();
  return false;
}

void name_this_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace laketide::http
