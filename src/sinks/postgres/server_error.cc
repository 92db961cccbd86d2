#include "sinks/postgres/server_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace laketide::postgres {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// Conditions a row can be refused for; the rest keep their number.
constexpr std::array<Pair, 22> kConditions{{
    {"21000", "cardinality_violation"},
    {"22001", "string_data_right_truncation"},
    {"22003", "numeric_value_out_of_range"},
    {"22007", "invalid_datetime_format"},
    {"22008", "datetime_field_overflow"},
    {"22012", "division_by_zero"},
    {"22021", "character_not_in_repertoire"},
    {"22023", "invalid_parameter_value"},
    {"22026", "string_data_length_mismatch"},
    {"22030", "duplicate_json_object_key_value"},
    {"22032", "invalid_json_text"},
    {"2202E", "array_subscript_error"},
    {"22P02", "invalid_text_representation"},
    {"22P05", "untranslatable_character"},
    {"23000", "integrity_constraint_violation"},
    {"23001", "restrict_violation"},
    {"23502", "not_null_violation"},
    {"23503", "foreign_key_violation"},
    {"23505", "unique_violation"},
    {"23514", "check_violation"},
    {"23P01", "exclusion_violation"},
    {"22000", "data_exception"},
}};

constexpr std::array<std::string_view, 14> kTransient{"57P01", "57P02", "57P03", "57P05", "53300", "58030", "40001",
                                                      "40P01", "55P03", "25006", "08000", "08003", "08006", "08001"};

constexpr std::array<Pair, 9> kAdvice{{
    {"28P01", "check user and password of the postgres url"},
    {"28000", "check the user of the postgres url and the server's pg_hba.conf"},
    {"3D000", "create the database, or name another one in the postgres url"},
    {"3F000", "create the schema, or name another one"},
    {"42501", "grant the missing right to the user of the postgres url, or let its owner create the table"},
    {"42P01", "the table went away while the pipeline ran; start the pipeline again to create it"},
    {"42703", "the table's columns changed while the pipeline ran; start the pipeline again"},
    {"42P10", "create a unique index on exactly the key columns"},
    {"0A000", "the table cannot take rows this way; name an ordinary or partitioned table"},
}};

bool in_class(std::string_view sqlstate, std::string_view prefix) { return sqlstate.substr(0, 2) == prefix; }

}  // namespace

bool ServerError::is_data() const {
  if (sqlstate == "22P03" || sqlstate == "22P04") return false;
  return in_class(sqlstate, "22") || in_class(sqlstate, "23") || sqlstate == "21000";
}

std::optional<int64_t> ServerError::copy_line() const {
  constexpr std::string_view kMark = ", line ";
  if (context.rfind("COPY ", 0) != 0) return std::nullopt;
  const auto at = context.find(kMark);
  if (at == std::string::npos) return std::nullopt;
  int64_t line = 0;
  const char* end = context.data() + context.size();
  const auto read = std::from_chars(context.data() + at + kMark.size(), end, line);
  return read.ec == std::errc() && line > 0 ? std::optional(line) : std::nullopt;
}

std::string ServerError::text() const { return detail.empty() ? message : message + "; " + detail; }

std::string ServerError::condition() const {
  for (const auto& [state, name] : kConditions) {
    if (state == sqlstate) return std::string(name);
  }
  std::string name = "sqlstate_" + sqlstate;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

Status to_status(const ServerError& error, std::string_view doing) {
  const std::string& state = error.sqlstate;
  const std::string what = std::string(doing) + " failed";
  if (error.connection_lost()) {
    return Status::external("postgres_unavailable", what + ": the connection was lost: " + error.message);
  }
  const std::string said = " (" + state + "): " + error.text();
  if (std::find(kTransient.begin(), kTransient.end(), state) != kTransient.end() || in_class(state, "08")) {
    return Status::external("postgres_unavailable", what + ", it is tried again" + said);
  }
  if (state == "57014") {
    return Status::external("postgres_timeout", what + ": it was cancelled or took longer than the statement time-out" + said);
  }
  if (in_class(state, "53")) {
    return Status::external("postgres_resources", what + ": the server ran out of disk, memory or another resource" + said);
  }
  if (error.is_data()) return Status::user("postgres_data", what + said);
  if (in_class(state, "42") || in_class(state, "28") || in_class(state, "3D") || in_class(state, "3F") ||
      in_class(state, "0A") || state == "57P04" || in_class(state, "44") || in_class(state, "P0")) {
    std::string advice;
    for (const auto& [code, text] : kAdvice) {
      if (code == state) advice = std::string("; ") + std::string(text);
    }
    return Status::user("postgres_configuration", what + advice + said);
  }
  return Status::internal("postgres_protocol", what + said);
}

}  // namespace laketide::postgres
