// A bounded run in this process, without the service: where its state lies, and waiting for its end.
#pragma once

#include <string>

#include "cli/interrupt.h"
#include "cli/job_progress.h"
#include "laketide/engine.h"
#include "laketide/status.h"

namespace laketide::cli {

/// Where the run's ledger is: the directory that was given, or one that goes with the run. Confined to its task.
class StateDirectory {
 public:
  explicit StateDirectory(const std::string& given);
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  const std::string& path() const { return path_; }  // empty: none could be made
  bool is_given() const { return is_given_; }

 private:
  std::string path_;
  bool is_given_;
};

/// Until the job is over, telling `progress` (null: nobody). Ctrl-C ends it: if it can go on later nothing is lost, else nothing more
/// becomes visible.
Result<JobStatus> follow_job(Engine& engine, const std::string& id, bool can_go_on, const Interrupt& interrupt, JobProgress* progress);

/// Whether an error of this code says that a server could not be reached.
bool is_away(const std::string& code);

}  // namespace laketide::cli
