#include "http/schema.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "http/limits.h"

namespace laketide::http {
namespace {

/// Thrown out of the parser's callback, which has no other way to stop it. Immutable.
struct Refusal {
  std::string detail;
  std::string field;
};

/// Watches a parse: depth, and names given twice. Confined to its task.
class Watcher {
 public:
  bool operator()(int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      names_.emplace_back();
      if (static_cast<int>(names_.size()) > kJsonDepthMax) {
        throw Refusal{"nested deeper than " + std::to_string(kJsonDepthMax) + " levels", {}};
      }
    } else if (event == Event::object_end || event == Event::array_end) {
      names_.pop_back();
    } else if (event == Event::key && !names_.back().insert(parsed.get<std::string>()).second) {
      throw Refusal{"a member is named twice: " + parsed.get<std::string>(), parsed.get<std::string>()};
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> names_;
};

bool fits(const nlohmann::json& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return true;
}

Status check_member(const std::string& name, const nlohmann::json& value, const Property& property) {
  if (property.nullable && value.is_null()) return {};
  if (!fits(value, property.type)) {
    return Status::user("wrong_type", "\"" + name + "\" must be of type " + std::string(property.type) + (property.nullable ? " or null" : ""), name);
  }
  if (property.words.empty()) return {};
  const auto& words = property.words;
  if (std::find(words.begin(), words.end(), value.get_ref<const std::string&>()) != words.end()) return {};
  return Status::user("bad_value", "\"" + name + "\" must be one of " + joined(words), name);
}

}  // namespace

std::string joined(const std::vector<std::string_view>& words) {
  std::string out;
  for (const std::string_view word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

const Schema& schema(std::string_view name) {
  const auto& all = schemas();
  return *std::find_if(all.begin(), all.end(), [&](const Schema& entry) { return entry.name == name; });
}

Result<nlohmann::json> parse_body(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return nlohmann::json::object();
  try {
    nlohmann::json body = nlohmann::json::parse(text, Watcher());
    if (body.is_object()) return body;
    return Status::user("bad_json", "the body must be a JSON object, such as {\"topic\": \"events\"}");
  } catch (const Refusal& refusal) {
    return Status::user("bad_json", refusal.detail, refusal.field);
  } catch (const nlohmann::json::exception& error) {
    const std::string what = error.what();
    const size_t end_of_id = what.find("] ");
    return Status::user("bad_json", "the body is not JSON: " + what.substr(end_of_id == std::string::npos ? 0 : end_of_id + 2));
  }
}

Status check_body(const nlohmann::json& body, const Schema& schema) {
  for (const auto& [name, value] : body.items()) {
    const auto is_named = [&key = name](const Property& property) { return property.name == key; };
    const auto property = std::find_if(schema.properties.begin(), schema.properties.end(), is_named);
    if (property == schema.properties.end()) {
      std::vector<std::string_view> names;
      for (const Property& known : schema.properties) names.push_back(known.name);
      const std::string hint = names.empty() ? "this call takes no body" : "known here: " + joined(names);
      return Status::user("unknown_field", "unknown field \"" + name + "\"; " + hint, name);
    }
    LT_RETURN_IF_ERROR(check_member(name, value, *property));
  }
  return {};
}

Result<std::string> offsets_text(const nlohmann::ordered_json& value, const std::string& field) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() || value.is_number_integer()) return value.dump();
  // Every double below 2^63 that is whole is a number of milliseconds.
  constexpr double kPastInt64 = 9223372036854775808.0;
  const double number = value.is_number_float() ? value.get<double>() : 0.5;
  if (number == std::trunc(number) && std::abs(number) < kPastInt64) return std::to_string(static_cast<int64_t>(number));
  return Status::user("wrong_type", "\"" + field + "\" must be an object such as {\"0\": 100}, a text such as \"earliest\", or milliseconds since 1970", field);
}

}  // namespace laketide::http
