#include "http/request_head.h"

#include <gtest/gtest.h>

#include "http/limits.h"
#include "http/target.h"

namespace laketide::http {
namespace {

std::string code_of(const std::string& head) { return std::string(check_head(head).code()); }
std::string with(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

TEST(RequestHead, AcceptsWhatCurlAndBrowsersSend) {
  EXPECT_EQ(code_of("GET /health HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88\r\nAccept: */*\r\n\r\n"), "");
  EXPECT_EQ(code_of("POST /stream/start?x=%20 HTTP/1.0\r\n\r\n"), "");
  EXPECT_EQ(code_of(with("Content-Length: 5\r\nExpect: 100-Continue\r\nX:\r\nY: a:b\tc\r\n")), "");
}

TEST(RequestHead, RefusesWhatTwoParsersCouldReadInTwoWays) {
  for (const char* line : {"GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /", "GET / HTTP/1.1 x", "G(T / HTTP/1.1", "GET /a#b HTTP/1.1",
                           "GET /\xC3\xA9 HTTP/1.1", "GET / http/1.1"}) {
    EXPECT_EQ(code_of(std::string(line) + "\r\nHost: a\r\n\r\n"), "bad_request") << line;
  }
  for (const char* field : {"X : 1\r\n", " X: 1\r\n", "\tX: 1\r\n", "X\r\n", ": 1\r\n", "X_Y: 1\r\n", "X(: 1\r\n", "Host: b\r\n",
                            "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\ncontent-length: 2\r\n",
                            "Content-Length: +1\r\n", "Content-Length: 0x1\r\n", "Content-Length: 1, 1\r\n", "Content-Length:\r\n",
                            "Content-Length: -1\r\n", "Content-Length: 99999999999999999999\r\n",
                            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"}) {
    EXPECT_EQ(code_of(with(field)), "bad_request") << field;
  }
  EXPECT_EQ(code_of("GET / HTTP/1.1\r\n\r\n"), "bad_request") << "no Host";
  for (const char* host : {"", "a b", "a,b", "a/b", "u@a"}) {
    EXPECT_EQ(code_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), "bad_request") << host;
  }
}

TEST(RequestHead, NamesTheOtherRefusals) {
  EXPECT_EQ(code_of(with("Transfer-Encoding: chunked\r\n")), "length_required");
  EXPECT_EQ(code_of(with("Transfer-Encoding: identity\r\n")), "length_required");
  EXPECT_EQ(code_of(with("Expect: the-unexpected\r\n")), "expectation_failed");
  EXPECT_EQ(code_of("GET / HTTP/2.0\r\n\r\n"), "version_not_supported");
  EXPECT_EQ(code_of("GET /" + std::string(2048, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), "target_too_long");
  std::string many;
  for (int i = 0; i < 64; ++i) many += "X: 1\r\n";
  EXPECT_EQ(code_of(with(many)), "head_too_large");
}

TEST(HeadScanner, FindsTheEndByteByByte) {
  const std::string head = with("");
  HeadScanner scanner;
  for (size_t size = 1; size < head.size(); ++size) {
    const auto found = scanner.scan(head.substr(0, size));
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(*found, std::nullopt) << size;
  }
  EXPECT_EQ(*scanner.scan(head + "next"), head.size());
}

TEST(HeadScanner, RefusesAtOnceWhatNeverEndsWell) {
  const auto code = [](const std::string& bytes) { return std::string(HeadScanner().scan(bytes).status().code()); };
  EXPECT_EQ(code("GET / HTTP/1.1\n"), "bad_request");
  EXPECT_EQ(code("GET / HTTP/1.1\rX"), "bad_request");
  EXPECT_EQ(code("\r\n"), "bad_request");
  EXPECT_EQ(code(std::string("GET /\0", 6)), "bad_request");
  EXPECT_EQ(code("\x16\x03\x01\x02"), "bad_request") << "TLS on a plain port";
  EXPECT_EQ(code(std::string(kHeadBytesMax, 'a')), "target_too_long");
  EXPECT_EQ(code("GET / HTTP/1.1\r\nX: " + std::string(kHeadBytesMax, 'a')), "head_too_large");
}

TEST(Target, IsTakenApart) {
  const auto target = parse_target("/stream/my%20name/epochs/?limit=5&x=a%2Bb+c&y", "h");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->segments, (std::vector<std::string>{"stream", "my name", "epochs"}));
  EXPECT_EQ(target->query, (std::vector<std::pair<std::string, std::string>>{{"limit", "5"}, {"x", "a+b c"}, {"y", ""}}));
  EXPECT_TRUE(parse_target("/", "h")->segments.empty());
  EXPECT_EQ(parse_target("http://h:1/stream", "h:1")->segments, std::vector<std::string>{"stream"});
  for (const char* bad : {"*", "x", "//a", "/a//b", "/a//", "/a/../b", "/./a", "/%2e%2e/a", "/a%", "/a%2", "/a%zz", "/a%00", "/?a=%0a", "/?a=1&a=2",
                          "http://other/", "https://h/"}) {
    EXPECT_FALSE(parse_target(bad, "h").ok()) << bad;
  }
}

}  // namespace
}  // namespace laketide::http
