// Work for the end of a scope, however it is left.
#pragma once

#include <functional>
#include <utility>

namespace laketide {

/// Does what it was given when it goes. Confined to its task.
class AtExit {
 public:
  explicit AtExit(std::function<void()> work) : work_(std::move(work)) {}
  ~AtExit() { work_(); }
  AtExit(const AtExit&) = delete;
  AtExit& operator=(const AtExit&) = delete;

 private:
  const std::function<void()> work_;
};

}  // namespace laketide
