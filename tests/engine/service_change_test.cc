// Which settings of a service file that was read again must wait for a restart.
#include "engine/service_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace laketide {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ServiceChange, NamesWhatDiffersAndNeverItsValue) {
  config::ServiceConfig running;
  running.pools["batch-pool"];
  running.pools["old"];
  config::ServiceConfig read = running;
  EXPECT_THAT(settings_for_restart(running, read), IsEmpty());
  read.server.listen = "127.0.0.1:1";
  read.postgres_url = "postgresql://u:secret@h/d";
  read.kafka.client["sasl.password"] = "secret";
  read.pools.erase("old");
  read.pools["new"];
  read.pools["batch-pool"].memory_share = 0.1;
  EXPECT_THAT(settings_for_restart(running, read),
              ElementsAre("server.listen", "kafka.client", "postgres.url", "pools.batch-pool.memory", "pools.old (gone)", "pools.new (new)"));
}

TEST(ServiceChange, SharesPipelinesAndTheLogChangeLive) {
  config::ServiceConfig running;
  running.pools["batch-pool"];
  config::ServiceConfig read = running;
  read.pools["batch-pool"].weight = 9;
  read.pools["batch-pool"].max_share = 0.5;
  read.pipelines = {"elsewhere/*.yaml"};
  read.log_level = "debug";
  EXPECT_THAT(settings_for_restart(running, read), IsEmpty());
}

}  // namespace
}  // namespace laketide
