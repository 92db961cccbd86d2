// Shapes of JSON objects, as tables: requests are checked by them, and the API's description is made of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "laketide/status.h"

namespace laketide::http {

/// One member of an object. `type` is a JSON type; or `Name`, a schema of that name; or `[x]`, an array of either; or
/// `any`. A `nullable` member may be null; an `optional` one may be missing, others are always there. `rule` narrows what a request may
/// say, for the description: one of the names in openapi.cc. Immutable.
struct Property {
  std::string_view name;
  std::string_view type;
  std::string_view doc;
  bool nullable = false;
  bool optional = false;
  std::vector<std::string_view> words = {};  // the values it may have
  std::string_view rule = {};
};

/// A named object that has these members and no others. `forms`: names of the schemas of which a request has exactly one, each a
/// part of the members. `example` is JSON. Immutable.
struct Schema {
  std::string_view name;
  std::string_view doc;
  std::vector<Property> properties;
  std::vector<std::string_view> forms = {};
  std::string_view example = {};
};

/// Words with commas between.
std::string joined(const std::vector<std::string_view>& words);

/// Every schema, in the order of the description.
const std::vector<Schema>& schemas();
/// A schema that must exist.
const Schema& schema(std::string_view name);

/// Reads a request's body: nothing, or one JSON object nested at most 32 deep that names no member twice.
Result<nlohmann::json> parse_body(std::string_view text);

/// What a member says of offsets, as the engine reads them: a text as it is, an object as JSON, milliseconds (1.0 is 1, as in JSON Schema)
/// as digits. Fails `kUser` wrong_type.
Result<std::string> offsets_text(const nlohmann::ordered_json& value, const std::string& field);

/// Fails on a member that the schema does not have, or whose type or value does not fit; the failure names it.
Status check_body(const nlohmann::json& body, const Schema& schema);

}  // namespace laketide::http
