// Batch jobs in the API's words.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "laketide/jobs.h"

namespace laketide::http {

/// The job document. Offsets are {"0":[start,end)} per partition, below the topic's name if the job has several topics.
nlohmann::ordered_json job_json(const JobStatus& job);

/// "/batch/status/…"
std::string status_url(const JobStatus& job);

/// SUCCEEDED, FAILED and CANCELLED: the job stays what it is.
bool is_final(JobState state);

}  // namespace laketide::http
