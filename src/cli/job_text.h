// Batch jobs for a person: a table of several, one in full, and a line that is drawn over while one runs.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/terminal.h"

namespace laketide::cli {

/// A table, with the failures below it.
void print_jobs(const nlohmann::ordered_json& jobs, const Terminal& terminal);
/// Everything of one job that says something.
void print_job(const nlohmann::ordered_json& job, const Terminal& terminal);
/// Why a job failed and what to do now, on standard error; nothing if it did not.
void print_job_failure(const nlohmann::ordered_json& job, const Terminal& terminal);

/// "50 %  RUNNING  1,234 rows  12 s", and why it waits.
std::string progress_words(const nlohmann::ordered_json& job, int64_t seconds);

}  // namespace laketide::cli
