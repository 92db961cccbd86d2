// How the server behaves on the wire, one manner a test.
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/probe_places.h"
#include "support/api_server.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

std::string code_of(const RawResponse& response) { return json::parse(response.body).value("code", ""); }

TEST(Manners, AnyContentTypeIsJson) {
  const ApiServer api;
  for (const char* type : {"application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense"}) {
    EXPECT_EQ(api.call("POST", "/stream/start", R"({"topic":"t"})", "Content-Type: " + std::string(type) + "\r\n").status, 200) << type;
  }
}

TEST(Manners, NoBodyAnEmptyObjectAndLengthZeroAreTheSame) {
  const ApiServer api;
  EXPECT_EQ(api.raw("POST /stream/stop HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_EQ(api.post("/stream/stop", "").status, 200);
  EXPECT_EQ(api.post("/stream/stop", "{}").status, 200);
  EXPECT_EQ(api.post("/stream/stop", " \r\n").status, 200);
  EXPECT_EQ(api.call("GET", "/stream", "{}").status, 200);
  EXPECT_EQ(code_of(api.call("GET", "/stream", R"({"a":1})")), "unknown_field");
}

TEST(Manners, BodiesEndWithANewlineAndAreNotCached) {
  const ApiServer api;
  for (const char* path : {"/", "/health", "/stream", "/openapi.json", "/metrics", "/no/such"}) {
    const RawResponse response = api.get(path);
    EXPECT_TRUE(response.body.ends_with('\n')) << path;
    EXPECT_TRUE(response.has("Cache-Control: no-store"));
    EXPECT_TRUE(response.has("X-Content-Type-Options: nosniff"));
    EXPECT_TRUE(response.has("Date: "));
  }
}

TEST(Manners, AWrongMethodIsToldTheRightOnes) {
  const ApiServer api;
  const RawResponse get = api.get("/stream/start");
  EXPECT_EQ(get.status, 405);
  EXPECT_TRUE(get.has("Allow: POST\r\n")) << get.head;
  EXPECT_EQ(code_of(get), "method_not_allowed");
  EXPECT_TRUE(api.post("/stream").has("Allow: GET, HEAD\r\n"));
  EXPECT_EQ(api.call("BREW", "/health").status, 405);
  EXPECT_EQ(api.call("OPTIONS", "/health").status, 405);
  EXPECT_EQ(api.call("get", "/health").status, 405) << "methods have case";
  EXPECT_EQ(api.call("BREW", "/tea").status, 404);
}

TEST(Manners, HeadIsGetWithoutTheBody) {
  const ApiServer api;
  const RawResponse get = api.get("/stream");
  RawClient client(api.server->port());
  client.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawResponse head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: " + std::to_string(get.body.size()) + "\r\n"));
  EXPECT_EQ(client.receive().body, "{\"status\":\"ok\"}\n") << "the next answer begins right behind the head";
  EXPECT_EQ(api.call("HEAD", "/stream/start").status, 405);
}

TEST(Manners, OneTrailingSlashIsIgnored) {
  const ApiServer api;
  EXPECT_EQ(api.get("/health/").status, 200);
  EXPECT_EQ(api.get("/health//").status, 400);
  EXPECT_EQ(api.get("/Health").status, 404);
}

TEST(Manners, NamesMayBePercentEncoded) {
  const ApiServer api;
  StreamStatus stream;
  stream.pipeline = "a b/c";
  api.engine->set_stream(stream);
  EXPECT_EQ(api.get("/stream/a%20b%2Fc").status, 200);
  EXPECT_EQ(api.get("/stream/a%2").status, 400);
}

TEST(Manners, UnknownQueryParametersAreRefused) {
  const ApiServer api;
  EXPECT_EQ(code_of(api.get("/stream?verbose=1")), "unknown_parameter");
  EXPECT_EQ(json::parse(api.get("/health?x").body)["field"], "x");
}

TEST(Manners, TransferEncodingIsRefusedAndClosed) {
  const ApiServer api;
  RawClient client(api.server->port());
  const RawResponse response = client.call("POST /stream/start HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                                           "d\r\n{\"topic\":\"t\"}\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(response.status, 411);
  EXPECT_TRUE(response.has("Connection: close"));
  EXPECT_TRUE(client.is_closed()) << "what follows is no request";
  EXPECT_TRUE(api.engine->started().empty());
}

TEST(Manners, ConflictingLengthsAreRefusedAndClosed) {
  const ApiServer api;
  for (const char* fields : {"Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: 2\r\nContent-Length: 2\r\n", "Content-Length: 2, 3\r\n",
                             "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"}) {
    RawClient client(api.server->port());
    const RawResponse response = client.call("POST /stream/stop HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n{}\n");
    EXPECT_EQ(response.status, 400) << fields;
    EXPECT_TRUE(client.is_closed());
  }
}

TEST(Manners, LimitsHaveTheirOwnAnswers) {
  const ApiServer api;
  EXPECT_EQ(api.get("/" + std::string(2100, 'a')).status, 414);
  EXPECT_EQ(api.raw("GET /" + std::string(9000, 'a')).status, 414);
  EXPECT_EQ(api.raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9000, 'a') + "\r\n\r\n").status, 431);
  std::string fields;
  for (int i = 0; i < 64; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(api.raw("GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n").status, 431);
  RawClient client(api.server->port());
  const RawResponse large = client.call("POST /stream/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\n{");
  EXPECT_EQ(large.status, 413);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(api.post("/stream/start", R"({"topic":"t"})" + std::string(1'000'000, ' ')).status, 200);
  EXPECT_EQ(api.raw("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n").status, 505);
  EXPECT_EQ(api.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status, 505);
}

TEST(Manners, ARefusedBodyIsNotTakenForARequest) {
  const ApiServer api;
  RawClient client(api.server->port());
  const std::string inner = "POST /stream/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"topic\":\"t\"}";
  const RawResponse response = client.call("POST /no/such HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(inner.size()) + "\r\n\r\n" + inner);
  EXPECT_EQ(response.status, 404);
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(api.engine->started().empty());
}

TEST(Manners, SlowHeadsAndBodiesAreCutOffByAnAbsoluteDeadline) {
  http::ServerOptions options;
  options.limits.head = milliseconds(150);
  options.limits.body = milliseconds(150);
  const ApiServer api(options);
  RawClient silent(api.server->port());
  EXPECT_TRUE(silent.is_closed()) << "who says nothing is told nothing";
  RawClient slow_head(api.server->port());
  while (slow_head.send("G")) std::this_thread::yield();  // bytes keep coming, the deadline stays
  RawClient half_head(api.server->port());
  half_head.send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(half_head.receive().status, 408);
  RawClient half_body(api.server->port());
  half_body.send("POST /stream/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
  const RawResponse response = half_body.receive();
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(code_of(response), "request_timeout");
  EXPECT_TRUE(half_body.is_closed());
}

TEST(Manners, IdleConnectionsAreClosed) {
  http::ServerOptions options;
  options.limits.idle = milliseconds(100);
  const ApiServer api(options);
  RawClient client(api.server->port());
  EXPECT_EQ(client.call("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST(Manners, ConnectionsAreKeptAliveAndPipelined) {
  const ApiServer api;
  RawClient client(api.server->port());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /stream/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"topic\":\"t\"}";
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.receive().body, "{\"status\":\"ok\"}\n") << i;
    ASSERT_EQ(client.receive().status, 200) << i;
  }
  EXPECT_EQ(api.engine->started().size(), 50u);
  const RawResponse last = client.call("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(last.has("Connection: close"));
  EXPECT_TRUE(client.is_closed());
  RawClient old(api.server->port());
  EXPECT_EQ(old.call("GET /health HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(old.is_closed());
}

TEST(Manners, AThousandRequestsAreEnoughForOneConnection) {
  const ApiServer api;
  RawClient client(api.server->port());
  for (int i = 1; i < 1000; ++i) ASSERT_EQ(client.call("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200) << i;
  EXPECT_TRUE(client.call("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").has("Connection: close"));
  EXPECT_TRUE(client.is_closed());
}

TEST(Manners, Expect100IsAnsweredBeforeTheBodyAndOnlyIfItIsWanted) {
  const ApiServer api;
  RawClient client(api.server->port());
  client.send("POST /stream/start HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  EXPECT_EQ(client.call("{\"topic\":\"t\"}").status, 200);
  EXPECT_EQ(api.raw("POST /no/such HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n").status, 404);
  EXPECT_EQ(api.raw("POST /stream/start HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n").status, 413);
  EXPECT_EQ(api.raw("POST /stream/start HTTP/1.1\r\nHost: localhost\r\nExpect: cake\r\nContent-Length: 13\r\n\r\n").status, 417);
}

TEST(Manners, OtherHostsAndOriginsAreForeign) {
  const ApiServer api;
  EXPECT_EQ(api.raw("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 403);
  EXPECT_EQ(api.raw("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").status, 400);
  EXPECT_EQ(code_of(api.call("POST", "/stop", "", "Origin: http://evil.example\r\n")), "foreign_origin");
  EXPECT_EQ(api.call("POST", "/stop", "", "Sec-Fetch-Site: cross-site\r\n").status, 403);
  EXPECT_EQ(api.call("GET", "/stream", "", "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n").status, 200);
  EXPECT_FALSE(api.engine->stop_was_begun());
}

TEST(Manners, TokensAndScopes) {
  const TempDir folder;
  std::ofstream(folder.path() + "/tokens") << "read reader-token\noperate operator-token\nadmin administrator\n";
  http::ServerOptions options;
  options.token_file = folder.path() + "/tokens";
  const ApiServer api(options);
  const auto call = [&](const char* method, const char* path, const char* token, const char* body = "") {
    return api.call(method, path, body, *token == '\0' ? "" : "Authorization: Bearer " + std::string(token) + "\r\n");
  };
  const RawResponse none = call("GET", "/stream", "");
  EXPECT_EQ(none.status, 401);
  EXPECT_TRUE(none.has("WWW-Authenticate: Bearer")) << none.head;
  EXPECT_EQ(call("GET", "/no/such", "").status, 401) << "not even the paths are told";
  EXPECT_EQ(call("GET", "/stream", "reader-tokem").status, 401);
  EXPECT_EQ(call("GET", "/stream", "reader-token").status, 200);
  EXPECT_EQ(call("GET", "/no/such", "reader-token").status, 404);
  EXPECT_EQ(call("POST", "/stream/start", "reader-token", R"({"topic":"t"})").status, 403);
  EXPECT_EQ(call("POST", "/stream/start", "operator-token", R"({"topic":"t"})").status, 200);
  EXPECT_EQ(call("POST", "/stop", "operator-token").status, 403);
  EXPECT_EQ(call("GET", "/metrics", "").status, 401);
  EXPECT_EQ(call("GET", "/health", "").status, 200);
  EXPECT_EQ(call("GET", "/ready", "").status, 200);
  EXPECT_EQ(call("POST", "/stop", "administrator").status, 202);
  EXPECT_EQ(api.raw("GET /health HTTP/1.1\r\nHost: laketide.example\r\n\r\n").status, 200) << "with tokens any name will do";
}

TEST(Manners, OtherAddressesNeedATokenOrASayIt) {
  http::ServerOptions options;
  options.listen = "0.0.0.0:0";
  const Status refused = http::make_server(options).status();
  EXPECT_EQ(refused.code(), "exposed");
  EXPECT_THAT(std::string(refused.detail()), testing::AllOf(HasSubstr("server.token_file"), HasSubstr("server.allow_unauthenticated: true")));
  EXPECT_EQ(http::check_options(options).code(), "exposed");
  options.allow_unauthenticated = true;
  const ApiServer api(options);
  EXPECT_EQ(api.raw("GET /stream HTTP/1.1\r\nHost: laketide.example\r\n\r\n").status, 200);
}

TEST(Manners, AnAddressInUseIsSaid) {
  const ApiServer first;
  http::ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(first.server->port());
  const Status taken = http::make_server(options).status();
  EXPECT_EQ(taken.code(), "address_unusable");
  EXPECT_THAT(std::string(taken.detail()), HasSubstr("another process listens on this address"));
  for (const char* address : {"nowhere", "127.0.0.1:x", "999.1.1.1:80", "8.8.8.8:1"}) {
    options.listen = address;
    options.allow_unauthenticated = true;
    EXPECT_EQ(http::make_server(options).status().code(), "address_unusable") << address;
  }
}

TEST(Manners, TheProbesAddressServesProbesOnly) {
  http::ServerOptions options;
  options.probe_listen = "127.0.0.1:0";
  const ApiServer api(options);
  const auto probe = [&](const std::string& path) {
    return RawClient(api.server->probe_port()).call("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").status;
  };
  EXPECT_EQ(probe("/health"), 200);
  EXPECT_EQ(probe("/ready"), 200);
  EXPECT_EQ(probe("/metrics"), 200);
  EXPECT_EQ(probe("/stream"), 404);
  EXPECT_EQ(probe("/"), 404);
}

TEST(Manners, AnOpenProbesAddressDoesNotShowMetrics) {
  http::ServerOptions options;
  options.probe_listen = "0.0.0.0:0";
  const ApiServer api(options);
  const auto probe = [&](const std::string& path) {
    return RawClient(api.server->probe_port()).call("GET " + path + " HTTP/1.1\r\nHost: 10.0.0.7:8081\r\n\r\n").status;
  };
  EXPECT_EQ(probe("/health"), 200);
  EXPECT_EQ(probe("/ready"), 200);
  EXPECT_EQ(probe("/metrics"), 403);
}

TEST(Manners, SlotsAreKeptForProbesWhenAllConnectionsAreTaken) {
  http::ServerOptions options;
  options.limits.connections = 3;
  options.limits.probe_connections = 2;
  const ApiServer api(options);
  std::vector<std::unique_ptr<RawClient>> held;
  const auto connect = [&]() -> RawClient& {
    held.push_back(std::make_unique<RawClient>(api.server->port()));
    return *held.back();
  };
  const std::string health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(connect().call(health).status, 200);
  EXPECT_EQ(connect().call(health).status, 200) << "in a probe's slot";
  const RawResponse crowded = connect().call("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(crowded.status, 503);
  EXPECT_TRUE(crowded.has("Retry-After: 1"));
  EXPECT_EQ(held[0]->call("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  held.clear();
  while (api.get("/stream").status != 200) std::this_thread::yield();
}

TEST(Manners, ClientsThatSayNothingTakeNoPlaceFromAProbe) {
  http::ServerOptions options;
  options.limits.connections = 3;
  options.limits.probe_connections = 2;
  options.limits.refusals = 0;
  const ApiServer api(options);
  const std::string health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const std::string said : {"", "GET /health HTTP/1.1\r\nHo", "POST /stream/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"}) {
    std::vector<std::unique_ptr<RawClient>> silent;
    for (int i = 0; i < 40; ++i) {
      silent.push_back(std::make_unique<RawClient>(api.server->port()));
      silent.back()->send(said);
      if (i % 10 != 9) continue;
      EXPECT_EQ(RawClient(api.server->port()).call(health).status, 200) << i << " say: " << said;
    }
  }
}

TEST(Manners, AProbeThatIsBeingAnsweredKeepsItsPlace) {
  http::ProbePlaces places;
  struct Guest : http::ProbeGuest {
    explicit Guest(bool waits) : waits(waits) {}
    bool give_way() override {
      gone = waits;
      return waits;
    }
    bool waits, gone = false;
  };
  const auto answered = std::make_shared<Guest>(false), first = std::make_shared<Guest>(true), second = std::make_shared<Guest>(true);
  for (const auto& guest : {answered, first, second}) places.add(guest);
  places.add(std::make_shared<Guest>(true));  // gone by itself
  EXPECT_TRUE(places.make_room());
  EXPECT_TRUE(first->gone && !second->gone);
  EXPECT_TRUE(places.make_room());
  EXPECT_TRUE(second->gone && !answered->gone);
  EXPECT_FALSE(places.make_room()) << "only the one that is being answered is left";
}

/// Lowers the limit of descriptors to those that are open. Confined to its task.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Manners, WithoutDescriptorsItWaitsAndThenGoesOn) {
  const ApiServer api;
  // The server takes a descriptor beforehand for the accept that is under way, so two clients are needed.
  auto exhausted = std::make_unique<NoMoreDescriptors>();
  exhausted.reset();
  RawClient first(api.server->port());
  EXPECT_EQ(first.call("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  const int spare = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(api.server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  exhausted = std::make_unique<NoMoreDescriptors>();
  ASSERT_EQ(connect(spare, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(send(spare, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  // The open connection is served while none can be accepted.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(first.call("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  pollfd answered{spare, POLLIN, 0};
  EXPECT_EQ(poll(&answered, 1, 0), 0);
  exhausted.reset();
  EXPECT_EQ(poll(&answered, 1, 10'000), 1);
  char bytes[16] = {};
  EXPECT_GT(recv(spare, bytes, 15, 0), 0);
  EXPECT_THAT(bytes, HasSubstr("HTTP/1.1 200"));
  close(spare);
}

TEST(Manners, ASignalIsAStopAndASecondOneIsImpatience) {
  http::ServerOptions options;
  options.handle_signals = true;
  std::atomic<int> impatient = 0;
  options.on_impatience = [&] { ++impatient; };
  const ApiServer api(options);
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(api.server->wait_for_stop(std::chrono::seconds(10)));
  EXPECT_TRUE(api.engine->stop_was_begun());
  EXPECT_EQ(impatient, 0);
  kill(getpid(), SIGINT);
  while (impatient == 0) std::this_thread::yield();
}

TEST(Manners, AHangUpIsAWishToReadTheFilesAgainAndNoStop) {
  http::ServerOptions options;
  options.handle_signals = true;
  const ApiServer api(options);
  EXPECT_FALSE(api.server->take_reload_wish());
  kill(getpid(), SIGHUP);
  EXPECT_FALSE(api.server->wait_for_stop(std::chrono::seconds(10))) << "it wakes whoever waits, and is no stop";
  EXPECT_TRUE(api.server->take_reload_wish());
  EXPECT_FALSE(api.server->take_reload_wish()) << "once";
  EXPECT_EQ(api.get("/health").status, 200);
}

TEST(Manners, TokensAreReadAgainAndAWrongFileChangesNothing) {
  const TempDir dir;
  const std::string file = dir.path() + "/tokens";
  const auto write = [&](const std::string& text) { std::ofstream(file, std::ios::trunc) << text; };
  write("admin first-token\n");
  http::ServerOptions options;
  options.token_file = file;
  const ApiServer api(options);
  const auto status_for = [&](const std::string& token) { return api.call("GET", "/stream", "", "Authorization: Bearer " + token + "\r\n").status; };
  EXPECT_EQ(status_for("first-token"), 200);
  write("read second-token\n");
  EXPECT_TRUE(api.server->reload_tokens().ok());
  EXPECT_EQ(status_for("first-token"), 401);
  EXPECT_EQ(status_for("second-token"), 200);
  for (const char* broken : {"", "root a-long-token\n", "read short\n"}) {
    write(broken);
    EXPECT_EQ(api.server->reload_tokens().code(), "bad_token_file") << broken;
    EXPECT_EQ(status_for("second-token"), 200);
  }
  EXPECT_TRUE(ApiServer().server->reload_tokens().ok()) << "without a file there is nothing to read";
}

TEST(Manners, ClosingLetsTheAnswersUnderWayFinish) {
  ApiServer api;
  api.engine->hold_starts();
  RawClient client(api.server->port());
  client.send("POST /stream/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"topic\":\"t\"}");
  while (api.engine->started().empty()) std::this_thread::yield();
  std::thread closer([&] { api.server.reset(); });
  api.engine->release();
  EXPECT_EQ(client.receive().status, 200);
  closer.join();
  EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace laketide
