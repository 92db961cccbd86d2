// What a straight line is told, and how it gives up.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace straight {

struct Settings {
  std::string brokers, topic, sink, dir, postgres, table = "public.straight_line", compression = "snappy";
  int64_t rows_per_commit = 1'000'000;
  int64_t records = 0;  // to follow
  int interval_ms = 5;  // from one transaction to the next when following
  int lanes = 1;
  std::vector<std::string> client;  // name=value, for librdkafka
};

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "straight_line: %s\n", what.c_str());
  std::_Exit(1);
}

inline void check(const arrow::Status& status) {
  if (!status.ok()) fail(status.ToString());
}

}  // namespace straight
