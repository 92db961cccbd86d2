// Structured log lines: a message that never changes, and fields that do.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "laketide/status.h"

namespace laketide::log {

enum class Level { kDebug, kInfo, kWarn, kError };

/// A name and a value, printed as `name=value` (text) or as a member (JSON), where numbers are numbers. One without a value is left
/// out. Immutable.
struct Field {
  std::string_view name;
  std::string value;
  bool is_number = false;
  Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(v) {}
  Field(std::string_view n, int64_t v) : name(n), value(std::to_string(v)), is_number(true) {}
};

/// Sets what is written and how; `level` is debug|info|warn|error, `format` is text|json. Callable at any time.
Status configure(std::string_view level, std::string_view format);

/// Writes one line to standard error, whatever the fields hold: control characters are escaped. Secrets never go into fields: callers log names and places, not values of settings.
void write(Level level, std::string_view message, std::initializer_list<Field> fields);

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::kDebug, m, f); }
inline void info(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::kInfo, m, f); }
inline void warn(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::kWarn, m, f); }
inline void error(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::kError, m, f); }

}  // namespace laketide::log
