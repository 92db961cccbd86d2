// What people write who come from Spark or other dialects, and what to write here.
#pragma once

#include <string>
#include <string_view>

namespace laketide::sql {

/// What to write instead, or empty if nothing is known.
std::string instead_of_function(std::string_view name);
std::string instead_of_operator(std::string_view name);
std::string instead_of_type(std::string_view name);
/// For a syntax error at byte `at`.
std::string instead_of_syntax(std::string_view query, int at);

}  // namespace laketide::sql
