#include "cli/job_progress.h"

#include <nlohmann/json.hpp>

#include "cli/job_text.h"

namespace laketide::cli {
namespace {

constexpr std::chrono::seconds kPlainEvery{10};

}  // namespace

void JobProgress::show(const nlohmann::ordered_json& job) {
  const auto now = Clock::now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - began_).count();
  if (line_.has_screen()) return line_.draw(job.value("progress", 0.0), progress_words(job, seconds));
  const std::string state = job.value("status", "") + job.value("reason", nlohmann::ordered_json()).dump();
  if (plain_ == Plain::kSilent || (state == said_ && now - said_at_ < kPlainEvery)) return;
  said_ = state;
  said_at_ = now;
  terminal_.err << progress_words(job, seconds) << std::endl;
}

}  // namespace laketide::cli
