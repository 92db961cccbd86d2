#include "config/service_fields.h"

#include "base/quantity.h"
#include "config/client_settings.h"
#include "config/fair_scheduler.h"
#include "config/field.h"

namespace laketide::config {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr int64_t kThreadsMax = 256;
constexpr double kWeightMax = 1e6;

/// Rounded up, so that what is not zero stays so.
auto set_milliseconds(milliseconds& into) {
  return [&into](microseconds value) { into = std::chrono::ceil<milliseconds>(value); };
}

std::string check_address(const std::string& address) {
  const size_t colon = address.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : parse_integer(std::string_view(address).substr(colon + 1));
  const bool bracketed = address.front() == '[' && colon != std::string::npos && colon > 2 && address[colon - 1] == ']';
  const bool several_colons = address.find(':') != colon;
  if (!port || *port < 0 || *port > 65535 || colon == 0 || (several_colons && !bracketed)) {
    return "expected address:port, such as 127.0.0.1:8080 or [::1]:8080";
  }
  return {};
}

std::string check_directory(const std::string& path) {
  if (path.find("://") == std::string::npos) return {};
  return "only a directory of a local disk; object storage is not supported by this version";
}

std::vector<Field> server_fields(ServerConfig& server) {
  return {
      text_field("listen", server.listen, "address:port of the HTTP API", check_address),
      text_field("probe_listen", server.probe_listen, "one more address:port, for /health, /ready and /metrics only", check_address),
      text_field("token_file", server.token_file, "file with one `scope token` per line; scopes are read, operate, admin"),
      flag_field("allow_unauthenticated", server.allow_unauthenticated, "serve other addresses than loopback without tokens"),
      with_default(duration_field("stop_deadline", set_milliseconds(server.stop_deadline), {1s, 1h}, "what has not drained by then is given up"),
                   duration_text(server.stop_deadline)),
  };
}

/// The pools of Spark's file, under those of `pools`: `engine` is read first (load_service).
Field pools_file_field(ServiceConfig& config) {
  return with_type({"pools_file", "Spark's fairscheduler.xml: more pools, over the default ones; `pools` overrides it",
          [&config](Reader& reader, const Node& node, const std::string& path) {
            const auto file = reader.scalar(node, path, "a file such as conf/fairscheduler.xml");
            if (!file) return std::string();
            config.engine.pools_file = *file;
            std::vector<Problem> found;
            if (!read_fair_scheduler(*file, config.pools, found)) {
              for (const Problem& problem : found) reader.refuse(node.place, path, problem.to_string());
            }
            return json_text(node.text);
          }}, "file");
}

std::vector<Field> engine_fields(ServiceConfig& config) {
  EngineConfig& engine = config.engine;
  return {
      integer_field("threads", [&engine](int64_t n) { engine.threads = static_cast<int>(n); }, {1, kThreadsMax},
                    "workers; auto: one per core of the cgroup's quota", 0),
      size_field("memory", engine.memory_bytes, {64LL << 20, 64LL << 40}, "budget of all queues and batches; auto: min(2 GiB, half the limit)", 0),
      with_default(duration_field("quantum", [&engine](microseconds value) { engine.quantum = value; }, {100us, 10ms},
                                  "CPU time a lane gets at once"),
                   duration_text(engine.quantum)),
      pools_file_field(config),
  };
}

std::string read_pools(Reader& reader, const Node& node, const std::string& path, std::map<std::string, PoolConfig>& pools) {
  if (!reader.expect_mapping(node, path, "{ streaming-pool: { weight: 3 } }")) return {};
  for (const Node::Member& member : node.members) {
    const std::string pool_path = path_of(path, member.key);
    if (member.key.empty() || member.key.size() > 63) reader.refuse(member.key_place, pool_path, "a pool's name has 1 to 63 letters");
    PoolConfig pool = pools.contains(member.key) ? pools[member.key] : PoolConfig{};
    if (!member.value.is_null()) reader.section(member.value, pool_path, pool_fields(pool));
    if (pool.max_share && *pool.max_share < pool.min_share) {
      reader.refuse(member.value.place, pool_path,
                    "max_share is less than min_share: " + number_text(*pool.max_share) + " < " + number_text(pool.min_share));
    }
    pools[member.key] = pool;
  }
  return {};
}

Field pools_field(std::map<std::string, PoolConfig>& pools) {
  return with_type({"pools", "shares of the engine, in cores", [&pools](Reader& reader, const Node& node, const std::string& path) {
            return read_pools(reader, node, path, pools);
          }}, "pools by name", "streaming-pool, batch-pool");
}

std::vector<Field> stream_fields(StreamDefaults& stream) {
  return {
      text_field("pool", stream.pool, "pool of a stream that names none"),
      with_default(duration_field("epoch", set_milliseconds(stream.epoch), {5ms, 1h}, "how often a stream commits"), duration_text(stream.epoch)),
      size_field("epoch_bytes", stream.epoch_bytes, {64LL << 10, 64LL << 30}, "an epoch that holds so much is closed early"),
  };
}

std::vector<Field> batch_fields(BatchDefaults& batch) {
  return {
      text_field("pool", batch.pool, "pool of a job that names none"),
      with_default(integer_field("max_running", [&batch](int64_t n) { batch.max_running = n; }, {1, 64}, "jobs that run at once; the others wait in the order they came"),
                   std::to_string(batch.max_running)),
      with_default(integer_field("max_queued", [&batch](int64_t n) { batch.max_queued = n; }, {0, 100'000}, "jobs that wait; one more is answered 429"),
                   std::to_string(batch.max_queued)),
      with_default(duration_field("deadline", set_milliseconds(batch.deadline), {1s, 24h * 365}, "from the submission; a job that is not done by then FAILS"),
                   duration_text(batch.deadline)),
      with_default(integer_field("attempts", [&batch](int64_t n) { batch.attempts = static_cast<int>(n); }, {1, 100},
                                 "how often a job is begun at most, when something outside or a crash ends it"),
                   std::to_string(batch.attempts)),
      section_field("keep", "finished jobs that are remembered",
                    {with_default(integer_field("count", [&batch](int64_t n) { batch.keep_count = n; }, {1, 10'000'000}, "the newest of them"), std::to_string(batch.keep_count)),
                     with_default(duration_field("age", set_milliseconds(batch.keep_age), {1h, 24h * 3650}, "since their submission"), duration_text(batch.keep_age))}),
  };
}

}  // namespace

std::vector<Field> pool_fields(PoolConfig& pool) {
  return {
      with_default(number_field("weight", [&pool](double value) { pool.weight = value; }, {0.001, kWeightMax}, "share in proportion to the other pools' weights"),
                   number_text(pool.weight)),
      with_default(number_field("min_share", [&pool](double value) { pool.min_share = value; }, {0, kThreadsMax}, "cores it is entitled to at least"),
                   number_text(pool.min_share)),
      number_field("max_share", [&pool](double value) { pool.max_share = value; }, {0.01, kThreadsMax}, "cores it gets at most; null: no limit"),
      with_aliases(ratio_field("memory", pool.memory_share, "share of engine.memory it may use"), {"memory_share"}),
      word_field("policy", pool.policy, {"FAIR", "FIFO"}, "order of runs inside: FAIR or FIFO"),
  };
}

std::map<std::string, PoolConfig> default_pools() {
  PoolConfig streaming;
  streaming.weight = 3;
  streaming.memory_share = 0.7;
  PoolConfig batch;
  batch.memory_share = 0.5;
  return {{"streaming-pool", streaming}, {"batch-pool", batch}};
}

std::vector<Field> service_fields(ServiceConfig& config) {
  return {
      section_field("server", "the HTTP API", server_fields(config.server)),
      section_field("engine", "what the process may use", engine_fields(config)),
      pools_field(config.pools),
      section_field("kafka", "the brokers",
                    {kafka_brokers_field(config.kafka.brokers), kafka_client_field(config.kafka.client, false)}),
      section_field("postgres", "the database of PostgreSQL sinks that name none", {postgres_url_field(config.postgres_url, false)}),
      section_field("state", "what the engine remembers",
                    {text_field("dir", config.state_dir, "directory of the ledger; one process at a time", check_directory)}),
      section_field("lake", "the Delta tables", {text_field("root", config.lake_root, "directory of the tables", check_directory)}),
      section_field("stream_defaults", "for streams that do not say", stream_fields(config.stream_defaults)),
      section_field("batch_defaults", "for batch jobs that do not say, and for all of them", batch_fields(config.batch_defaults)),
      list_field("pipelines", config.pipelines, "files of pipelines; * and ? stand for any letters", {}, true),
      section_field("log", "log lines, on standard error",
                    {word_field("level", config.log_level, {"debug", "info", "warn", "error"}, "least level written"),
                     word_field("format", config.log_format, {"text", "json"}, "text or json")}),
  };
}

}  // namespace laketide::config
