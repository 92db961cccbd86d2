#include "kafka/client_settings.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "base/log.h"
#include "base/nearest_name.h"

namespace laketide::kafka {
namespace {

/// A setting that users may not give, and what to do instead. Immutable.
struct Refused {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view kRunsCode = "it loads code or runs a command";
constexpr std::array kRefused = {
    Refused{"plugin.library.paths", kRunsCode},
    Refused{"ssl.engine.location", kRunsCode},
    Refused{"ssl.engine.id", kRunsCode},
    Refused{"ssl_engine_callback_data", kRunsCode},
    Refused{"ssl.providers", kRunsCode},
    Refused{"sasl.kerberos.kinit.cmd", kRunsCode},
    Refused{"bootstrap.servers", "write the addresses into kafka.brokers"},
    Refused{"metadata.broker.list", "write the addresses into kafka.brokers"},
    Refused{"group.id", "write it into group_id of the source"},
    Refused{"group.instance.id", "partitions are assigned by the engine, not by a group"},
    Refused{"auto.offset.reset", "a position that is gone is handled by fail_on_data_loss"},
    Refused{"enable.auto.commit", "positions are kept in the sinks, and mirrored to the group after each commit"},
    Refused{"auto.commit.enable", "positions are kept in the sinks, and mirrored to the group after each commit"},
    Refused{"enable.auto.offset.store", "positions are kept in the sinks, and mirrored to the group after each commit"},
    Refused{"enable.partition.eof", "the engine needs it to find the end of a range"},
    Refused{"isolation.level", "only committed records are read: anything else could be taken back later"},
    Refused{"allow.auto.create.topics", "reading never creates a topic"},
    Refused{"enable.idempotence", "the engine decides it"},
    Refused{"transactional.id", "the engine decides it"},
    Refused{"statistics.interval.ms", "nobody would read them; GET /metrics has the engine's own"},
    Refused{"enabled_events", "the engine decides it"},
    Refused{"log.queue", "log lines go to the engine's log"},
    Refused{"opaque", "it is no text"},
};

/// Every name that the library has, also of settings that are not set. It prints them only, as a table.
std::vector<std::string> setting_names() {
  char* text = nullptr;
  size_t size = 0;
  FILE* const memory = open_memstream(&text, &size);
  if (memory == nullptr) return {};
  rd_kafka_conf_properties_show(memory);
  std::fclose(memory);
  std::istringstream lines(std::string(text, size));
  std::free(text);
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    const auto end = line.find(' ');
    if (end != std::string::npos && line.find('|') != std::string::npos) names.push_back(line.substr(0, end));
  }
  return names;
}

bool safe_in_kinit(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("._/@:-").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Status refuse(const std::string& name, std::string_view why) {
  return Status::user("bad_setting", "the Kafka setting " + name + " cannot be given: " + std::string(why), name);
}

Status check_allowed(const std::string& name, const std::string& value) {
  const auto refused = std::find_if(kRefused.begin(), kRefused.end(), [&](const Refused& r) { return r.name == name; });
  if (refused != kRefused.end()) return refuse(name, refused->why);
  // librdkafka builds the command line of kinit from these by plain replacement and hands it to a shell.
  if (name.starts_with("sasl.kerberos.") && !safe_in_kinit(value)) {
    return refuse(name, "its value may hold letters, digits and ._/@:- only, as it reaches a command line");
  }
  return {};
}

Status apply(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 256> reason{};
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size())) {
    case RD_KAFKA_CONF_OK:
      return {};
    case RD_KAFKA_CONF_UNKNOWN: {
      const std::vector<std::string> known = setting_names();
      const std::string near = nearest_name(name, {known.begin(), known.end()});
      return Status::user("bad_setting",
                          "librdkafka has no setting " + name + (near.empty() ? "" : "; did you mean " + near + "?"), name);
    }
    case RD_KAFKA_CONF_INVALID:
      break;
  }
  return Status::user("bad_setting", "librdkafka does not take this value for " + name + ", see its CONFIGURATION.md", name);
}

void log_line(const rd_kafka_t*, int level, const char* facility, const char* text) {
  constexpr int kError = 3, kWarning = 4, kInfo = 6;
  const auto at = level <= kError     ? log::Level::kError
                  : level == kWarning ? log::Level::kWarn
                  : level <= kInfo    ? log::Level::kInfo
                                      : log::Level::kDebug;
  log::write(at, "kafka client", {{"facility", facility}, {"text", text}});
}

// The client's main thread waits whole milliseconds for its next timer, of which there is one each second, and spins through the rest of the
// last one: half a thousandth of a core for each client that has nothing to do. Woken a little later than it asks for, it finds the timer due.
void let_timers_be_late(rd_kafka_conf_t* conf) {
  constexpr unsigned long kSlackNanos = 1'500'000;
  rd_kafka_conf_interceptor_add_on_new(
      conf, "laketide-timers",
      [](rd_kafka_t* client, const rd_kafka_conf_t*, void*, char*, size_t) {
        return rd_kafka_interceptor_add_on_thread_start(
            client, "laketide-timers",
            [](rd_kafka_t*, rd_kafka_thread_type_t type, const char*, void*) {
              if (type == RD_KAFKA_THREAD_MAIN) (void)prctl(PR_SET_TIMERSLACK, kSlackNanos);
              return RD_KAFKA_RESP_ERR_NO_ERROR;
            },
            nullptr);
      },
      nullptr);
}

}  // namespace

Status check_settings(const Settings& client) { return make_conf("none:9092", {}, client).status(); }

Result<ConfHandle> make_conf(const std::string& brokers,
                             std::initializer_list<std::pair<const char*, std::string>> ours, const Settings& client) {
  ConfHandle conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), log_line);
  let_timers_be_late(conf.get());
  LT_RETURN_IF_ERROR(apply(conf.get(), "bootstrap.servers", brokers));
  for (const auto& [name, value] : ours) LT_RETURN_IF_ERROR(apply(conf.get(), name, value));
  for (const auto& [name, value] : client) {
    LT_RETURN_IF_ERROR(check_allowed(name, value));
    LT_RETURN_IF_ERROR(apply(conf.get(), name, value));
  }
  return conf;
}

Result<ClientHandle> make_client(rd_kafka_type_t type, Result<ConfHandle> conf) {
  LT_ASSIGN_OR_RETURN(ConfHandle made, std::move(conf));
  std::array<char, 512> reason{};
  rd_kafka_conf_set_error_cb(made.get(), [](rd_kafka_t*, int, const char*, void*) {});
  ClientHandle client(rd_kafka_new(type, made.get(), reason.data(), reason.size()));
  if (!client) return Status::user("bad_setting", std::string("no Kafka client can be made: ") + reason.data());
  (void)made.release();  // the client has it now
  return client;
}

std::string library_version() { return rd_kafka_version_str(); }

}  // namespace laketide::kafka
