// The operations themselves; which path leads to which is in routes.cc.
#pragma once

#include "http/message.h"
#include "http/route.h"

namespace laketide::http {

Reply start_stream(Service& service, const Call& call);
Reply stop_streams(Service& service, const Call& call);
Reply list_streams(Service& service, const Call& call);
Reply show_stream(Service& service, const Call& call);
Reply list_epochs(Service& service, const Call& call);
Reply pause_stream(Service& service, const Call& call);
Reply resume_stream(Service& service, const Call& call);
Reply reset_stream(Service& service, const Call& call);

Reply run_batch(Service& service, const Call& call);
Reply list_jobs(Service& service, const Call& call);
Reply show_job(Service& service, const Call& call);
/// As show_job, but 500 for a job that FAILED.
Reply show_job_status(Service& service, const Call& call);
Reply show_receipt(Service& service, const Call& call);
Reply cancel_job(Service& service, const Call& call);

Reply list_pools(Service& service, const Call& call);
Reply show_pool(Service& service, const Call& call);
Reply change_pool(Service& service, const Call& call);

Reply list_pipelines(Service& service, const Call& call);
Reply show_pipeline(Service& service, const Call& call);
Reply put_pipeline(Service& service, const Call& call);
Reply plan_pipeline(Service& service, const Call& call);
Reply delete_pipeline(Service& service, const Call& call);

Reply show_health(Service& service, const Call& call);
Reply show_readiness(Service& service, const Call& call);
Reply show_metrics(Service& service, const Call& call);
Reply show_description(Service& service, const Call& call);
Reply show_index(Service& service, const Call& call);
Reply stop_service(Service& service, const Call& call);

}  // namespace laketide::http
