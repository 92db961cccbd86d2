// JSON objects of an answer as a table for a person.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/terminal.h"

namespace laketide::cli {

/// A column: its head, and the member it shows. A `whole` one is never cut: an id cut in two names nothing. Immutable.
struct Column {
  const char* head;
  const char* member;
  bool whole = false;
};

/// Prints one line for each of `rows`: "-" for null, lists with commas between. On a screen that is too narrow the last
/// columns go until the rest fits with its texts cut: put what matters first. Numbers are never cut.
void print_table(const nlohmann::ordered_json& rows, const std::vector<Column>& columns, const Terminal& terminal);

/// "2026-01-02 03:04:05" of an ISO time; "" of null.
std::string short_time(const nlohmann::ordered_json& time);
/// "1.5 GiB"
std::string short_size(int64_t bytes);
/// "1,234,567"
std::string short_count(int64_t count);

}  // namespace laketide::cli
