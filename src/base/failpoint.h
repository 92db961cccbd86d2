// Named places, before and after each durable step, where a test can make the process fail on purpose.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <string_view>

#include "laketide/status.h"

namespace laketide {

/// One place in the code. Always compiled in: off, it costs one relaxed load. Define one per place, as a namespace-scope
/// or function static, through LT_FAILPOINT. Actions, set by the environment variable LAKETIDE_FAILPOINTS at first use
/// or by `arm`, as "name=action[@n];…" (fires at the n-th hit, default 1, then disarms; "@every" fires each time, "@1/k" at each k-th hit):
///   error  returns Status::external("failpoint", …)      fail   returns Status::internal
///   kill   SIGKILLs the process                          hang   blocks the thread until `disarm`
///   delay:MS sleeps                                      NAME   any other word is returned by `action()` for places
///          that know special deeds ("short_write", "flip", or a deliberate bug).
/// Thread-safe.
class Failpoint {
 public:
  explicit Failpoint(const char* name);
  Failpoint(const Failpoint&) = delete;
  Failpoint& operator=(const Failpoint&) = delete;

  /// Performs the armed action; success when off.
  Status hit() { return armed_.load(std::memory_order_relaxed) == 0 ? Status() : fire(nullptr); }
  /// As `hit`, but a special deed is left to the caller: true if `deed` is armed and it is its turn.
  bool hit(std::string_view deed) {
    return armed_.load(std::memory_order_relaxed) != 0 && fire(&deed).code() == "deed";
  }
  const char* name() const { return name_; }

  /// Arms by the text described above. Fails on a malformed text; a name not defined yet is kept for when it is.
  static Status arm(std::string_view text);
  static void disarm_all();
  /// Hits of every defined point since start; counted only while LAKETIDE_FAILPOINTS is set (even to the empty text).
  static std::map<std::string, uint64_t> hits();

 private:
  Status fire(const std::string_view* deed);

  const char* name_;
  std::atomic<int> armed_{0};
  friend class FailpointRegistry;
};

}  // namespace laketide

/// A deliberate mistake, for tests of the proof: true if `deed` is armed at the place `name` and it is its turn, so that the code
/// does the wrong thing there. tests/proof/seeded_bugs.py says what each of them is and how it is found.
#define LT_SEEDED_BUG(name, deed)                        \
  ([] {                                                  \
    static ::laketide::Failpoint lt_failpoint_(name);    \
    return lt_failpoint_.hit(std::string_view(deed));    \
  }())

/// `LT_FAILPOINT("lake.commit.before")`: leaves the function with the Status of the armed action, if any.
#define LT_FAILPOINT(name)                               \
  do {                                                   \
    static ::laketide::Failpoint lt_failpoint_(name);    \
    LT_RETURN_IF_ERROR(lt_failpoint_.hit());             \
  } while (false)
