#include <algorithm>
#include <cctype>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/quantity.h"
#include "base/signal.h"
#include "cli/answer_table.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/job_progress.h"
#include "cli/job_text.h"
#include "cli/pipeline_file.h"
#include "cli/remote.h"
#include "http/client.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLookMin{50}, kLookMax{1'000};

std::string text_of(const Json& job, const char* name) { return job.value(name, ""); }

bool has_ended(const Json& job) {
  const std::string status = text_of(job, "status");
  return status == "SUCCEEDED" || status == "FAILED" || status == "CANCELLED";
}

/// What to run, or none and a message.
std::optional<Json> subject_body(const JobChoice& choice, const Terminal& terminal, ExitCode& code) {
  if (!choice.topic.empty() + !choice.pipeline.empty() + !choice.file.empty() != 1) {
    terminal.err << "laketide: say what to run: --topic, --pipeline or --file, and one of them only\n";
    code = ExitCode::kWrongUse;
    return std::nullopt;
  }
  if (!choice.topic.empty()) return Json{{"topic", choice.topic}};
  if (!choice.pipeline.empty()) return Json{{"pipeline", choice.pipeline}};
  const auto document = read_pipeline_file(choice.file, terminal);
  if (!document) code = ExitCode::kRefused;
  return document ? std::optional(Json::parse(*document)) : std::nullopt;
}

std::optional<std::string> run_body(const JobChoice& choice, const Terminal& terminal, ExitCode& code) {
  auto body = subject_body(choice, terminal, code);
  if (!body) return std::nullopt;
  const std::pair<const char*, const std::string&> texts[] = {{"startOffset", choice.start}, {"endOffset", choice.end},          {"pool", choice.pool},
                                                              {"deadline", choice.deadline}, {"idempotencyKey", choice.idempotency_key}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) (*body)[name] = text;
  }
  if (choice.no_atomic) (*body)["atomic"] = false;
  if (choice.allow_repeats) (*body)["allowRepeats"] = true;
  return body->dump();
}

/// Looks at a job until it is over, `deadline` or Ctrl-C. None if it could not be seen any more, which is printed.
std::optional<Json> await_end(const RemoteOptions& remote, Json job, Clock::time_point deadline, const Terminal& terminal, ExitCode& code) {
  const std::string target = "/batch/" + http::path_segment(text_of(job, "jobId"));
  const Interrupt interrupt;
  JobProgress progress(terminal, JobProgress::Plain::kSilent);
  Signal never;  // waited on for time alone
  const auto began = Clock::now();
  while (!has_ended(job) && !interrupt.came() && Clock::now() < deadline) {
    progress.show(job);
    const auto pause = std::clamp(std::chrono::duration_cast<milliseconds>((Clock::now() - began) / 8), kLookMin, kLookMax);
    never.wait(std::min(Clock::now() + pause, deadline));
    const auto answer = ask(remote, "GET", target, "", terminal, code);
    if (!answer) return std::nullopt;
    job = Json::parse(*answer, nullptr, false);
  }
  return job;
}

/// Prints how a job ended, and says it to the shell.
ExitCode report_end(const Json& job, const Terminal& terminal) {
  if (terminal.json) {
    terminal.out << job.dump() << '\n';
  } else {
    print_job(job, terminal);
  }
  print_job_failure(job, terminal);
  if (!has_ended(job)) {
    const std::string id = text_of(job, "jobId");
    terminal.err << "laketide: " << id << " is still " << text_of(job, "status") << " and goes on; look with: laketide batch status " << id
                 << ", end it with: laketide batch cancel " << id << '\n';
  }
  return text_of(job, "status") == "SUCCEEDED" ? ExitCode::kDone : ExitCode::kFailed;
}

void print_taken(const Json& job, const Terminal& terminal) {
  const std::string id = text_of(job, "jobId");
  terminal.out << id << " is " << text_of(job, "status") << " (pipeline " << text_of(job, "pipeline") << "); look with: laketide batch status " << id << '\n';
  if (job.value("advice", Json()).is_string()) terminal.out << "advice: " << text_of(job, "advice") << '\n';
}

/// When a wait is over; none, and a message, if its text is no duration.
std::optional<Clock::time_point> end_of_wait(const std::string& text, const Terminal& terminal) {
  if (text.empty()) return Clock::time_point::max();
  if (const auto duration = parse_duration(text)) return Clock::now() + *duration;
  terminal.err << "laketide: --wait takes a duration such as 10m, or nothing for as long as it takes: " << text << '\n';
  return std::nullopt;
}

std::string receipt_sinks(const Json& epoch) {
  std::string text;
  for (const Json& sink : epoch.value("sinks", Json::array())) text += (text.empty() ? "" : ", ") + sink.value("sink", "") + " " + sink.value("commit", "");
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

ExitCode batch_run(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal) {
  ExitCode code = ExitCode::kDone;
  const auto deadline = end_of_wait(choice.wait.value_or(""), terminal);
  if (!deadline) return ExitCode::kWrongUse;
  const auto body = run_body(choice, terminal, code);
  if (!body) return code;
  if (!choice.wait) return call(remote, "POST", "/batch/run", *body, terminal, print_taken);
  const auto taken = ask(remote, "POST", "/batch/run", *body, terminal, code);
  if (!taken) return code;
  const Json job = Json::parse(*taken, nullptr, false);
  const auto end = await_end(remote, job, *deadline, terminal, code);
  if (end) return report_end(*end, terminal);
  terminal.err << "laketide: " << text_of(job, "jobId") << " was taken; look how it stands with: laketide batch status " << text_of(job, "jobId") << '\n';
  return code;
}

ExitCode batch_status(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal) {
  ExitCode code = ExitCode::kDone;
  const auto answer = ask(remote, "GET", "/batch/" + http::path_segment(choice.id), "", terminal, code);
  if (!answer) return code;
  const Json job = Json::parse(*answer, nullptr, false);
  if (terminal.json) {
    terminal.out << *answer;
  } else {
    print_job(job, terminal);
  }
  print_job_failure(job, terminal);
  return text_of(job, "status") == "FAILED" ? ExitCode::kFailed : ExitCode::kDone;
}

ExitCode batch_list(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal) {
  std::string target = "/batch?limit=" + std::to_string(choice.limit);
  if (!choice.status.empty()) target += "&status=" + http::path_segment(upper(choice.status));
  if (!choice.pipeline.empty()) target += "&pipeline=" + http::path_segment(choice.pipeline);
  if (!choice.before.empty()) target += "&before=" + http::path_segment(choice.before);
  return call(remote, "GET", target, "", terminal, [](const Json& answer, const Terminal& to) {
    const Json jobs = answer.value("jobs", Json::array());
    if (jobs.empty()) {
      to.out << "no jobs\n";
    } else {
      print_jobs(jobs, to);
    }
    if (answer.value("next", Json()).is_string()) to.out << "older ones: --before " << answer["next"].get<std::string>() << '\n';
  });
}

ExitCode batch_cancel(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal) {
  return call(remote, "POST", "/batch/cancel/" + http::path_segment(choice.id), "", terminal, [](const Json& job, const Terminal& to) {
    to.out << text_of(job, "jobId") << " is " << text_of(job, "status") << '\n';
    print_job_failure(job, to);
  });
}

ExitCode batch_receipt(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal) {
  return call(remote, "GET", "/batch/" + http::path_segment(choice.id) + "/receipt", "", terminal, [](const Json& answer, const Terminal& to) {
    Json rows = Json::array();
    for (Json epoch : answer.value("epochs", Json::array())) {
      epoch["commits"] = receipt_sinks(epoch);
      epoch["at"] = short_time(epoch.value("committedAt", Json()));
      rows.push_back(std::move(epoch));
    }
    if (rows.empty()) {
      to.out << "nothing is committed\n";
      return;
    }
    print_table(rows, {{"epoch", "epoch"}, {"committed", "at", true}, {"rows in", "rowsIn"}, {"rows out", "rowsOut"}, {"filtered", "filtered"},
                       {"quarantined", "quarantined"}, {"commits", "commits"}}, to);
  });
}

}  // namespace laketide::cli
