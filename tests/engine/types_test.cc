// conf/types.md against what the sinks make of each type.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <arrow/type.h>

#include "flow/schema_text.h"
#include "lake/delta_schema.h"
#include "sinks/postgres/column_type.h"

namespace laketide {
namespace {

// The code spans of a row of the table; empty: it is none.
std::vector<std::string> spans_of(const std::string& line) {
  std::vector<std::string> spans;
  if (!line.starts_with("| `")) return spans;
  for (size_t begin = line.find('`'); begin != std::string::npos && spans.size() < 3; begin = line.find('`', begin)) {
    const size_t end = line.find('`', begin + 1);
    spans.push_back(line.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  return spans;
}

TEST(Types, ThePageSaysWhatTheSinksMake) {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  std::ifstream page(std::filesystem::path(root ? root : ".") / "conf/types.md");
  int rows = 0;
  for (std::string line; std::getline(page, line);) {
    const auto spans = spans_of(line);
    if (spans.size() < 3) continue;
    ++rows;
    const auto field = field_of_sql_type("x", spans[0]);
    ASSERT_TRUE(field.ok()) << spans[0];
    EXPECT_EQ(lake::delta_type_name(*(*field)->type()), spans[1]) << spans[0];
    EXPECT_EQ(postgres::column_type_for(**field), spans[2]) << spans[0];
    EXPECT_EQ(sql_type_of(**field), spans[0]);
  }
  EXPECT_EQ(rows, 17);
}

}  // namespace
}  // namespace laketide
