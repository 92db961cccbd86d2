#include "sql/parser.h"

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <pg_query.h>

#include "expr/utf8.h"
#include "sql/habits.h"
#include "sql/lexer.h"
#include "sql/syntax_reader.h"

namespace laketide::sql {
namespace {

using nlohmann::json;

// Above these a query is no query: the grammar's tree is walked recursively before this version sees it.
constexpr size_t kBytesMax = 256 << 10;
constexpr size_t kTokensMax = 10'000;

/// What the library gave, freed at the end. Confined to its task.
class Parsed {
 public:
  explicit Parsed(const std::string& query) : result_(pg_query_parse(query.c_str())) {}
  ~Parsed() { pg_query_free_parse_result(result_); }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  const PgQueryError* error() const { return result_.error; }
  const char* tree() const { return result_.parse_tree; }

 private:
  PgQueryParseResult result_;
};

Status check_size(const QueryText& text) {
  if (const size_t zero = text.text().find('\0'); zero != std::string::npos) {
    return text.refuse("sql_syntax", static_cast<int>(zero), "a zero byte cannot stand in a query");
  }
  if (!expr::is_utf8(text.text())) return text.refuse("sql_syntax", 0, "a query is UTF-8 text, and this is not");
  if (text.text().size() > kBytesMax) return text.refuse("sql_syntax", 0, "a query has at most 256 KiB");
  if (tokens_of(text.text()).size() > kTokensMax) return text.refuse("sql_syntax", 0, "a query has at most 10000 words and symbols");
  return {};
}

Status syntax_error(const QueryText& text, const PgQueryError& error) {
  const int at = text.byte_of_character(std::max(error.cursorpos, 1));
  const std::string instead = instead_of_syntax(text.text(), at);
  return text.refuse("sql_syntax", at, std::string(error.message) + (instead.empty() ? "" : ": " + instead));
}

Result<std::shared_ptr<const SelectSyntax>> only_select(const json& tree, const QueryText& text, const std::vector<int>& try_casts) {
  const json& statements = tree.at("stmts");
  if (statements.empty()) return text.refuse("sql_syntax", 0, "the query is empty: write SELECT * FROM source, or leave sql: out");
  if (statements.size() > 1) {
    return text.refuse("sql_unsupported", statements[1].value("stmt_location", 0), "there is more than one statement: a pipeline has one query");
  }
  const json& statement = statements[0].at("stmt");
  if (!statement.contains("SelectStmt")) {
    return text.refuse("sql_unsupported", 0, "a query is a SELECT: where its rows go is said under sinks:");
  }
  return read_select(statement["SelectStmt"], text, try_casts);
}

}  // namespace

Result<std::shared_ptr<const SelectSyntax>> parse(const QueryText& text) {
  LT_RETURN_IF_ERROR(check_size(text));
  std::vector<int> try_casts;
  const Parsed parsed(without_try_casts(text.text(), try_casts));
  if (parsed.error() != nullptr) return syntax_error(text, *parsed.error());
  try {
    return only_select(json::parse(parsed.tree()), text, try_casts);
  } catch (const std::exception& error) {
    return Status::internal("sql_tree", std::string("the parser gave a tree of another shape than expected: ") + error.what());
  }
}

}  // namespace laketide::sql
