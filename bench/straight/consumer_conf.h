// How the client of the straight line is set up.
#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdint>
#include <string>

#include "gate.h"
#include "settings.h"

namespace straight {

inline void configure(rd_kafka_conf_t* conf, const Settings& settings) {
  std::array<char, 512> reason{};
  const auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) fail(reason.data());
  };
  set("bootstrap.servers", settings.brokers);
  set("group.id", "straight_line");
  set("auto.offset.reset", "error");
  set("enable.auto.commit", "false");
  set("enable.auto.offset.store", "false");
  set("enable.partition.eof", "true");
  set("isolation.level", "read_committed");
  set("check.crcs", "true");
  set("fetch.message.max.bytes", "131072");  // what is parsed was just fetched, and is in the cache
  set("fetch.wait.max.ms", "100");
  set("queued.min.messages", "10000000");  // else a full queue sleeps up to a second
  set("queued.max.messages.kbytes", "65536");
  for (const std::string& one : settings.client) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos) fail("--client wants name=value, not " + one);
    set(one.substr(0, equals), one.substr(equals + 1));
  }
}

inline void hold_at(rd_kafka_conf_t* conf, Gate& gate) {
  rd_kafka_conf_interceptor_add_on_new(
      conf, "gate",
      [](rd_kafka_t* client, const rd_kafka_conf_t*, void* at, char*, size_t) {
        return rd_kafka_interceptor_add_on_request_sent(
            client, "gate",
            [](rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t, int32_t, size_t, void* held_at) {
              constexpr int16_t kFetch = 1;
              if (api_key == kFetch) static_cast<Gate*>(held_at)->pass();
              return RD_KAFKA_RESP_ERR_NO_ERROR;
            },
            at);
      },
      &gate);
}

/// For rd_kafka_new, which takes it over. The client asks for more only as `gate`, which outlives it, lets it.
inline rd_kafka_conf_t* consumer_conf(const Settings& settings, Gate& gate) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  configure(conf, settings);
  hold_at(conf, gate);
  return conf;
}

}  // namespace straight
