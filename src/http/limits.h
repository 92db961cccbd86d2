// How much of anything a client gets.
#pragma once

#include <chrono>
#include <cstddef>

namespace laketide::http {

inline constexpr size_t kHeadBytesMax = 8 << 10;
inline constexpr size_t kHeadFieldsMax = 64;
inline constexpr size_t kTargetBytesMax = 2 << 10;
inline constexpr size_t kBodyBytesMax = 1 << 20;
inline constexpr int kJsonDepthMax = 32;
inline constexpr int kRequestsPerConnectionMax = 1000;

/// Deadlines are absolute: a byte that arrives does not extend them. Tests shorten them. Immutable.
struct Limits {
  std::chrono::milliseconds head{5'000};
  std::chrono::milliseconds body{15'000};
  std::chrono::milliseconds idle{30'000};   // between two requests of one connection
  std::chrono::milliseconds write{15'000};
  std::chrono::milliseconds drain{30'000};  // POST /stream/stop answers 202 after this
  std::chrono::milliseconds linger{1'000};  // after a refusal, so that the client can read why
  int connections = 256;
  int probe_connections = 16;  // beyond `connections`, only for /health, /ready and /metrics; the oldest gives way to who comes
  int refusals = 64;           // beyond those: told 503; more are closed without a word
  int workers = 4;
  int calls_waiting = 64;      // for a worker
};

}  // namespace laketide::http
