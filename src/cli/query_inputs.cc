#include "cli/query_inputs.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/pipeline_fields.h"

namespace laketide::cli {
namespace {

namespace fs = std::filesystem;
using Document = nlohmann::json;

Status wrong_use(const std::string& what) { return Status::user("wrong_use", what); }

/// A word of the command line, with the name in front of it. Immutable.
struct Named {
  std::string name;  // empty: none
  std::string value;
};

Named split_name(const std::string& word) {
  const size_t equals = word.find('=');
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; };
  const bool has_name = equals != std::string::npos && equals > 0 && std::all_of(word.begin(), word.begin() + static_cast<long>(equals), is_letter);
  if (!has_name) return {"", word};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

// A folder such as day=1 is a path, as long as it is there.
Named split_path(const std::string& word) {
  std::error_code failed;
  Named named = fs::exists(word, failed) ? Named{"", word} : split_name(word);
  named.value = fs::absolute(named.value, failed).lexically_normal().string();
  return named;
}

enum class Kind { kTopic, kTable, kFiles };

struct Input {
  Kind kind;
  bool is_named = false;
  std::string name, where;
};

std::vector<Input> inputs_of(const SqlOptions& options) {
  std::vector<Input> inputs;
  const auto add = [&](Kind kind, const Named& named, const std::string& own_name) {
    inputs.push_back({kind, !named.name.empty(), named.name.empty() ? own_name : named.name, named.value});
  };
  for (const std::string& word : options.topics) {
    const Named named = split_name(word);
    add(Kind::kTopic, named, named.value);
  }
  for (const auto& [kind, words] : {std::pair(Kind::kTable, &options.tables), std::pair(Kind::kFiles, &options.files)}) {
    for (const std::string& word : *words) {
      const Named named = split_path(word);
      add(kind, named, config::table_name_of(named.value));
    }
  }
  return inputs;
}

Status check_names(const std::vector<Input>& inputs) {
  std::map<std::string, const Input*> seen;
  for (const Input& input : inputs) {
    if (seen.emplace(input.name, &input).second) continue;
    return wrong_use("two inputs have the same name in SQL: give one another, as in --table old=data/lake/orders; name " + input.name);
  }
  return {};
}

/// What is said about inputs by one option: by name, and for those that it does not name. Confined to its task.
class About {
 public:
  static Result<About> make(const char* option, const char* example, const std::vector<std::string>& words, const std::vector<Input>& inputs, const std::vector<Kind>& kinds) {
    About about;
    std::vector<std::string> able;
    for (const Input& input : inputs) {
      if (std::ranges::find(kinds, input.kind) != kinds.end()) able.push_back(input.name);
    }
    std::string all;
    for (const std::string& name : able) all += (all.empty() ? "" : ", ") + name;
    for (const std::string& word : words) {
      Named named = split_name(word);
      if (std::ranges::find(able, named.name) == able.end()) named = {"", word};
      if (able.empty()) return wrong_use(std::string(option) + " is about none of these inputs: leave it out");
      if (named.name.empty() && able.size() > 1) {
        return wrong_use(std::string(option) + " is to say which input it is about, as in " + option + " " + able.front() + "=" + example + "; there is: " + all);
      }
      const std::string& name = named.name.empty() ? able.front() : named.name;
      if (!about.by_name_.emplace(name, named.value).second) return wrong_use(std::string(option) + " is given twice for one input: " + name);
    }
    return about;
  }
  const std::string* find(const Input& input) const {
    const auto found = by_name_.find(input.name);
    return found == by_name_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, std::string> by_name_;
};

/// All of them. Immutable.
struct Said {
  About versions, schemas, formats, delimiters;
};

Result<Said> read_said(const SqlOptions& options, const std::vector<Input>& inputs) {
  Said said;
  LT_ASSIGN_OR_RETURN(said.versions, About::make("--version", "3", options.versions, inputs, {Kind::kTable}));
  LT_ASSIGN_OR_RETURN(said.schemas, About::make("--schema", "'id int, name text'", options.schemas, inputs, {Kind::kTopic, Kind::kFiles}));
  LT_ASSIGN_OR_RETURN(said.formats, About::make("--format", "csv", options.formats, inputs, {Kind::kFiles}));
  LT_ASSIGN_OR_RETURN(said.delimiters, About::make("--delimiter", "';'", options.delimiters, inputs, {Kind::kFiles}));
  return said;
}

Result<Document> source_of(const Input& input, const SqlOptions& options, const Said& said) {
  Document source;
  const std::string* const schema = said.schemas.find(input);
  switch (input.kind) {
    case Kind::kTable: {
      source["delta"]["path"] = input.where;
      const std::string* const text = said.versions.find(input);
      if (!text) break;
      int64_t version = -1;
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
      if (error != std::errc() || end != text->data() + text->size() || version < 0) return wrong_use("--version is a whole number, from 0; it is " + *text);
      source["delta"]["version"] = version;
      break;
    }
    case Kind::kTopic:
      source["kafka"]["topic"] = input.where;
      if (!options.brokers.empty()) source["kafka"]["brokers"] = options.brokers;
      if (schema) source["format"]["json"]["schema"] = *schema;
      break;
    case Kind::kFiles: {
      Document& files = source["files"];
      files["path"] = input.where;
      if (const std::string* const format = said.formats.find(input)) files["format"] = *format;
      if (schema) files["schema"] = *schema;
      if (const std::string* const delimiter = said.delimiters.find(input)) files["delimiter"] = *delimiter;
      if (options.no_header) files["header"] = false;
      break;
    }
  }
  return source;
}

}  // namespace

Status add_inputs(const SqlOptions& options, Document& document) {
  const std::vector<Input> inputs = inputs_of(options);
  if (inputs.empty()) {
    return wrong_use("say what FROM reads: --topic events, --table data/lake/events or --file 'in/*.csv', each as often as needed; its name in SQL is its own, without folder and "
                     "ending, or the one in front of it, as in --table old=data/lake/events");
  }
  LT_RETURN_IF_ERROR(check_names(inputs));
  LT_ASSIGN_OR_RETURN(const Said said, read_said(options, inputs));
  if (inputs.size() == 1 && !inputs.front().is_named) {
    LT_ASSIGN_OR_RETURN(document["source"], source_of(inputs.front(), options, said));
    return {};
  }
  for (const Input& input : inputs) {
    LT_ASSIGN_OR_RETURN(document["sources"][input.name], source_of(input, options, said));
  }
  return {};
}

}  // namespace laketide::cli
