// POST /batch/run's body as the engine understands it.
#pragma once

#include "http/route.h"
#include "laketide/jobs.h"
#include "laketide/status.h"

namespace laketide::http {

/// A topic, or a pipeline's name, or a whole pipeline document, with the envelope (offsets, pool, atomic, …) around it. A document
/// goes on as it came, so that problems have their places, but for the envelope's members, which are taken out. The
/// idempotency key may be in the body or the head; the same in both is one.
Result<JobRequest> job_request(const Call& call);

}  // namespace laketide::http
