#include "http/service.h"

#include <utility>

namespace laketide::http {

void Service::attach(std::shared_ptr<Engine> engine) {
  const std::lock_guard lock(mutex_);
  engine_ = std::move(engine);
}

std::shared_ptr<Engine> Service::engine() const {
  const std::lock_guard lock(mutex_);
  return engine_;
}

void Service::begin_stop() {
  stopping_.store(true, std::memory_order_release);
  if (const auto running = engine()) running->begin_stop();
}

}  // namespace laketide::http
