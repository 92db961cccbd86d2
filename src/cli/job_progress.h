// How far a job is, while somebody waits for it.
#pragma once

#include <chrono>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/terminal.h"

namespace laketide::cli {

/// On standard error: on a screen one line that is drawn over, and gone at the end. Confined to its task.
class JobProgress {
 public:
  /// Where there is no screen: nothing, or a line whenever the state changes, and every ten seconds.
  enum class Plain { kSilent, kLines };

  JobProgress(const Terminal& terminal, Plain plain) : terminal_(terminal), plain_(plain), began_(Clock::now()) {}
  ~JobProgress();
  JobProgress(const JobProgress&) = delete;
  JobProgress& operator=(const JobProgress&) = delete;

  void show(const nlohmann::ordered_json& job);

 private:
  using Clock = std::chrono::steady_clock;

  const Terminal& terminal_;
  const Plain plain_;
  const Clock::time_point began_;
  Clock::time_point said_at_;
  std::string said_;  // the state of the last plain line
};

}  // namespace laketide::cli
