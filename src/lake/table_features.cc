#include "lake/table_features.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "lake/delta_schema.h"

namespace laketide::lake {

namespace {

// Features whose promise an append keeps as it is; those with a condition are looked at one by one below.
constexpr std::array kAppendable = {"appendOnly",       "invariants",     "checkConstraints", "changeDataFeed",
                                    "generatedColumns", "identityColumns", "columnMapping",   "timestampNtz",
                                    "deletionVectors",  "v2Checkpoint",   "domainMetadata",   "inCommitTimestamp",
                                    "inCommitTimestamp-preview", "vacuumProtocolCheck", "clustering",
                                    "allowColumnDefaults", "typeWidening", "typeWidening-preview"};
constexpr std::array kReadable = {"columnMapping", "timestampNtz",  "deletionVectors", "v2Checkpoint",
                                  "typeWidening",  "typeWidening-preview", "vacuumProtocolCheck"};

Status unsupported(const std::string& what, const std::string& why) {
  return Status::user("unsupported_table", "this version cannot " + what + " a Delta table with " + why);
}

bool field_has_key(const arrow::Field& field, std::string_view key) {
  const auto metadata = field.metadata();
  for (int64_t i = 0; metadata && i < metadata->size(); ++i) {
    if (metadata->key(i).starts_with(key)) return true;
  }
  const auto& inner = field.type()->fields();
  return std::any_of(inner.begin(), inner.end(), [&](const auto& f) { return field_has_key(*f, key); });
}

bool any_field_has_key(const arrow::Schema& schema, std::string_view key) {
  return std::any_of(schema.fields().begin(), schema.fields().end(), [&](const auto& f) { return field_has_key(*f, key); });
}

bool any_property(const Metadata& metadata, std::string_view prefix) {
  return std::any_of(metadata.configuration.begin(), metadata.configuration.end(),
                     [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

Status check_mapping(const Metadata& metadata, const std::string& what) {
  const std::string mode = property(metadata, "delta.columnMapping.mode");
  if (mode.empty() || mode == "none") return {};
  return unsupported(what, "column mapping (delta.columnMapping.mode): " + mode);
}

// Legacy versions switch a feature on for every table, so that only its use counts; a named feature is meant.
Status check_named(const Protocol& protocol) {
  for (const auto* refused : {"checkConstraints", "generatedColumns", "identityColumns"}) {
    if (has_writer_feature(protocol, refused)) return unsupported("append to", std::string("the feature ") + refused);
  }
  for (const auto& feature : protocol.writer_features) {
    if (std::find(kAppendable.begin(), kAppendable.end(), feature) == kAppendable.end()) {
      return unsupported("append to", "the feature " + feature);
    }
  }
  return {};
}

Status check_used(const Metadata& metadata, const arrow::Schema& schema) {
  if (any_field_has_key(schema, "delta.invariants")) return unsupported("append to", "column invariants (delta.invariants)");
  if (any_field_has_key(schema, "delta.generationExpression")) return unsupported("append to", "generated columns");
  if (any_field_has_key(schema, "delta.identity.")) return unsupported("append to", "identity columns");
  if (any_property(metadata, "delta.constraints.")) return unsupported("append to", "check constraints (delta.constraints)");
  if (property_is_true(metadata, "delta.enableRowTracking")) return unsupported("append to", "row tracking");
  if (metadata.configuration.contains("delta.setTransactionRetentionDuration")) {
    return unsupported("append to", "the property delta.setTransactionRetentionDuration: readers would forget our progress; "
                       "ALTER TABLE … UNSET TBLPROPERTIES it");
  }
  return check_mapping(metadata, "append to");
}

}  // namespace

Protocol protocol_for(const arrow::Schema& schema) {
  if (!has_timestamp_without_zone(schema)) return Protocol{};
  return Protocol{3, 7, {"timestampNtz"}, {"timestampNtz", "appendOnly", "invariants"}};
}

bool has_writer_feature(const Protocol& protocol, std::string_view feature) {
  return std::find(protocol.writer_features.begin(), protocol.writer_features.end(), feature) != protocol.writer_features.end();
}

std::string property(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.configuration.find(key);
  return found == metadata.configuration.end() ? std::string() : found->second.value_or("");
}

bool property_is_true(const Metadata& metadata, const std::string& key) {
  std::string value = property(metadata, key);
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::tolower(c); });
  return value == "true";
}

Status check_appendable(const Protocol& protocol, const Metadata& metadata, const arrow::Schema& schema) {
  const int writer = protocol.min_writer_version;
  if (writer > 7) return unsupported("append to", "writer version " + std::to_string(writer));
  LT_RETURN_IF_ERROR(check_readable(protocol, metadata).in("appending needs to read the log"));
  if (writer == 7) LT_RETURN_IF_ERROR(check_named(protocol));
  if (metadata.format_provider != "parquet") return unsupported("append to", "files of format " + metadata.format_provider);
  return check_used(metadata, schema);
}

Status check_rewritable(const Protocol& protocol, const Metadata& metadata, const arrow::Schema& schema, bool changes_rows) {
  LT_RETURN_IF_ERROR(check_appendable(protocol, metadata, schema));
  if (property_is_true(metadata, "delta.appendOnly")) return unsupported("replace rows of", "the property delta.appendOnly");
  if (changes_rows && property_is_true(metadata, "delta.enableChangeDataFeed")) {
    return unsupported("upsert into", "a change data feed (delta.enableChangeDataFeed)");
  }
  return {};
}

Status check_readable(const Protocol& protocol, const Metadata& metadata) {
  if (protocol.min_reader_version > 3) {
    return unsupported("read", "reader version " + std::to_string(protocol.min_reader_version));
  }
  for (const auto& feature : protocol.reader_features) {
    if (std::find(kReadable.begin(), kReadable.end(), feature) == kReadable.end()) {
      return unsupported("read", "the feature " + feature);
    }
  }
  return check_mapping(metadata, "read");
}

}  // namespace laketide::lake
