// The service file (PRODUCT §3) after parsing: plain data, every default filled in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "laketide/status.h"

namespace laketide::config {

struct ServerConfig {
  std::string listen = "127.0.0.1:8080";
  std::string probe_listen;  // empty: none
  std::string token_file;
  bool allow_unauthenticated = false;
  std::chrono::milliseconds stop_deadline{30'000};
};

struct EngineConfig {
  int threads = 0;             // 0: auto, from the cgroup's quota
  int64_t memory_bytes = 0;    // 0: auto, min(2 GiB, half the limit)
  std::chrono::microseconds quantum{2000};
  std::string pools_file;      // its pools are in ServiceConfig::pools
};

struct PoolConfig {
  double weight = 1;
  double min_share = 0;             // cores
  std::optional<double> max_share;  // cores
  double memory_share = 1;          // of engine.memory
  std::string policy = "FAIR";      // FAIR | FIFO
};

struct KafkaConfig {
  std::string brokers = "127.0.0.1:9092";
  std::map<std::string, std::string> client;
};

struct StreamDefaults {
  std::string pool = "streaming-pool";
  std::chrono::milliseconds epoch{5000};
  int64_t epoch_bytes = 256 << 20;
};

struct BatchDefaults {
  std::string pool = "batch-pool";
  int64_t max_running = 8;
  int64_t max_queued = 1000;
  std::chrono::milliseconds deadline{std::chrono::hours(24)};
  int attempts = 3;
  int64_t keep_count = 10'000;  // finished jobs that are remembered
  std::chrono::milliseconds keep_age{std::chrono::hours(24 * 30)};
};

/// Everything of the service file. Immutable.
struct ServiceConfig {
  ServerConfig server;
  EngineConfig engine;
  std::map<std::string, PoolConfig> pools;  // defaults: streaming-pool and batch-pool of PRODUCT §3
  KafkaConfig kafka;
  std::string postgres_url;                 // libpq URL or keywords, a jdbc: prefix removed; empty: none
  std::string state_dir = "data/state";
  std::string lake_root = "data/lake";
  StreamDefaults stream_defaults;
  BatchDefaults batch_defaults;
  std::vector<std::string> pipelines = {"conf/pipelines/*.yaml"};
  std::string log_level = "info";
  std::string log_format = "text";
};

/// Reads `file` (empty: only defaults), then LAKETIDE_<SECTION>__<KEY> of the environment, then `sets` ("a.b=c").
/// Unknown keys, wrong types and out-of-range values become problems with file:line:column and the nearest valid name.
/// Relative paths of the file stay relative to the working directory.
Result<ServiceConfig> load_service(const std::string& file, const std::vector<std::string>& sets,
                                   std::vector<Problem>& problems);

/// Reads the pipeline files that `patterns` name (in name order). Problems of one file do not hide the others'.
std::vector<PipelineSpec> load_pipelines(const std::vector<std::string>& patterns, std::vector<Problem>& problems);

}  // namespace laketide::config
