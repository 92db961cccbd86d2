// A configuration whose bytes are not as they were written: each bit of the shipped files changed, each length they could be cut to.
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "config/document.h"
#include "config/service_config.h"
#include "support/temp_dir.h"

namespace laketide::config {
namespace {

std::string shipped(const std::string& name) {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  std::ifstream file(std::string(root ? root : ".") + "/conf/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Reading = std::function<bool(const std::string& text, std::vector<Problem>& problems)>;

bool read_pipeline(const std::string& text, std::vector<Problem>& problems) {
  return parse_pipeline(text, "request", problems).ok();
}

/// As a file, as the daemon reads it.
bool read_service(const std::string& text, std::vector<Problem>& problems) {
  static const TempDir folder;
  const std::string path = folder.path() + "/laketide.yaml";
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  return load_service(path, {}, problems).ok();
}

void expect_named(const Reading& reading, const std::string& text, const std::string& what) {
  std::vector<Problem> problems;
  const bool good = reading(text, problems);
  ASSERT_EQ(good, problems.empty()) << what;
  for (const auto& problem : problems) {
    ASSERT_FALSE(problem.message.empty()) << what;
    ASSERT_FALSE(problem.field.empty() && problem.line == 0) << what << ": it says not where: " << problem.to_string();
  }
}

/// Where the keys of a tree stand in the text: offset and length.
void collect_keys(const Node& node, const std::vector<size_t>& lines, std::vector<std::pair<size_t, size_t>>& keys) {
  for (const auto& item : node.items) collect_keys(item, lines, keys);
  for (const auto& member : node.members) {
    keys.emplace_back(lines[static_cast<size_t>(member.key_place.line) - 1] + static_cast<size_t>(member.key_place.column) - 1, member.key.size());
    collect_keys(member.value, lines, keys);
  }
}

std::vector<std::pair<size_t, size_t>> keys_of(const std::string& text) {
  std::vector<Problem> problems;
  const auto tree = parse_document(text, "request", problems);
  EXPECT_TRUE(tree && problems.empty());
  std::vector<size_t> lines{0};
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') lines.push_back(at + 1);
  }
  std::vector<std::pair<size_t, size_t>> keys;
  collect_keys(*tree, lines, keys);
  return keys;
}

struct File {
  const char* name;
  Reading reading;
};
const File kFiles[] = {{"pipelines/example.yaml", read_pipeline}, {"pipelines/readings-gold.yaml", read_pipeline}, {"laketide.yaml", read_service}};

TEST(ConfigDamage, EveryByteAndEveryLengthIsReadOrRefusedWithItsPlace) {
  for (const auto& [name, reading] : kFiles) {
    const std::string right = shipped(name);
    ASSERT_GT(right.size(), 300u) << name;
    for (size_t at = 0; at < right.size(); ++at) {
      std::string wrong = right;
      wrong[at] = static_cast<char>(wrong[at] ^ (1 << (at % 8)));
      expect_named(reading, wrong, std::string(name) + " byte " + std::to_string(at));
      expect_named(reading, right.substr(0, at), std::string(name) + " cut to " + std::to_string(at));
    }
  }
}

/// No key's name is a bit away from another one's, so that a bit in a name cannot change a meaning.
TEST(ConfigDamage, AChangedKeyIsNeverTakenForAnother) {
  const std::string right = shipped("pipelines/example.yaml");
  const auto keys = keys_of(right);
  ASSERT_GT(keys.size(), 5u);
  for (const auto& [begin, size] : keys) {
    for (size_t at = begin; at < begin + size; ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string wrong = right;
        wrong[at] = static_cast<char>(wrong[at] ^ (1 << bit));
        std::vector<Problem> problems;
        EXPECT_FALSE(parse_pipeline(wrong, "request", problems).ok()) << "byte " << at << " bit " << bit << "\n" << wrong;
      }
    }
  }
}

}  // namespace
}  // namespace laketide::config
