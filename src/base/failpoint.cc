#include "base/failpoint.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace laketide {

/// Every defined point and every armed action, by name. Thread-safe.
class FailpointRegistry {
 public:
  struct Action {
    std::string deed;
    int64_t argument = 0;
    uint64_t fires_at = 1;
    bool again = false;  // not only then, but each time that many hits are over
    uint64_t hits = 0;

    bool is_due() const { return again ? hits % fires_at == 0 : hits == fires_at; }
  };

  static FailpointRegistry& instance() {
    static auto* registry = new FailpointRegistry;  // outlives every static Failpoint
    return *registry;
  }

  void define(Failpoint* point) {
    const MutexLock lock(mutex_);
    points_.push_back(point);
    point->armed_.store(counting_ || actions_.contains(point->name_) ? 1 : 0, std::memory_order_relaxed);
  }

  Status arm(std::string_view text) {
    const MutexLock lock(mutex_);
    while (!text.empty()) {
      const auto end = text.find(';');
      const auto one = text.substr(0, end);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      if (!one.empty()) LT_RETURN_IF_ERROR(arm_one(one));
    }
    for (Failpoint* point : points_) {
      if (actions_.contains(point->name_)) point->armed_.store(1, std::memory_order_relaxed);
    }
    return {};
  }

  void disarm_all() {
    const MutexLock lock(mutex_);
    actions_.clear();
    for (Failpoint* point : points_) point->armed_.store(counting_ ? 1 : 0, std::memory_order_relaxed);
  }

  std::map<std::string, uint64_t> hits() {
    const MutexLock lock(mutex_);
    std::map<std::string, uint64_t> all;
    for (Failpoint* point : points_) all.emplace(point->name_, 0);
    for (const auto& [name, count] : hits_) all[name] = count;
    return all;
  }

  Status fire(const char* name, const std::string_view* deed) {
    Action action;
    {
      const MutexLock lock(mutex_);
      ++hits_[name];
      auto found = actions_.find(name);
      if (found == actions_.end()) return {};
      const bool special = !is_common(found->second.deed);
      if (special != (deed != nullptr) || (deed && found->second.deed != *deed)) return {};
      ++found->second.hits;
      if (!found->second.is_due()) return {};
      action = found->second;
    }
    return perform(name, action);
  }

 private:
  FailpointRegistry() {
    if (const char* text = std::getenv("LAKETIDE_FAILPOINTS")) {
      counting_ = true;
      if (Status armed = arm(text); !armed.ok()) {
        std::fprintf(stderr, "laketide: LAKETIDE_FAILPOINTS: %s\n", armed.to_string().c_str());
        std::exit(3);
      }
    }
  }

  static bool is_common(const std::string& deed) {
    return deed == "error" || deed == "fail" || deed == "kill" || deed == "hang" || deed == "delay";
  }

  Status arm_one(std::string_view one) LT_REQUIRES(mutex_) {
    const auto equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Status::user("bad_failpoint", "a failpoint reads name=action[:argument][@n | @1/k | @every], got " + std::string(one));
    }
    Action action;
    auto deed = one.substr(equals + 1);
    if (const auto at = deed.find('@'); at != std::string_view::npos) {
      std::string count(deed.substr(at + 1));
      if (count == "every") count = "1/1";
      action.again = count.starts_with("1/");
      if (action.again) count.erase(0, 2);
      action.fires_at = std::strtoull(count.c_str(), nullptr, 10);
      if (action.fires_at == 0) {
        return Status::user("bad_failpoint", "after @ stands a hit number from 1, 1/k for each k-th hit, or every: " + std::string(one));
      }
      deed = deed.substr(0, at);
    }
    if (const auto colon = deed.find(':'); colon != std::string_view::npos) {
      action.argument = std::strtoll(std::string(deed.substr(colon + 1)).c_str(), nullptr, 10);
      deed = deed.substr(0, colon);
    }
    action.deed = deed;
    actions_[std::string(one.substr(0, equals))] = action;
    return {};
  }

  Status perform(const char* name, const Action& action) {
    if (action.deed == "kill") raise(SIGKILL);
    if (action.deed == "delay") std::this_thread::sleep_for(std::chrono::milliseconds(action.argument));
    if (action.deed == "hang") {
      while (still_armed(name)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (action.deed == "error") return Status::external("failpoint", std::string("made to fail at ") + name);
    if (action.deed == "fail") return Status::internal("failpoint", std::string("made to fail at ") + name);
    return is_common(action.deed) ? Status() : Status::internal("deed", name);
  }

  bool still_armed(const char* name) {
    const MutexLock lock(mutex_);
    return actions_.contains(name);
  }

  Mutex mutex_;
  bool counting_ = false;  // set when it is made
  std::vector<Failpoint*> points_ LT_GUARDED_BY(mutex_);
  std::map<std::string, Action, std::less<>> actions_ LT_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> hits_ LT_GUARDED_BY(mutex_);
};

Failpoint::Failpoint(const char* name) : name_(name) { FailpointRegistry::instance().define(this); }
Status Failpoint::fire(const std::string_view* deed) { return FailpointRegistry::instance().fire(name_, deed); }
Status Failpoint::arm(std::string_view text) { return FailpointRegistry::instance().arm(text); }
void Failpoint::disarm_all() { FailpointRegistry::instance().disarm_all(); }
std::map<std::string, uint64_t> Failpoint::hits() { return FailpointRegistry::instance().hits(); }

}  // namespace laketide
