// How far a job is, while somebody waits for it.
#pragma once

#include <chrono>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/drawn_line.h"
#include "cli/terminal.h"

namespace laketide::cli {

/// On standard error; on a screen a DrawnLine. Confined to its task.
class JobProgress {
 public:
  /// Where there is no screen: nothing, or a line whenever the state changes, and every ten seconds.
  enum class Plain { kSilent, kLines };

  JobProgress(const Terminal& terminal, Plain plain) : terminal_(terminal), line_(terminal), plain_(plain), began_(Clock::now()) {}

  void show(const nlohmann::ordered_json& job);

 private:
  using Clock = std::chrono::steady_clock;

  const Terminal& terminal_;
  DrawnLine line_;
  const Plain plain_;
  const Clock::time_point began_;
  Clock::time_point said_at_;
  std::string said_;  // the state of the last plain line
};

}  // namespace laketide::cli
