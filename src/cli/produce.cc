#include <algorithm>
#include <cmath>
#include <random>

#include <nlohmann/json.hpp>

#include "base/signal.h"
#include "cli/commands.h"
#include "cli/answer_table.h"
#include "cli/drawn_line.h"
#include "cli/interrupt.h"
#include "cli/event_maker.h"
#include "config/service_config.h"
#include "kafka/producer.h"

namespace laketide::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBrokerPatience{30};
constexpr std::chrono::milliseconds kTick{10};  // events that are due are sent together
constexpr std::chrono::milliseconds kDrawEvery{200};
constexpr int64_t kBurstMax = 1000;             // between two looks at the clock and the signals

/// How many events are due after so long.
int64_t due_after(Clock::duration passed, const ProduceOptions& options) {
  const int64_t all = options.count.value_or(INT64_MAX);
  if (options.rate <= 0) return all;
  const double due = std::chrono::duration<double>(passed).count() * options.rate + 1;
  return due < static_cast<double>(all) ? static_cast<int64_t>(due) : all;
}

std::string words_of(int64_t sent, Clock::duration passed) {
  const double seconds = std::max(0.001, std::chrono::duration<double>(passed).count());
  return short_count(sent) + " records  " + short_count(std::llround(static_cast<double>(sent) / seconds)) + "/s";
}

Status send_all(kafka::Producer& producer, const ProduceOptions& options, const Interrupt& interrupt, const Terminal& terminal, int64_t& sent) {
  EventMaker maker(options.seed.value_or(std::random_device()()));
  Signal never;  // waited on for time alone
  DrawnLine line(terminal);
  const auto begin = Clock::now();
  auto drawn = begin;
  while (!interrupt.came() && sent < options.count.value_or(INT64_MAX)) {
    const int64_t due = due_after(Clock::now() - begin, options);
    for (const int64_t end = std::min(due, sent + kBurstMax); sent < end; ++sent) {
      const Event event = maker.next(system_clock().now());
      LT_RETURN_IF_ERROR(producer.send({options.topic, {}, event.key, event.value, 0, {}}, Wait::for_at_most(kBrokerPatience)));
    }
    if (const auto now = Clock::now(); now - drawn >= kDrawEvery) {
      drawn = now;
      line.draw(options.count ? std::optional(static_cast<double>(sent) / static_cast<double>(*options.count)) : std::nullopt, words_of(sent, now - begin));
    }
    if (options.rate > 0 && sent == due) never.wait(Clock::now() + kTick);
  }
  return {};
}

void report(const Terminal& terminal, const ProduceOptions& options, int64_t sent) {
  if (terminal.json) {
    terminal.out << nlohmann::ordered_json{{"topic", options.topic}, {"records", sent}}.dump() << '\n';
  } else {
    terminal.out << sent << " records written to " << options.topic << '\n';
  }
}

}  // namespace

ExitCode produce(const ProduceOptions& options, const Terminal& terminal) {
  std::vector<config::Problem> problems;
  const auto config = config::load_service(options.config.empty() ? default_service_file() : options.config, {}, problems);
  if (!config.ok()) {
    print_problems(terminal, problems);
    return ExitCode::kRefused;
  }
  const std::string& brokers = options.brokers.empty() ? config->kafka.brokers : options.brokers;
  auto producer = kafka::Producer::open(brokers, config->kafka.client);
  if (!producer.ok()) return fail(terminal, producer.status(), ExitCode::kRefused);

  const Interrupt interrupt;
  int64_t sent = 0;
  Status status = send_all(**producer, options, interrupt, terminal, sent);
  if (status.ok()) status = (*producer)->flush(Wait::for_at_most(kBrokerPatience));
  if (!status.ok()) return fail(terminal, status.in("writing to " + options.topic + " at " + brokers), ExitCode::kFailed);
  report(terminal, options, sent);
  return ExitCode::kDone;
}

}  // namespace laketide::cli
