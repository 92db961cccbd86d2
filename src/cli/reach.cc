#include "cli/reach.h"

#include <algorithm>
#include <set>

#include "base/wait.h"
#include "kafka/cluster.h"
#include "sinks/postgres/connection.h"

namespace laketide::cli {
namespace {

constexpr std::chrono::seconds kReachPatience{10};
constexpr const char* kNoTopicMatches = "^$";  // asks a broker for its topics, and for none of them

Status reach_kafka(const std::string& brokers, const kafka::Settings& client, const config::KafkaSourceSpec* source) {
  LT_ASSIGN_OR_RETURN(const auto cluster, kafka::Cluster::open(brokers, client));
  const Wait wait = Wait::for_at_most(kReachPatience);
  if (source != nullptr && !source->topics.empty()) return cluster->partitions(source->topics, wait).status();
  return cluster->topics_matching(source != nullptr ? source->pattern : kNoTopicMatches, wait).status();
}

Status reach_postgres(const std::string& url) {
  return postgres::Connection::open({url, "laketide check", kReachPatience}, Wait::for_at_most(kReachPatience)).status();
}

void add(Status status, std::vector<Status>& all) {
  if (!status.ok()) all.push_back(std::move(status));
}

}  // namespace

std::vector<Status> reach(const config::PipelineSpec& pipeline, const config::ServiceConfig& service) {
  std::vector<Status> all;
  for (const config::SourceSpec& source : pipeline.sources) {
    const auto* kafka = std::get_if<config::KafkaSourceSpec>(&source.from);
    if (kafka == nullptr) continue;
    kafka::Settings client = service.kafka.client;
    for (const auto& [name, value] : kafka->client) client[name] = value;
    const std::string& brokers = kafka->brokers.empty() ? service.kafka.brokers : kafka->brokers;
    add(reach_kafka(brokers, client, kafka).in("source " + source.name + " at " + brokers), all);
  }
  std::set<std::string> urls;
  for (const config::SinkSpec& sink : pipeline.sinks) {
    const std::string& url = sink.url.empty() ? service.postgres_url : sink.url;
    if (sink.kind == "postgres" && urls.insert(url).second) add(reach_postgres(url).in("sink " + sink.id), all);
  }
  return all;
}

std::vector<Status> reach(const config::ServiceConfig& service) {
  std::vector<Status> all;
  add(reach_kafka(service.kafka.brokers, service.kafka.client, nullptr).in("kafka.brokers " + service.kafka.brokers), all);
  if (!service.postgres_url.empty()) add(reach_postgres(service.postgres_url).in("postgres.url"), all);
  return all;
}

}  // namespace laketide::cli
