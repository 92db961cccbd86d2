#include "cli/job_text.h"

#include <algorithm>
#include <cmath>
#include <iomanip>

#include <nlohmann/json.hpp>

#include "cli/answer_table.h"
#include "sinks/console/text_table.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kNameWidth = 12;

std::string percent(const Json& job) { return std::to_string(static_cast<int>(std::floor(job.value("progress", 0.0) * 100))) + "%"; }

std::string joined_list(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : ", ") + item.get<std::string>();
  return to_cell(text, 0);
}

/// "0: [100, 500), 1: [0, 7)", with "topic/" before the partition if there are several topics.
std::string offsets_text(const Json& offsets, const std::string& topic = "") {
  std::string text;
  for (const auto& [name, value] : offsets.items()) {
    text += text.empty() ? "" : ", ";
    if (value.is_object()) {
      text += offsets_text(value, to_cell(name, 0) + "/");
    } else {
      text += topic + name + ": [" + value.at(0).dump() + ", " + value.at(1).dump() + ")";
    }
  }
  return text;
}

/// Where to go on after what is committed, in the form that --start takes.
Json ends_of(const Json& offsets) {
  Json ends = Json::object();
  for (const auto& [name, value] : offsets.items()) ends[name] = value.is_object() ? ends_of(value) : value.at(1);
  return ends;
}

/// Where to go on with, as an argument of the shell. A topic has no quotes in its name.
std::string go_on_text(const Json& committed) { return "--start '" + ends_of(committed).dump() + "'"; }

bool says_something(const Json& value) { return value.is_object() && !value.empty(); }

std::string job_note(const Json& job) {
  const Json error = job.value("error", Json());
  if (error.is_object()) return error.value("code", "");
  const Json reason = job.value("reason", Json());
  return reason.is_string() ? reason.get<std::string>() : "";
}

void print_line(const char* name, const std::string& text, const Terminal& terminal) {
  if (text.empty()) return;
  terminal.out << "  " << std::left << std::setw(kNameWidth) << name << text << '\n';
}

}  // namespace

void print_jobs(const Json& jobs, const Terminal& terminal) {
  Json rows = Json::array();
  for (const Json& job : jobs) {
    rows.push_back({{"job", job.value("jobId", "")},
                    {"status", job.value("status", "")},
                    {"done", percent(job)},
                    {"pipeline", job.value("pipeline", "")},
                    {"rows", short_count(job.value("rowsIn", int64_t{0}))},
                    {"submitted", short_time(job.value("submittedAt", Json()))},
                    {"finished", short_time(job.value("finishedAt", Json()))},
                    {"note", job_note(job)},
                    {"pool", job.value("pool", "")}});
  }
  print_table(rows, {{"job", "job", true}, {"status", "status", true}, {"done", "done", true}, {"pipeline", "pipeline"}, {"rows in", "rows", true},
                     {"submitted", "submitted", true}, {"note", "note"}, {"finished", "finished", true}, {"pool", "pool"}}, terminal);
}

void print_job(const Json& job, const Terminal& terminal) {
  const int attempt = job.value("attempt", 0);
  terminal.out << to_cell(job.value("jobId", ""), 0) << " is " << job.value("status", "") << ", " << percent(job) << " done"
               << (attempt > 1 ? ", attempt " + std::to_string(attempt) : "") << '\n';
  print_line("pipeline", to_cell(job.value("pipeline", ""), 0), terminal);
  print_line("topics", joined_list(job.value("topics", Json::array())), terminal);
  print_line("sinks", joined_list(job.value("sinks", Json::array())), terminal);
  print_line("pool", to_cell(job.value("pool", ""), 0), terminal);
  print_line("waits", to_cell(job.value("reason", Json()).is_string() ? job["reason"].get<std::string>() : "", 0), terminal);
  print_line("from, to", to_cell(job.value("startOffset", "") + ", " + job.value("endOffset", ""), 0), terminal);
  print_line("range", says_something(job.value("range", Json())) ? offsets_text(job["range"]) : "", terminal);
  print_line("commits", job.value("atomic", true) ? "once, at the end" : "as it goes", terminal);
  print_line("committed", says_something(job.value("committedOffsets", Json())) ? offsets_text(job["committedOffsets"]) : "", terminal);
  print_line("rows", short_count(job.value("rowsIn", int64_t{0})) + " in, " + short_count(job.value("rowsOut", int64_t{0})) + " out, " +
                         short_count(job.value("filtered", int64_t{0})) + " filtered, " + short_count(job.value("quarantined", int64_t{0})) + " quarantined", terminal);
  print_line("submitted", short_time(job.value("submittedAt", Json())), terminal);
  print_line("started", short_time(job.value("startedAt", Json())), terminal);
  print_line("finished", short_time(job.value("finishedAt", Json())), terminal);
  print_line("advice", to_cell(job.value("advice", Json()).is_string() ? job["advice"].get<std::string>() : "", 0), terminal);
}

void print_job_failure(const Json& job, const Terminal& terminal) {
  const Json error = job.value("error", Json());
  if (error.is_object()) {
    terminal.err << "laketide: " << to_cell(job.value("jobId", ""), 0) << ": " << error.value("detail", "") << " (" << error.value("code", "") << ")\n";
    if (says_something(error.value("available", Json()))) terminal.err << "  the broker has " << offsets_text(error["available"]) << '\n';
  }
  const bool ended_early = job.value("status", "") == "FAILED" || job.value("status", "") == "CANCELLED";
  if (ended_early && says_something(job.value("committedOffsets", Json()))) {
    terminal.err << "  what is committed stays; go on behind it with: " << go_on_text(job["committedOffsets"]) << '\n';
  }
}

std::string progress_words(const Json& job, int64_t seconds) {
  const std::string reason = job_note(job);
  // Of an atomic job none are committed until all are: a zero that stays would look like standing still.
  const auto rows = job.value("rowsIn", int64_t{0});
  return percent(job) + "  " + job.value("status", "") + (rows > 0 ? "  " + short_count(rows) + " rows" : "") + "  " + std::to_string(seconds) + " s" +
         (reason.empty() ? "" : "  " + reason);
}

}  // namespace laketide::cli
