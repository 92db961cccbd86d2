#include "http/api_page.h"

#include "http/route.h"
#include "http/schema.h"

namespace laketide::http {
namespace {

constexpr const char* kHead =
    "# The API\n\n"
    "Made from the route table in src/http, as `/openapi.json` is; a test compares them. JSON goes out, and comes in whatever the\n"
    "Content-Type says; no body, `{}` and length 0 are the same. A failure is a problem document (RFC 9457) with a stable `code`: all of\n"
    "them are in `errors.md`. What a pipeline document may hold within its members is in `reference.md`. Members and parameters that are not\n"
    "named anywhere are refused. HEAD is answered like GET.\n\n"
    "Where tokens are set, an operation needs one of its scope or a higher one (read, operate, admin):\n"
    "`Authorization: Bearer …`.\n";

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string anchored(std::string_view type) {
  const bool many = type.starts_with('[');
  const std::string_view one = many ? type.substr(1, type.size() - 2) : type;
  const bool is_named = one.front() >= 'A' && one.front() <= 'Z';
  const std::string name = is_named ? "[" + std::string(one) + "](#" + std::string(one) + ")" : std::string(one);
  return many ? "array of " + name : name;
}

std::string words_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + code(word);
  return text;
}

std::string meaning(std::string_view doc, const std::vector<std::string_view>& words) {
  std::string text(doc);
  if (!words.empty()) text += (text.empty() ? "" : ": ") + words_of(words);
  return text;
}

std::string values_of(const Parameter& parameter) {
  if (parameter.kind != Parameter::Kind::kNumber) return meaning(parameter.doc, parameter.words);
  const std::string standard = parameter.initial >= parameter.min ? "; " + std::to_string(parameter.initial) + " if it is not given" : "";
  return std::string(parameter.doc) + standard;
}

void add(const Route& route, std::string& page) {
  page.append("\n### ").append(route.method).append(" ").append(code(route.path)).append("\n\n").append(route.summary).append(". ");
  page.append(route.scope == Scope::kNone ? "Needs no token.\n" : "Scope: " + std::string(to_string(route.scope)) + ".\n");
  if (!route.parameters.empty()) page += "\n| Parameter | |\n|---|---|\n";
  for (const Parameter& parameter : route.parameters) {
    const char* where = parameter.kind == Parameter::Kind::kHeader ? " (header)" : "";
    page.append("| ").append(code(parameter.name)).append(where).append(" | ").append(values_of(parameter)).append(" |\n");
  }
  page += "\n";
  if (route.request != "EmptyRequest") page.append("Takes ").append(anchored(route.request)).append(".\n");
  for (const Answer& answer : route.answers) {
    page.append("Answers ").append(std::to_string(answer.status));
    if (!answer.schema.empty()) page.append(" with ").append(anchored(answer.schema));
    page.append(": ").append(answer.doc).append(".\n");
  }
}

void add(const Schema& schema, std::string& page) {
  page.append("\n### ").append(schema.name).append("\n\n");
  if (!schema.doc.empty()) page.append(schema.doc).append("\n\n");
  for (const std::string_view form : schema.forms) page.append("- ").append(anchored(form)).append("\n");
  if (!schema.forms.empty()) return;
  if (!schema.properties.empty()) page += "| Member | Type | |\n|---|---|---|\n";
  for (const Property& property : schema.properties) {
    page.append("| ").append(code(property.name)).append(" | ").append(anchored(property.type)).append(property.nullable ? ", null" : "");
    page.append(" | ").append(meaning(property.doc, property.words)).append(" |\n");
  }
  if (!schema.example.empty()) page.append("\n```json\n").append(schema.example).append("\n```\n");
}

}  // namespace

std::string api_page() {
  std::string page = kHead;
  page += "\n## Operations\n";
  for (const Route& route : routes()) add(route, page);
  page += "\n## Bodies\n\nMembers of an answer are always there unless they may be null.\n";
  for (const Schema& one : schemas()) {
    if (one.name != "EmptyRequest") add(one, page);
  }
  return page;
}

}  // namespace laketide::http
