#include "engine/service_change.h"

namespace laketide {
namespace {

/// Gathers names of what differs. Confined to its task.
class Comparison {
 public:
  template <typename T>
  void add(const std::string& name, const T& running, const T& read) {
    if (running != read) names.push_back(name);
  }
  std::vector<std::string> names;
};

void compare_pools(const config::ServiceConfig& running, const config::ServiceConfig& read, Comparison& comparison) {
  for (const auto& [name, pool] : running.pools) {
    const auto now = read.pools.find(name);
    if (now == read.pools.end()) {
      comparison.names.push_back("pools." + name + " (gone)");
    } else {
      comparison.add("pools." + name + ".memory", pool.memory_share, now->second.memory_share);
    }
  }
  for (const auto& [name, pool] : read.pools) {
    if (!running.pools.contains(name)) comparison.names.push_back("pools." + name + " (new)");
  }
}

}  // namespace

std::vector<std::string> settings_for_restart(const config::ServiceConfig& running, const config::ServiceConfig& read) {
  Comparison all;
  all.add("server.listen", running.server.listen, read.server.listen);
  all.add("server.probe_listen", running.server.probe_listen, read.server.probe_listen);
  all.add("server.token_file", running.server.token_file, read.server.token_file);
  all.add("server.allow_unauthenticated", running.server.allow_unauthenticated, read.server.allow_unauthenticated);
  all.add("server.stop_deadline", running.server.stop_deadline, read.server.stop_deadline);
  all.add("engine.threads", running.engine.threads, read.engine.threads);
  all.add("engine.memory", running.engine.memory_bytes, read.engine.memory_bytes);
  all.add("engine.quantum", running.engine.quantum, read.engine.quantum);
  all.add("kafka.brokers", running.kafka.brokers, read.kafka.brokers);
  all.add("kafka.client", running.kafka.client, read.kafka.client);
  all.add("postgres.url", running.postgres_url, read.postgres_url);
  all.add("state.dir", running.state_dir, read.state_dir);
  all.add("lake.root", running.lake_root, read.lake_root);
  all.add("stream_defaults.pool", running.stream_defaults.pool, read.stream_defaults.pool);
  all.add("stream_defaults.epoch", running.stream_defaults.epoch, read.stream_defaults.epoch);
  all.add("stream_defaults.epoch_bytes", running.stream_defaults.epoch_bytes, read.stream_defaults.epoch_bytes);
  all.add("batch_defaults.pool", running.batch_defaults.pool, read.batch_defaults.pool);
  all.add("batch_defaults.max_running", running.batch_defaults.max_running, read.batch_defaults.max_running);
  all.add("batch_defaults.max_queued", running.batch_defaults.max_queued, read.batch_defaults.max_queued);
  all.add("batch_defaults.deadline", running.batch_defaults.deadline, read.batch_defaults.deadline);
  all.add("batch_defaults.attempts", running.batch_defaults.attempts, read.batch_defaults.attempts);
  all.add("batch_defaults.keep.count", running.batch_defaults.keep_count, read.batch_defaults.keep_count);
  all.add("batch_defaults.keep.age", running.batch_defaults.keep_age, read.batch_defaults.keep_age);
  compare_pools(running, read, all);
  return std::move(all.names);
}

}  // namespace laketide
