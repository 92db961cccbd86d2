// Durations, sizes and percentages as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace laketide {

/// "250us", "10ms", "1.5s", "30 seconds", "1h30m", "2d"; a bare number is milliseconds. None if it is something else, is
/// negative, or is more than 2^53 microseconds (285 years), up to which all are exact.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
/// The shortest text that reads back as the same: "90s" is "90s", "120s" is "2m".
std::string duration_text(std::chrono::microseconds duration);

/// "256MiB", "1.5 GiB" (powers of 1024), "100MB" (powers of 1000), "512B"; a bare number is bytes; at most 2^53 of them.
std::optional<int64_t> parse_size(std::string_view text);
std::string size_text(int64_t bytes);

/// "70%" or "0.7", as 0.7.
std::optional<double> parse_ratio(std::string_view text);

/// A whole decimal number, with nothing around it.
std::optional<int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);
/// The shortest text that reads back as the same number; valid JSON.
std::string number_text(double number);

}  // namespace laketide
