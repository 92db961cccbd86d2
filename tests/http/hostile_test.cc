// A thousand malformed requests: smuggling, oversize, cut off, garbage. No crash; each is refused or closed; nothing that
// was hidden in one is performed; and the server is as good as before.
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "support/api_server.h"

namespace laketide {
namespace {

constexpr int kRequests = 1000;
constexpr unsigned kSeed = 20260131;

const std::string kHidden = "POST /stream/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18\r\n\r\n{\"topic\":\"hidden\"}";

/// Requests that front ends and back ends have been known to disagree about.
std::vector<std::string> smuggling_corpus() {
  std::vector<std::string> corpus;
  const std::string start = "POST /stream/stop HTTP/1.1\r\nHost: localhost\r\n";
  const std::string chunks = "0\r\n\r\n" + kHidden;
  const std::string length = "Content-Length: " + std::to_string(chunks.size()) + "\r\n";
  for (const std::string encoding :
       {"Transfer-Encoding: chunked", "Transfer-Encoding : chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding:\tchunked", "Transfer-Encoding: \x0b" "chunked", " Transfer-Encoding: chunked", "X: x\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding\n: chunked", "X: x\nTransfer-Encoding: chunked", "Transfer_Encoding: chunked", "transfer-encoding: CHUNKED",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding:", "Transfer-Encoding: chunked;x"}) {
    corpus.push_back(start + encoding + "\r\n\r\n" + chunks);
    corpus.push_back(start + length + encoding + "\r\n\r\n" + chunks);
    corpus.push_back(start + encoding + "\r\n" + length + "\r\n" + chunks);
    corpus.push_back("POST /stream/stop HTTP/1.0\r\nHost: localhost\r\n" + encoding + "\r\n\r\n" + chunks);
  }
  for (const std::string lengths :
       {"Content-Length: 0\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 0", "Content-Length: 0, 5", "Content-Length: +0", "Content-Length: -0",
        "Content-Length: 0x0", "Content-Length: 0 ;", "Content-Length : 0", "Content_Length: 0", "Content-Length: \"0\"", "Content-Length: 00000000000000000000",
        "Content-Length: 18446744073709551616", "Content-Length: 1e1", "Content-Length:\r\n 0", "Content-Length: 0\rX: y"}) {
    corpus.push_back(start + lengths + "\r\n\r\n" + kHidden);
  }
  for (const std::string line : {"GET /health HTTP/1.1\n", "GET /health\r\n", "GET /health HTTP/0.9\r\n", "GET /health HTTP/1.1 HTTP/1.1\r\n", "GET  /health HTTP/1.1\r\n",
                                 "GET\t/health\tHTTP/1.1\r\n", "GET http://evil.example/health HTTP/1.1\r\n", "CONNECT localhost:80 HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n",
                                 "GET /%00 HTTP/1.1\r\n", "GET /..%2f..%2fetc/passwd HTTP/1.1\r\n", "\r\nGET /health HTTP/1.1\r\n", "GET /health HTTP/1.1\r\n\r", "PRI * HTTP/2.0\r\n"}) {
    corpus.push_back(line + "Host: localhost\r\n\r\n");
  }
  return corpus;
}

/// What a case does with its bytes. Immutable.
struct Attack {
  std::string bytes;
  bool is_clean_end = true;  // whether all of it was sent, and the answer is awaited
};

/// Confined to its task.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed), corpus_(smuggling_corpus()) {}

  Attack next(int number) {
    if (number < static_cast<int>(corpus_.size())) return {corpus_[static_cast<size_t>(number)]};
    switch (pick(5)) {
      case 0: return {mutated()};
      case 1: return {oversized()};
      case 2: return {garbage()};
      case 3: {
        const std::string whole = pick(2) == 0 ? kHidden : corpus_[pick(corpus_.size())];
        return {whole.substr(0, pick(whole.size())), false};
      }
      default: return {bad_body()};
    }
  }

 private:
  size_t pick(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  char byte() { return static_cast<char>(pick(256)); }

  /// A valid request with a byte in its head that must not be there.
  std::string mutated() {
    std::string request = "POST /stream/stop HTTP/1.1\r\nHost: localhost\r\nX-Some: value\r\nContent-Length: 2\r\n\r\n{}";
    const size_t line = request.find("\r\n") + 2;
    static constexpr char kNever[] = {'\0', '\x01', '\x7F', '\n', '\r', '\x0b', '\x1f'};
    for (size_t count = 1 + pick(3); count > 0; --count) request.insert(pick(line + 40), 1, kNever[pick(sizeof kNever)]);
    return request;
  }

  std::string oversized() {
    const size_t size = 8200 + pick(100'000);
    switch (pick(4)) {
      case 0: return "GET /" + std::string(size, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
      case 1: return "GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(size, 'b') + "\r\n\r\n";
      case 2: return "POST /stream/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(1'048'577 + size) + "\r\n\r\n" + std::string(size, ' ');
      default: {
        std::string fields;
        for (size_t i = 0; i < 65 + pick(200); ++i) fields += "A: b\r\n";
        return "GET /health HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
      }
    }
  }

  std::string garbage() {
    std::string bytes;
    for (size_t count = 1 + pick(2000); count > 0; --count) bytes += byte();
    return bytes + "\n";  // a line feed without carriage return: nobody waits for more
  }

  std::string bad_body() {
    static const std::vector<std::string> kBodies = {
        "{", "[]", "\"x\"", "{\"topic\":}", "{\"topic\":\"a\",}", "{'topic':'a'}", "{\"topic\":\"\\ud800\"}", "{\"topic\":1e999}", "{\"topic\":\"a\"}}",
        "{\"a\":{\"b\":1}}", std::string("{\"topic\":\"\0\"}", 13), "\xEF\xBB\xBF[]", "nan", "{\"topic\":\"a\",\"topic\":\"b\"}", std::string(5000, '['),
        "{\"topic\":" + std::string(5000, '{'), "topic=hidden", "<a/>", "{\"mode\":[]}", "{\"\\u0000\":1}"};
    std::string body = kBodies[pick(kBodies.size())];
    if (pick(2) == 0) body.insert(pick(body.size() + 1), 1, static_cast<char>(0x80 | pick(0x40)));
    return "POST /stream/start HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::mt19937 random_;
  const std::vector<std::string> corpus_;
};

TEST(Hostile, AThousandMalformedRequestsAreRefusedOrClosed) {
  http::ServerOptions options;
  options.limits.linger = std::chrono::milliseconds(200);
  const ApiServer api(options);
  Generator generator(kSeed);
  int answered = 0;
  for (int i = 0; i < kRequests; ++i) {
    const Attack attack = generator.next(i);
    RawClient client(api.server->port());
    client.send(attack.bytes);
    if (!attack.is_clean_end && i % 2 == 0) {
      client.reset();
      continue;
    }
    client.shutdown_send();
    const std::string answer = client.receive_all();
    answered += !answer.empty();
    const bool refused = answer.empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5");
    ASSERT_TRUE(refused) << i << "\n" << attack.bytes.substr(0, 400) << "\n→ " << answer.substr(0, 400);
    ASSERT_EQ(answer.find("HTTP/1.1 2", 1), std::string::npos) << i << ": something hidden was answered\n" << attack.bytes.substr(0, 400);
  }
  EXPECT_GT(answered, kRequests / 2);
  EXPECT_TRUE(api.engine->started().empty()) << "a hidden request was performed";
  EXPECT_EQ(api.get("/health").status, 200);
}

TEST(Hostile, EveryPrefixOfARequestMayBeCutOff) {
  const ApiServer api;
  for (size_t size = 0; size < kHidden.size(); ++size) {
    RawClient client(api.server->port());
    client.send(std::string_view(kHidden).substr(0, size));
    if (size % 2 == 0) client.reset();
  }
  EXPECT_TRUE(api.engine->started().empty());
  EXPECT_EQ(api.get("/health").status, 200);
}

TEST(Hostile, AFloodThatNeverReadsIsClosedByTheWriteDeadline) {
  http::ServerOptions options;
  options.limits.write = std::chrono::milliseconds(200);
  options.limits.linger = std::chrono::milliseconds(200);
  const ApiServer api(options);
  RawClient client(api.server->port());
  const std::string request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
  int sent = 0;
  while (client.send(request) && ++sent < 1'000'000) continue;
  EXPECT_LT(sent, 1'000'000);
  EXPECT_EQ(api.get("/health").status, 200);
}

}  // namespace
}  // namespace laketide
