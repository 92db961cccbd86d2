#include "http/access.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace laketide::http {
namespace {

Result<Access> load(const std::string& text) {
  const TempDir folder;
  const std::string file = folder.path() + "/tokens";
  std::ofstream(file) << text;
  return Access::load(file);
}

TEST(Access, GrantsWhatTheTokensScopeIncludes) {
  const auto access = load("# people\nread reader-token\n\noperate operator-token\nadmin administrator\n");
  ASSERT_TRUE(access.ok()) << access.status().detail();
  const auto code = [&](const char* given, Scope needed) { return std::string(access->check(given, needed).code()); };
  EXPECT_EQ(code("Bearer reader-token", Scope::kRead), "");
  EXPECT_EQ(code("bearer reader-token", Scope::kRead), "");
  EXPECT_EQ(code("Bearer reader-token", Scope::kOperate), "forbidden");
  EXPECT_EQ(code("Bearer operator-token", Scope::kOperate), "");
  EXPECT_EQ(code("Bearer operator-token", Scope::kAdmin), "forbidden");
  EXPECT_EQ(code("Bearer administrator", Scope::kAdmin), "");
  EXPECT_EQ(code("", Scope::kNone), "");
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer reader-toke", "Bearer reader-tokens", "Basic reader-token", "reader-token", "Bearer  reader-token"}) {
    EXPECT_EQ(code(wrong, Scope::kRead), "unauthorized") << wrong;
  }
}

TEST(Access, WithoutTokensEverybodyMayDoEverything) { EXPECT_TRUE(Access().check("", Scope::kAdmin).ok()); }

TEST(Access, RefusesABadFileWithoutShowingTokens) {
  for (const char* text : {"", "# nothing\n", "reader hunter2hunter2\n", "read short\n", "read hunter2hunter2 more\n", "hunter2hunter2\n"}) {
    const auto access = load(text);
    ASSERT_FALSE(access.ok()) << text;
    EXPECT_THAT(std::string(access.status().detail()), testing::Not(testing::HasSubstr("hunter2")));
    EXPECT_EQ(access.status().field(), "server.token_file");
  }
  EXPECT_FALSE(Access::load("/no/such/file").ok());
}

TEST(Origin, OnlyOurOwnPagesMayCall) {
  const auto code = [](const char* host, const char* origin, const char* site, bool loopback, bool tokens) {
    Head head;
    head.host = host;
    head.origin = origin;
    head.fetch_site = site;
    head.is_loopback = loopback;
    return std::string(check_origin(head, tokens).code());
  };
  EXPECT_EQ(code("localhost:8080", "", "", true, false), "");
  EXPECT_EQ(code("localhost:8080", "http://LOCALHOST:8080", "same-origin", true, false), "");
  EXPECT_EQ(code("localhost:8080", "http://evil.example", "", true, false), "foreign_origin");
  EXPECT_EQ(code("localhost:8080", "http://localhost:3000", "", true, false), "foreign_origin");
  EXPECT_EQ(code("localhost:8080", "null", "", true, false), "foreign_origin");
  EXPECT_EQ(code("localhost:8080", "", "cross-site", true, false), "foreign_origin");
  EXPECT_EQ(code("evil.example", "", "", true, false), "foreign_host");
  EXPECT_EQ(code("evil.example", "http://evil.example", "same-origin", true, false), "foreign_host") << "DNS rebinding";
  EXPECT_EQ(code("laketide.example", "", "", true, true), "") << "with tokens a proxy may name it as it likes";
  EXPECT_EQ(code("10.0.0.7:8080", "", "", false, false), "");
}

TEST(Origin, KnowsLoopbackNames) {
  for (const char* name : {"localhost", "LOCALHOST:1", "localhost.", "127.0.0.1", "127.8.9.1:80", "[::1]", "[::1]:80"}) EXPECT_TRUE(is_loopback_name(name)) << name;
  for (const char* name : {"", "localhost.evil.example", "127.evil.example", "[::2]", "128.0.0.1", "0.0.0.0"}) EXPECT_FALSE(is_loopback_name(name)) << name;
}

}  // namespace
}  // namespace laketide::http
