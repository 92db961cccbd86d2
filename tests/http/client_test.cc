#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/api_server.h"

namespace laketide::http {
namespace {

using std::chrono::seconds;

TEST(Client, SendsAndReceives) {
  const ApiServer api;
  const auto client = Client::make("http://127.0.0.1:" + std::to_string(api.server->port()), "some-token");
  ASSERT_TRUE(client.ok());
  const auto health = client->request("GET", "/health", "", seconds(10));
  ASSERT_TRUE(health.ok()) << health.status().detail();
  EXPECT_EQ(health->status, 200);
  EXPECT_EQ(health->body, "{\"status\":\"ok\"}\n");
  EXPECT_EQ(health->content_type, "application/json");
  EXPECT_EQ(client->request("POST", "/stream/start", R"({"topic":"t"})", seconds(10))->status, 200);
  EXPECT_EQ(client->request("GET", "/stream/" + path_segment("no such/one"), "", seconds(10))->status, 404);
  EXPECT_EQ(api.engine->started().at(0).topic, "t");
}

TEST(Client, SaysThatNobodyAnswers) {
  uint16_t port = 0;
  {
    const ApiServer api;
    port = api.server->port();
  }
  const auto client = Client::make("http://localhost:" + std::to_string(port), "");
  const Status status = client->request("GET", "/health", "", seconds(10)).status();
  EXPECT_EQ(status.code(), "unreachable");
  EXPECT_TRUE(status.retryable());
  EXPECT_THAT(std::string(status.detail()), testing::HasSubstr("laketide serve"));
}

TEST(Client, GivesUpAfterItsTime) {
  const ApiServer api;
  api.engine->hold_starts();
  const auto client = Client::make("http://127.0.0.1:" + std::to_string(api.server->port()), "");
  const Status status = client->request("POST", "/stream/start", R"({"topic":"t"})", std::chrono::milliseconds(100)).status();
  EXPECT_EQ(status.code(), "unreachable");
  api.engine->release();
}

TEST(Client, RefusesOtherUrls) {
  for (const char* url : {"", "localhost:8080", "https://h", "http://", "http://h/path", "http://u@h", "http://:80", "http://h:"}) {
    EXPECT_FALSE(Client::make(url, "").ok()) << url;
  }
  EXPECT_TRUE(Client::make("http://[::1]:8080/", "").ok());
}

}  // namespace
}  // namespace laketide::http
