// Answers queries over rows given as JSON, for tests in other languages. In, one document a line:
//   {"schema": "a int, b int", "rows": [["1", null], …], "queries": ["SELECT …", …], "select": "SELECT … FROM result" if there is one}
// With --functions it prints every function instead. The document has perhaps "tables": {"name": {"schema": …, "rows": …}, …}. Out, one line a query: {"error": "…"} or {"types": ["int"], "rows": [[offset, "1"], …], "refused": [[offset, code, reason], …]}.
#include <iostream>
#include <string>

#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "expr/aggregate.h"
#include "expr/function_family.h"
#include "expr/type.h"
#include "sql/table_text.h"

namespace {

using nlohmann::json;
using laketide::Answer;
using laketide::Cell;

json to_json(const Answer& answer) {
  json out = {{"types", json::array()}, {"rows", json::array()}, {"refused", json::array()}};
  for (const auto& field : answer.output->fields()) out["types"].push_back(laketide::expr::Type::of(*field).name());
  for (const auto& row : answer.rows) {
    json cells = json::array({row.offset});
    for (const Cell& cell : row.cells) cells.push_back(cell ? json(*cell) : json());
    out["rows"].push_back(std::move(cells));
  }
  for (const auto& refused : answer.refused) out["refused"].push_back({refused.offset, refused.code, refused.reason});
  return out;
}

std::vector<laketide::Row> rows_of(const json& list) {
  std::vector<laketide::Row> rows;
  for (const json& row : list) {
    auto& cells = rows.emplace_back();
    for (const json& cell : row) cells.push_back(cell.is_null() ? Cell() : Cell(cell.get<std::string>()));
  }
  return rows;
}

json answered(const std::string& query, const std::string& select, const laketide::Schema& schema, const std::vector<laketide::Row>& rows,
              const std::vector<laketide::TableRows>& tables) {
  const auto answer = laketide::ask(query, select, schema, rows, laketide::Delivery::kWhole, tables);
  if (!answer.ok()) return {{"error", answer.status().to_string()}};
  return to_json(*answer);
}

json names_of(const std::vector<laketide::expr::TypeId>& types) {
  json names = json::array();
  for (const auto id : types) names.push_back(id == laketide::expr::TypeId::kUnknown ? "any" : laketide::expr::to_string(id));
  return names;
}

// Every function and aggregate, family by family.
json functions() {
  json all = json::array();
  for (const auto& family : laketide::expr::function_families()) {
    for (const auto* const one : family.functions) {
      const bool any = one->result == laketide::expr::TypeId::kUnknown;
      all.push_back({{"family", family.title}, {"name", one->name}, {"args", names_of(one->args)}, {"any", one->special && !one->of_place}, {"result", any ? "by its arguments" : laketide::expr::to_string(one->result)}});
    }
  }
  for (const auto name : laketide::expr::aggregate_names()) {
    for (const auto* const one : laketide::expr::aggregates(name)) {
      const bool any = one->result == laketide::expr::TypeId::kUnknown;
      all.push_back({{"family", "Aggregates"}, {"name", name}, {"args", names_of(one->args)}, {"any", false}, {"result", any ? "by its arguments" : laketide::expr::to_string(one->result)}});
    }
  }
  return all;
}

}  // namespace

int main(int count, char** words) {
  if (count > 1 && std::string(words[1]) == "--functions") {
    std::cout << functions().dump() << '\n';
    return 0;
  }
  try {
    for (std::string line; std::getline(std::cin, line);) {
      const json document = json::parse(line);
      const auto schema = laketide::schema_of_text(document.at("schema").get<std::string>());
      const auto rows = rows_of(document.at("rows"));
      std::vector<laketide::TableRows> tables;
      const json described = document.value("tables", json::object());
      for (const auto& [name, table] : described.items()) {
        tables.push_back({name, laketide::schema_of_text(table.at("schema").get<std::string>()), rows_of(table.at("rows"))});
      }
      const std::string select = document.value("select", "");
      for (const json& query : document.at("queries")) std::cout << answered(query.get<std::string>(), select, schema, rows, tables).dump() << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
