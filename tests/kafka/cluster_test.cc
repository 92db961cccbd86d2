#include "kafka/cluster.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "kafka/producer.h"
#include "support/mock_broker.h"

namespace laketide::kafka {
namespace {

using std::chrono::seconds;

TEST(Cluster, KnowsPartitionsAndTheirBounds) {
  MockBroker broker;
  broker.create("events", 3);
  auto producer = Producer::open(broker.address(), {});
  ASSERT_TRUE(producer.ok());
  const Wait wait = Wait::for_at_most(seconds(20));
  for (int i = 0; i < 7; ++i) ASSERT_TRUE((*producer)->send({"events", i < 5 ? 0 : 2, std::nullopt, "x"}, wait).ok());
  ASSERT_TRUE((*producer)->flush(wait).ok());

  auto cluster = Cluster::open(broker.address(), {});
  ASSERT_TRUE(cluster.ok());
  const auto partitions = (*cluster)->partitions({"events"}, wait);
  ASSERT_TRUE(partitions.ok()) << partitions.status().to_string();
  EXPECT_EQ(*partitions, (std::vector<TopicPartition>{{"events", 0}, {"events", 1}, {"events", 2}}));
  const auto bounds = (*cluster)->bounds(*partitions, wait);
  ASSERT_TRUE(bounds.ok()) << bounds.status().to_string();
  std::vector<int64_t> seen;
  for (const auto& [partition, log] : *bounds) seen.insert(seen.end(), {log.low, log.high});
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 5, 0, 0, 0, 2}));
}

TEST(Cluster, FindsTopicsByPattern) {
  MockBroker broker;
  for (const char* topic : {"events-a", "events-b", "other", "__internal"}) broker.create(topic, 1);
  auto cluster = Cluster::open(broker.address(), {});
  ASSERT_TRUE(cluster.ok());
  auto names = (*cluster)->topics_matching("^(events-.*|__.*)$", Wait::for_at_most(seconds(20)));
  ASSERT_TRUE(names.ok()) << names.status().to_string();
  std::sort(names->begin(), names->end());
  EXPECT_EQ(*names, (std::vector<std::string>{"events-a", "events-b"}));
  EXPECT_EQ(check_pattern("^(a").code(), "bad_pattern");
}

TEST(Cluster, IsOneForTheSameBrokersAndSettings) {
  const auto one = Cluster::open("127.0.0.1:1", {});
  const auto again = Cluster::open("127.0.0.1:1", {});
  const auto other = Cluster::open("127.0.0.1:1", {{"client.id", "other"}});
  ASSERT_TRUE(one.ok() && again.ok() && other.ok());
  EXPECT_EQ(one->get(), again->get());
  EXPECT_NE(one->get(), other->get());
}

TEST(Cluster, GivesUpInTimeWhenNobodyAnswers) {
  auto cluster = Cluster::open("127.0.0.1:1", {});
  ASSERT_TRUE(cluster.ok());
  const auto asked = std::chrono::steady_clock::now();
  const Status status = (*cluster)->partitions({"events"}, Wait::for_at_most(std::chrono::milliseconds(300))).status();
  EXPECT_EQ(status.code(), "broker_away");
  EXPECT_TRUE(status.retryable());
  EXPECT_LT(std::chrono::steady_clock::now() - asked, seconds(3));
  StopSource stop;
  stop.request_stop();
  EXPECT_TRUE((*cluster)->partitions({"events"}, Wait{stop.token()}).status().is_cancelled());
}

TEST(Cluster, LeavesTheGroupAloneAfterARequestThatNobodyAnswered) {
  auto cluster = Cluster::open("127.0.0.1:1", {});
  ASSERT_TRUE(cluster.ok());
  const Status first = (*cluster)->commit("group", {{{"events", 0}, 5}}, Wait::for_at_most(std::chrono::milliseconds(300)));
  EXPECT_EQ(first.code(), "broker_away");
  EXPECT_EQ(first.detail().find("written again once"), std::string::npos) << first.detail();
  const Status second = (*cluster)->commit("group", {{{"events", 0}, 6}}, Wait::for_at_most(seconds(60)));
  EXPECT_EQ(second.code(), "broker_away");
  EXPECT_NE(second.detail().find("written again once"), std::string::npos) << second.detail();
}

// librdkafka ends the process where such a request has timed out before its coordinator comes back (its pull request 5397).
TEST(Cluster, OutlivesACoordinatorThatComesBackAfterARequestWasGivenUp) {
  MockBroker broker;
  broker.create("events", 1);
  auto cluster = Cluster::open(broker.address(), {});
  ASSERT_TRUE(cluster.ok());
  const Wait wait = Wait::for_at_most(seconds(20));
  const std::vector<TopicPartition> all{{"events", 0}};
  ASSERT_TRUE((*cluster)->bounds(all, wait).ok());
  ASSERT_TRUE((*cluster)->commit("group", {{all[0], 0}}, wait).ok());
  broker.go_down();
  EXPECT_EQ((*cluster)->commit("group", {{all[0], 0}}, Wait::for_at_most(std::chrono::milliseconds(500))).code(), "broker_away");
  broker.come_up();
  ASSERT_TRUE((*cluster)->bounds(all, wait).ok());
  const auto until = std::chrono::steady_clock::now() + seconds(3);  // it came within a second
  while (std::chrono::steady_clock::now() < until) ASSERT_TRUE((*cluster)->bounds(all, wait).ok());
}

}  // namespace
}  // namespace laketide::kafka
