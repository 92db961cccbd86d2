#include "state/compatibility.h"

#include <algorithm>
#include <string_view>

#include <arrow/type.h>

namespace laketide::state {

namespace {

std::string key_text(const arrow::Schema& schema, int key_columns) {
  std::string text;
  for (int i = 0; i < key_columns; ++i) text += (i > 0 ? ", " : "") + schema.field(i)->name();
  return "(" + text + ")";
}

std::string column_text(const arrow::Field& field) { return "'" + field.name() + "' " + field.type()->ToString(); }

/// Empty: the columns are the same.
std::string column_difference(const arrow::Schema& stored, const arrow::Schema& wanted) {
  for (int i = 0; i < std::max(stored.num_fields(), wanted.num_fields()); ++i) {
    if (i >= stored.num_fields()) return "column " + column_text(*wanted.field(i)) + " is new";
    if (i >= wanted.num_fields()) return "column " + column_text(*stored.field(i)) + " is no longer kept";
    const arrow::Field &was = *stored.field(i), &is = *wanted.field(i);
    if (was.name() == is.name() && was.type()->Equals(*is.type())) continue;
    return "column " + std::to_string(i + 1) + " was " + column_text(was) + " and is " + column_text(is);
  }
  return {};
}

/// The first line that is not the same in both.
std::string line_difference(std::string_view stored, std::string_view wanted) {
  while (!stored.empty() || !wanted.empty()) {
    const std::string_view was = stored.substr(0, stored.find('\n')), is = wanted.substr(0, wanted.find('\n'));
    if (was != is) return "it was '" + std::string(was) + "' and is '" + std::string(is) + "'";
    stored.remove_prefix(std::min(was.size() + 1, stored.size()));
    wanted.remove_prefix(std::min(is.size() + 1, wanted.size()));
  }
  return "by an empty line";
}

std::string difference(const VersionHead& head, const std::string& shape, const StateTables& tables) {
  const auto& wanted = tables.all();
  for (const TableHead& stored : head.tables) {
    if (!wanted.contains(stored.name)) return "table '" + stored.name + "' is no longer kept";
  }
  for (const auto& [name, table] : wanted) {
    const auto stored = std::ranges::find(head.tables, name, &TableHead::name);
    if (stored == head.tables.end()) return "table '" + name + "' is new";
    const auto schema = table->schema();
    const std::string was = key_text(*stored->schema, stored->key_columns), is = key_text(*schema, table->key_columns());
    if (was != is) return "table '" + name + "': the key was " + was + " and is " + is;
    if (const std::string column = column_difference(*stored->schema, *schema); !column.empty()) return "table '" + name + "': " + column;
  }
  return head.shape == shape ? std::string() : "the query's shape: " + line_difference(head.shape, shape);
}

}  // namespace

Status check_compatible(const VersionHead& head, const std::string& shape, const StateTables& tables) {
  const std::string differs = difference(head, shape, tables);
  if (differs.empty()) return {};
  return Status::user("state_incompatible", "the state of this pipeline was made by another query; give the pipeline a new name to keep "
                      "it, or reset the pipeline to begin without it. What differs: " + differs);
}

}  // namespace laketide::state
