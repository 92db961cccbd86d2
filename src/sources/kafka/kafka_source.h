// Kafka topics as a source of records.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/alarm.h"
#include "flow/source.h"
#include "laketide/status.h"

namespace laketide {

/// `kafka:` of a source, with what the engine adds. Immutable.
struct KafkaSourceOptions {
  std::string name;                 // key under `sources:`
  std::string brokers;              // host:port, comma separated
  std::vector<std::string> topics;  // or:
  std::string pattern;              // POSIX extended regular expression, `^events-.*`; looked up at each call of bounds
  std::string group_id;             // offsets are mirrored here
  std::map<std::string, std::string> client;  // librdkafka's settings: the service's with the source's on top
  std::optional<int64_t> max_rate_per_partition;  // records per second
  bool fail_on_data_loss = true;
  int64_t prefetch_bytes_max = 8 << 20;  // of each reader
  Alarm alarm;                           // needed with max_rate_per_partition
  bool prompt = false;                   // see kafka::ConsumerOptions
};

/// Reaches no broker. Fails `kUser` for settings that cannot be (client, pattern, neither or both of topics and pattern).
Result<std::unique_ptr<Source>> make_kafka_source(KafkaSourceOptions options);

}  // namespace laketide
