#include "lake/actions.h"

#include <cstdint>
#include <limits>
#include <type_traits>

#include <nlohmann/json.hpp>

namespace laketide::lake {

namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

/// The library makes an integer of any number, which is undefined for those that are out of its range.
template <typename T>
T value_of(const Json& value) {
  if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, int>) {
    using Limits = std::numeric_limits<T>;
    const bool fits = value.is_number_float()      ? value.get<double>() >= static_cast<double>(Limits::min()) && value.get<double>() < -static_cast<double>(Limits::min())
                      : value.is_number_unsigned() ? value.get<uint64_t>() <= static_cast<uint64_t>(Limits::max())
                      : value.is_number_integer()  ? value.get<int64_t>() >= Limits::min() && value.get<int64_t>() <= Limits::max()
                                                   : true;  // no number, as the library will say
    if (!fits) throw Json::out_of_range::create(406, "a number is too large: " + value.dump(), &value);
  }
  return value.get<T>();
}

template <typename T>
T required(const Json& object, const char* key) {
  return value_of<T>(object.at(key));
}

template <typename T>
std::optional<T> optional(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return value_of<T>(*found);
}

TextMap text_map(const Json& object) {
  TextMap map;
  for (const auto& [key, value] : object.items()) {
    map.emplace(key, value.is_null() ? std::nullopt : std::optional(value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return map;
}

std::optional<TextMap> optional_map(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return text_map(*found);
}

std::optional<DeletionVector> deletion_vector(const Json& object) {
  const auto found = object.find("deletionVector");
  if (found == object.end() || found->is_null()) return std::nullopt;
  return DeletionVector{required<std::string>(*found, "storageType"), required<std::string>(*found, "pathOrInlineDv"),
                        optional<int64_t>(*found, "offset"), required<int64_t>(*found, "sizeInBytes"),
                        required<int64_t>(*found, "cardinality")};
}

Protocol parse_protocol(const Json& object) {
  return Protocol{required<int>(object, "minReaderVersion"), required<int>(object, "minWriterVersion"),
                  optional<std::vector<std::string>>(object, "readerFeatures").value_or(std::vector<std::string>()),
                  optional<std::vector<std::string>>(object, "writerFeatures").value_or(std::vector<std::string>())};
}

Metadata parse_metadata(const Json& object) {
  const Json& format = object.at("format");
  return Metadata{required<std::string>(object, "id"),
                  optional<std::string>(object, "name"),
                  optional<std::string>(object, "description"),
                  required<std::string>(format, "provider"),
                  optional_map(format, "options").value_or(TextMap()),
                  required<std::string>(object, "schemaString"),
                  required<std::vector<std::string>>(object, "partitionColumns"),
                  optional_map(object, "configuration").value_or(TextMap()),
                  optional<int64_t>(object, "createdTime")};
}

AddFile parse_add(const Json& object) {
  return AddFile{required<std::string>(object, "path"),
                 optional_map(object, "partitionValues").value_or(TextMap()),
                 required<int64_t>(object, "size"),
                 optional<int64_t>(object, "modificationTime").value_or(0),
                 optional<bool>(object, "dataChange").value_or(true),
                 optional<std::string>(object, "stats"),
                 optional_map(object, "tags"),
                 deletion_vector(object),
                 optional<int64_t>(object, "baseRowId"),
                 optional<int64_t>(object, "defaultRowCommitVersion"),
                 optional<std::string>(object, "clusteringProvider")};
}

RemoveFile parse_remove(const Json& object) {
  return RemoveFile{required<std::string>(object, "path"),
                    optional<int64_t>(object, "deletionTimestamp"),
                    optional<bool>(object, "dataChange").value_or(true),
                    optional<bool>(object, "extendedFileMetadata"),
                    optional_map(object, "partitionValues"),
                    optional<int64_t>(object, "size"),
                    deletion_vector(object),
                    optional<int64_t>(object, "baseRowId"),
                    optional<int64_t>(object, "defaultRowCommitVersion")};
}

CommitInfo parse_commit_info(const Json& object) {
  return CommitInfo{optional<int64_t>(object, "timestamp"),
                    optional<int64_t>(object, "inCommitTimestamp"),
                    optional<std::string>(object, "operation").value_or(""),
                    optional<std::string>(object, "engineInfo").value_or(""),
                    optional<std::string>(object, "txnId").value_or(""),
                    optional<std::string>(object, "userMetadata").value_or(""),
                    optional_map(object, "operationParameters").value_or(TextMap()),
                    optional_map(object, "operationMetrics").value_or(TextMap()),
                    optional<bool>(object, "isBlindAppend"),
                    optional<int64_t>(object, "readVersion"),
                    object.dump()};
}

Action parse_named(const std::string& name, const Json& object) {
  if (name == "add") return parse_add(object);
  if (name == "remove") return parse_remove(object);
  if (name == "txn") {
    return SetTransaction{required<std::string>(object, "appId"), required<int64_t>(object, "version"),
                          optional<int64_t>(object, "lastUpdated")};
  }
  if (name == "commitInfo") return parse_commit_info(object);
  if (name == "metaData") return parse_metadata(object);
  if (name == "protocol") return parse_protocol(object);
  if (name == "domainMetadata") {
    return DomainMetadata{required<std::string>(object, "domain"), required<std::string>(object, "configuration"),
                          required<bool>(object, "removed")};
  }
  if (name == "sidecar") return Sidecar{required<std::string>(object, "path")};
  return std::monostate();
}

Status broken(const std::string& why) {
  return Status::user("broken_log", "the Delta log holds a line that cannot be read: " + why);
}

template <typename T>
void put(Ordered& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}

Ordered map_json(const TextMap& map) {
  Ordered object = Ordered::object();
  for (const auto& [key, value] : map) object[key] = value ? Ordered(*value) : Ordered();
  return object;
}

void put(Ordered& object, const std::optional<DeletionVector>& dv) {
  if (!dv) return;
  Ordered body{{"storageType", dv->storage_type}, {"pathOrInlineDv", dv->path_or_inline}};
  put(body, "offset", dv->offset);
  body["sizeInBytes"] = dv->size_bytes;
  body["cardinality"] = dv->cardinality;
  object["deletionVector"] = std::move(body);
}

struct ToJson {
  Ordered operator()(const std::monostate&) const { return Ordered::object(); }

  Ordered operator()(const Protocol& p) const {
    Ordered body{{"minReaderVersion", p.min_reader_version}, {"minWriterVersion", p.min_writer_version}};
    if (p.min_reader_version >= 3) body["readerFeatures"] = p.reader_features;
    if (p.min_writer_version >= 7) body["writerFeatures"] = p.writer_features;
    return {{"protocol", std::move(body)}};
  }

  Ordered operator()(const Metadata& m) const {
    Ordered body{{"id", m.id}};
    put(body, "name", m.name);
    put(body, "description", m.description);
    body["format"] = Ordered{{"provider", m.format_provider}, {"options", map_json(m.format_options)}};
    body["schemaString"] = m.schema_string;
    body["partitionColumns"] = m.partition_columns;
    body["configuration"] = map_json(m.configuration);
    put(body, "createdTime", m.created_ms);
    return {{"metaData", std::move(body)}};
  }

  Ordered operator()(const AddFile& a) const {
    Ordered body{{"path", a.path}, {"partitionValues", map_json(a.partition_values)}, {"size", a.size},
                 {"modificationTime", a.modified_ms}, {"dataChange", a.data_change}};
    put(body, "stats", a.stats);
    if (a.tags) body["tags"] = map_json(*a.tags);
    put(body, a.deletion_vector);
    put(body, "baseRowId", a.base_row_id);
    put(body, "defaultRowCommitVersion", a.default_row_commit_version);
    put(body, "clusteringProvider", a.clustering_provider);
    return {{"add", std::move(body)}};
  }

  Ordered operator()(const RemoveFile& r) const {
    Ordered body{{"path", r.path}};
    put(body, "deletionTimestamp", r.deletion_ms);
    body["dataChange"] = r.data_change;
    put(body, "extendedFileMetadata", r.extended_metadata);
    if (r.partition_values) body["partitionValues"] = map_json(*r.partition_values);
    put(body, "size", r.size);
    put(body, r.deletion_vector);
    put(body, "baseRowId", r.base_row_id);
    put(body, "defaultRowCommitVersion", r.default_row_commit_version);
    return {{"remove", std::move(body)}};
  }

  Ordered operator()(const SetTransaction& t) const {
    Ordered body{{"appId", t.app_id}, {"version", t.version}};
    put(body, "lastUpdated", t.updated_ms);
    return {{"txn", std::move(body)}};
  }

  Ordered operator()(const CommitInfo& c) const {
    Ordered body = Ordered::object();
    put(body, "inCommitTimestamp", c.in_commit_timestamp_ms);
    put(body, "timestamp", c.timestamp_ms);
    body["operation"] = c.operation;
    body["operationParameters"] = map_json(c.operation_parameters);
    put(body, "readVersion", c.read_version);
    put(body, "isBlindAppend", c.blind_append);
    if (!c.operation_metrics.empty()) body["operationMetrics"] = map_json(c.operation_metrics);
    body["engineInfo"] = c.engine_info;
    body["txnId"] = c.txn_id;
    if (!c.user_metadata.empty()) body["userMetadata"] = c.user_metadata;
    return {{"commitInfo", std::move(body)}};
  }

  Ordered operator()(const DomainMetadata& d) const {
    return {{"domainMetadata", {{"domain", d.domain}, {"configuration", d.configuration}, {"removed", d.removed}}}};
  }

  Ordered operator()(const Sidecar& s) const { return {{"sidecar", {{"path", s.path}}}}; }
};

/// Whole ones: one that is cut off is looked at closer.
bool is_file_action(std::string_view line) {
  return (line.starts_with("{\"add\":") || line.starts_with("{\"remove\":")) && line.ends_with("}}");
}

}  // namespace

std::string DeletionVector::unique_id() const {
  return storage_type + path_or_inline + (offset ? "@" + std::to_string(*offset) : "");
}

RemoveFile to_remove(const AddFile& file, int64_t deletion_ms) {
  RemoveFile remove;
  remove.path = file.path;
  remove.deletion_ms = deletion_ms;
  remove.extended_metadata = true;
  remove.partition_values = file.partition_values;
  remove.size = file.size;
  remove.deletion_vector = file.deletion_vector;
  remove.base_row_id = file.base_row_id;
  remove.default_row_commit_version = file.default_row_commit_version;
  return remove;
}

Result<Action> parse_action(const Json& line) {
  try {
    if (!line.is_object()) return broken("it is not a JSON object");
    for (const auto& [name, object] : line.items()) {
      if (!object.is_null()) return parse_named(name, object);
    }
    return Action();
  } catch (const Json::exception& e) {
    return broken(e.what());
  }
}

Status parse_commit(std::string_view text, Detail detail, const std::function<Status(Action&&)>& take) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    if (detail == Detail::kState && is_file_action(line)) continue;
    const Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_discarded()) return broken("it is not JSON: " + std::string(line.substr(0, 80)));
    LT_ASSIGN_OR_RETURN(Action action, parse_action(parsed));
    const bool is_file = std::holds_alternative<AddFile>(action) || std::holds_alternative<RemoveFile>(action);
    if (detail == Detail::kState && is_file) continue;
    LT_RETURN_IF_ERROR(take(std::move(action)));
  }
  return {};
}

nlohmann::ordered_json to_json(const Action& action) { return std::visit(ToJson{}, action); }

std::string to_line(const Action& action) {
  // Bytes that are not UTF-8 can only come from user metadata; a replacement character there is better than no commit.
  return to_json(action).dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

std::string file_key(const std::string& path, const std::optional<DeletionVector>& deletion_vector) {
  return deletion_vector ? path + '\n' + deletion_vector->unique_id() : path;
}

}  // namespace laketide::lake
