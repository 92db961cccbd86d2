#include "flow/key_columns.h"

#include <algorithm>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

namespace laketide {
namespace {

constexpr const char* kKey = "laketide.key";
constexpr char kBetween = '\n';

}  // namespace

Schema with_key_columns(const Schema& schema, const std::vector<std::string>& columns) {
  if (columns.empty()) return schema;
  std::string names;
  for (const auto& column : columns) names += (names.empty() ? "" : std::string(1, kBetween)) + column;
  return schema->WithMetadata(arrow::key_value_metadata({kKey}, {names}));
}

std::vector<std::string> key_columns_of(const arrow::Schema& schema) {
  std::vector<std::string> columns;
  const int at = schema.metadata() ? schema.metadata()->FindKey(kKey) : -1;
  if (at < 0) return columns;
  const std::string& names = schema.metadata()->value(at);
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find(kBetween, begin), names.size());
    columns.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return columns;
}

}  // namespace laketide
