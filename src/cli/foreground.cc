#include "cli/foreground.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/signal.h"
#include "http/job_json.h"

namespace laketide::cli {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookFirst{5};
constexpr std::chrono::milliseconds kLook{100};

}  // namespace

StateDirectory::StateDirectory(const std::string& given) : path_(given), is_given_(!given.empty()) {
  std::error_code failed;
  if (!is_given_) path_ = (fs::temp_directory_path(failed) / "laketide-run-XXXXXX").string();
  if (!is_given_ && mkdtemp(path_.data()) == nullptr) path_.clear();
}

StateDirectory::~StateDirectory() {
  std::error_code ignored;
  if (!is_given_ && !path_.empty()) fs::remove_all(path_, ignored);
}

Result<JobStatus> follow_job(Engine& engine, const std::string& id, bool can_go_on, const Interrupt& interrupt, JobProgress* progress) {
  Signal never;  // waited on for time alone
  bool told = false;
  for (auto look = kLookFirst;; look = std::min(2 * look, kLook)) {
    auto job = engine.job(id);
    if (!job.ok() || http::is_final(job->state)) return job;
    if (progress != nullptr) progress->show(http::job_json(*job));
    if (interrupt.came() && can_go_on) {
      engine.begin_stop();
      engine.wait_stopped(SteadyClock::now());
      return engine.job(id);
    }
    if (interrupt.came() && !told) (void)engine.cancel_job(id);  // refused while it commits: then it is over in a moment
    told = interrupt.came();
    never.wait(SteadyClock::now() + look);
  }
}

bool is_away(const std::string& code) { return code == "broker_away" || code == "postgres_unavailable" || code == "unreachable"; }

}  // namespace laketide::cli
