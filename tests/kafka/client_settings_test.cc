#include "kafka/client_settings.h"

#include <gtest/gtest.h>

namespace laketide::kafka {
namespace {

TEST(ClientSettings, TakesWhatHelpsToReachABroker) {
  EXPECT_TRUE(check_settings({{"security.protocol", "ssl"}, {"ssl.ca.location", "/nowhere"}, {"fetch.wait.max.ms", "50"},
                              {"sasl.kerberos.principal", "laketide/host@REALM"}})
                  .ok());
}

TEST(ClientSettings, RefusesWhatLoadsCodeOrRunsCommands) {
  for (const char* name : {"plugin.library.paths", "ssl.engine.location", "sasl.kerberos.kinit.cmd"}) {
    const Status refused = check_settings({{name, "x"}});
    EXPECT_EQ(refused.code(), "bad_setting") << name;
    EXPECT_EQ(refused.field(), name);
    EXPECT_NE(refused.detail().find("loads code or runs a command"), std::string_view::npos);
  }
  EXPECT_EQ(check_settings({{"sasl.kerberos.keytab", "/tmp/a;reboot"}}).code(), "bad_setting");
  EXPECT_EQ(check_settings({{"sasl.kerberos.service.name", "$(id)"}}).code(), "bad_setting");
}

TEST(ClientSettings, RefusesWhatTheEngineDecides) {
  for (const char* name : {"bootstrap.servers", "group.id", "auto.offset.reset", "enable.auto.commit", "isolation.level", "enable.partition.eof",
                           "allow.auto.create.topics", "transactional.id", "statistics.interval.ms"}) {
    EXPECT_EQ(check_settings({{name, "1"}}).code(), "bad_setting") << name;
  }
}

TEST(ClientSettings, NamesTheNearestAndKeepsValuesToItself) {
  const Status unknown = check_settings({{"sasl.pasword", "hush"}});
  EXPECT_EQ(unknown.detail(), "librdkafka has no setting sasl.pasword; did you mean sasl.password?");
  const Status invalid = check_settings({{"security.protocol", "hush"}});
  EXPECT_EQ(invalid.code(), "bad_setting");
  EXPECT_EQ(invalid.detail().find("hush"), std::string_view::npos);
}

}  // namespace
}  // namespace laketide::kafka
