#include "cli/pool_text.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "base/quantity.h"
#include "cli/answer_table.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string part(const Json& pool, const char* name) { return std::to_string(std::lround(pool.value(name, 0.0) * 100)) + "%"; }

/// Two decimals at most: 1.6 and not 1.6000000000000001.
std::string cores(const Json& value) { return value.is_number() ? number_text(std::round(value.get<double>() * 100) / 100) : "no limit"; }

}  // namespace

void print_pools(const Json& pools, const Terminal& terminal) {
  if (pools.empty()) {
    terminal.out << "no pools\n";
    return;
  }
  Json rows = Json::array();
  for (const Json& pool : pools) {
    rows.push_back({{"pool", pool.value("name", "")},
                    {"share", part(pool, "share")},
                    {"minute", part(pool, "shareMinute")},
                    {"entitled", cores(pool.value("entitlement", Json()))},
                    {"weight", cores(pool.value("weight", Json()))},
                    {"min", cores(pool.value("minShare", Json()))},
                    {"max", cores(pool.value("maxShare", Json()))},
                    {"runs", pool.value("runs", 0)},
                    {"tasks", pool.value("tasks", 0)},
                    {"waiting", pool.value("waiting", 0)},
                    {"longest", std::to_string(pool.value("longestWaitMs", int64_t{0})) + " ms"},
                    {"memory", short_size(pool.value("memoryBytes", int64_t{0})) + " of " + short_size(pool.value("memoryBytesMax", int64_t{0}))}});
  }
  print_table(rows, {{"pool", "pool", true}, {"share", "share", true}, {"last min", "minute", true}, {"entitled", "entitled", true}, {"weight", "weight", true},
                     {"min", "min", true}, {"max", "max", true}, {"runs", "runs"}, {"tasks", "tasks"}, {"waiting", "waiting"}, {"longest wait", "longest", true},
                     {"memory", "memory", true}}, terminal);
  for (const Json& pool : pools) {
    const Json warning = pool.value("warning", Json());
    if (warning.is_string()) terminal.out << pool.value("name", "") << ": " << warning.get<std::string>() << '\n';
  }
}

}  // namespace laketide::cli
