#include "base/log.h"

#include <algorithm>
#include <atomic>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"

namespace laketide::log {
namespace {

std::atomic<bool> as_json{false};

spdlog::logger& logger() {
  static auto* one = [] {
    auto made = spdlog::stderr_logger_mt("laketide");
    made->set_pattern("%v");
    return new std::shared_ptr<spdlog::logger>(made);
  }();
  return **one;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

const char* name_of(Level level) {
  static constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
  return kNames[static_cast<int>(level)];
}

bool needs_quotes(const std::string& text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c <= ' ' || c == 0x7F || c == '"' || c == '='; });
}

std::string as_text_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = to_iso(system_clock().now()) + " " + name_of(level) + " " + std::string(message);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;
    const bool quote = needs_quotes(field.value);
    const std::string value = quote ? nlohmann::json(field.value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : field.value;
    line.append(" ").append(field.name).append("=").append(value);
  }
  return line;
}

std::string as_json_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  nlohmann::ordered_json line{{"time", to_iso(system_clock().now())}, {"level", name_of(level)}, {"message", message}};
  for (const Field& field : fields) {
    if (field.is_number) {
      line[std::string(field.name)] = nlohmann::ordered_json::parse(field.value);
    } else if (!field.value.empty()) {
      line[std::string(field.name)] = field.value;
    }
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

Status configure(std::string_view level, std::string_view format) {
  if (format != "text" && format != "json") {
    return Status::user("bad_value", "log.format is text or json, got " + std::string(format), "log.format");
  }
  const auto parsed = level == "warn" ? spdlog::level::warn : spdlog::level::from_str(std::string(level));
  if (parsed == spdlog::level::off && level != "off") {
    return Status::user("bad_value", "log.level is debug, info, warn or error, got " + std::string(level), "log.level");
  }
  as_json = format == "json";
  logger().set_level(parsed);
  return {};
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  const auto at = to_spdlog(level);
  if (!logger().should_log(at)) return;
  logger().log(at, "{}", as_json ? as_json_line(level, message, fields) : as_text_line(level, message, fields));
}

}  // namespace laketide::log
