#include "sinks/postgres/quarantine.h"

#include <nlohmann/json.hpp>

#include <string_view>
#include <utility>

#include "sinks/postgres/identifier.h"

namespace laketide::postgres {
namespace {

constexpr size_t kRowsHeldMax = 256;
constexpr int64_t kNotNumbered = -1;

std::optional<std::string> to_bytea(const std::optional<std::string>& bytes) {
  if (!bytes) return std::nullopt;
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\\x";
  for (const unsigned char c : *bytes) {
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](size_t index) { return index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0u; };
    const unsigned group = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    out += kDigits[group >> 18 & 63];
    out += kDigits[group >> 12 & 63];
    out += at + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    out += at + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return out;
}

// The library checks UTF-8 when it prints; jsonb refuses the zero character.
bool is_text(const std::string& value) {
  if (value.find('\0') != std::string::npos) return false;
  try {
    static_cast<void>(nlohmann::json(value).dump());
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::string clean(std::string text) {
  std::erase(text, '\0');
  const std::string quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(quoted).get<std::string>();
}

std::optional<std::string> headers_json(const Reject& reject) {
  if (reject.headers.empty()) return std::nullopt;
  auto document = nlohmann::json::array();
  for (const auto& [key, value] : reject.headers) {
    nlohmann::json header{{"key", clean(key)}, {"value", nullptr}};
    if (value && is_text(*value)) {
      header["value"] = *value;
    } else if (value) {
      header = {{"key", clean(key)}, {"base64", to_base64(*value)}};
    }
    document.push_back(std::move(header));
  }
  return document.dump();
}

std::optional<std::string> number_or_null(int64_t value) {
  return value < 0 ? std::nullopt : std::optional(std::to_string(value));
}

std::optional<std::string> text_or_null(const std::string& text) { return text.empty() ? std::nullopt : std::optional(clean(text)); }

}  // namespace

Quarantine::Quarantine(const PostgresSinkOptions& options)
    : options_(options), table_(TableName{options.schema, "quarantine"}.quoted()) {}

Status Quarantine::add(Connection& connection, std::vector<RefusedRow> rows, const Wait& wait) {
  if (rows.empty() || options_.refused == PostgresSinkOptions::Refused::kDrop) return {};
  if (options_.refused == PostgresSinkOptions::Refused::kFail) {
    const auto& row = rows.front();
    return Status::user("bad_record", "PostgreSQL refused a row and bad_records.policy is fail (" + row.code + ", partition " +
                                          std::to_string(row.place.partition) + ", offset " + std::to_string(row.place.offset) +
                                          "): " + row.reason);
  }
  rows_.insert(rows_.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  if (rows_.size() < kRowsHeldMax) return {};
  unnumbered_ = true;
  return write(connection, kNotNumbered, wait);
}

Status Quarantine::finish(Connection& connection, EpochId epoch, const Wait& wait) {
  LT_RETURN_IF_ERROR(write(connection, epoch.value, wait));
  if (!std::exchange(unnumbered_, false)) return {};
  return connection
      .query("UPDATE " + table_ + " SET epoch = $2 WHERE pipeline = $1 AND epoch = " + std::to_string(kNotNumbered),
             {shown_as(), std::to_string(epoch.value)}, wait)
      .status();
}

const std::string& Quarantine::shown_as() const { return options_.shown_as.empty() ? options_.pipeline : options_.shown_as; }

void Quarantine::forget() {
  rows_.clear();
  unnumbered_ = false;
}

Status Quarantine::write(Connection& connection, int64_t epoch, const Wait& wait) {
  for (const auto& row : rows_) LT_RETURN_IF_ERROR(write_one(connection, epoch, row, wait));
  rows_.clear();
  return {};
}

Status Quarantine::write_one(Connection& connection, int64_t epoch, const RefusedRow& row, const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const Reject record, read_again(row, wait));
  const bool placed = row.place.partition >= 0 && row.place.offset >= 0;
  return connection
      .query("INSERT INTO " + table_ +
                 " (pipeline, epoch, source, topic, partition, \"offset\", \"timestamp\", key, value, headers, stage, code, reason) "
                 "VALUES ($1, $2, $3, $4, $5, $6, 'epoch'::timestamptz + $7::bigint * interval '1 millisecond', $8, $9, $10, "
                 "'write', $11, $12)",
             {shown_as(), std::to_string(epoch), placed ? text_or_null(record.source) : std::nullopt,
              placed ? text_or_null(record.topic) : std::nullopt, number_or_null(row.place.partition), number_or_null(row.place.offset),
              number_or_null(record.timestamp_ms), to_bytea(record.key), to_bytea(record.value), headers_json(record), record.code,
              clean(row.reason)},
             wait)
      .status()
      .in("writing a refused row to quarantine");
}

Result<Reject> Quarantine::read_again(const RefusedRow& row, const Wait& wait) {
  Reject record;
  record.source = options_.source;
  record.topic = row.topic.empty() ? options_.topic : row.topic;
  record.code = row.code;
  if (row.place.partition < 0 || row.place.offset < 0 || !options_.lookup) return record;
  const SourcePartition at{record.source, record.topic, row.place.partition};
  auto read = options_.lookup(at, RecordOffset(row.place.offset), wait);
  if (!read.ok()) return read.status().in("reading a refused record again");
  if (!*read) {
    record.code = "bytes_gone";
    return record;
  }
  Reject found = **std::move(read);
  if (found.source.empty()) found.source = record.source;
  if (found.topic.empty()) found.topic = record.topic;
  found.code = row.code;
  return found;
}

}  // namespace laketide::postgres
