#include "sql/syntax_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "sql/habits.h"
#include "sql/lexer.h"
#include "sql/tree_node.h"
#include "sql/value_function.h"

namespace laketide::sql {
namespace {

using nlohmann::json;
using Kind = Syntax::Kind;

constexpr int kDepthMax = 1000;

constexpr std::string_view kOver = "window functions need all rows before the first; what can be done: row_number() OVER (PARTITION BY … ORDER BY …) in a SELECT in FROM, kept by WHERE rn <= 10, and GROUP BY tumble(ts, INTERVAL '10 seconds') with aggregates";

/// A clause that PostgreSQL has and this version has not.
struct Clause {
  const char* field;
  const char* keyword;
  const char* what;
  const char* instead;
};

constexpr Clause kClauses[] = {
    {"windowClause", "window", "WINDOW is not supported", kOver.data()},
    {"lockingClause", "for", "FOR UPDATE has no meaning here", "leave it out"},
    {"intoClause", "into", "SELECT INTO is not supported", "name the table under sinks:"},
    {"valuesLists", "values", "VALUES is not supported", "write SELECT … FROM source"},
};

constexpr std::pair<std::string_view, std::string_view> kNodes[] = {
    {"ParamRef", "there are no parameters here; write the value"},
    {"RowExpr", "rows as values are not supported; write one column after the other"},
    {"CollateClause", "text is always ordered by its bytes; leave COLLATE out"},
    {"GroupingFunc", "GROUPING is not supported"},
    {"GroupingSet", "ROLLUP, CUBE and GROUPING SETS are not supported; group by one list of columns"},
    {"XmlExpr", "XML is not supported"},
    {"SetToDefault", "DEFAULT has no meaning here"},
    {"CurrentOfExpr", "CURRENT OF has no meaning here"},
};

/// Reads one query's tree. Confined to its task.
class Reader {
 public:
  Reader(const QueryText& text, const std::vector<int>& try_casts) : text_(text), try_casts_(try_casts) {}

  Result<std::shared_ptr<const SelectSyntax>> select(const json& node);

 private:
  using Read = Result<Syntax> (Reader::*)(const json&);

  Status refuse(int at, std::string_view what) const { return text_.refuse("sql_unsupported", at, what); }
  Status refuse_clauses(const json& node) const;
  Status set_operation(const json& node, SelectSyntax& made);
  Status grouping(const json& node, SelectSyntax& made);
  Status ordering(const json& node, SelectSyntax& made);
  Result<std::vector<OrderSyntax>> order_items(const json& list);
  Result<int64_t> row_count(const json& node, const char* clause) const;
  Result<std::shared_ptr<const OverSyntax>> over(const json& node, const std::string& function, int at);
  Result<FromSyntax> from(const json& node);
  Result<FromSyntax> tables(const json& list);
  Result<FromSyntax> join(const json& node);
  Result<std::vector<NamedSelect>> with(const json& node);

  Result<Syntax> expression(const json& wrapped);
  Result<std::vector<Syntax>> expressions(const json& list);
  Result<Syntax> column(const json& node);
  Result<Syntax> constant(const json& node);
  Result<Syntax> cast(const json& node);
  Result<Syntax> operation(const json& node);
  Result<Syntax> junction(const json& node);
  Result<Syntax> null_test(const json& node);
  Result<Syntax> boolean_test(const json& node);
  Result<Syntax> case_when(const json& node);
  Result<Syntax> coalesce(const json& node) { return special(node, "COALESCE"); }
  Result<Syntax> extreme(const json& node) { return special(node, node.value("op", "") == "IS_LEAST" ? "LEAST" : "GREATEST"); }
  Result<Syntax> array(const json& node);
  Result<Syntax> subscript(const json& node);
  Result<Syntax> function(const json& node);
  Result<Syntax> value_function(const json& node) { return read_value_function(node, text_); }
  Result<Syntax> subquery(const json& node);
  Result<Syntax> special(const json& node, std::string name);
  Result<TypeSyntax> type(const json& node) const;
  std::string integer(const json& constant) const;

  const QueryText& text_;
  const std::vector<int>& try_casts_;
  int depth_ = 0, random_calls_ = 0;
};

Syntax call(std::string name, int at, std::vector<Syntax> args) {
  Syntax made;
  made.kind = Kind::kCall;
  made.at = at;
  made.text = std::move(name);
  made.args = std::move(args);
  return made;
}

Result<std::shared_ptr<const SelectSyntax>> Reader::select(const json& node) {
  if (++depth_ > kDepthMax) return refuse(0, "the query is nested too deeply");
  LT_RETURN_IF_ERROR(refuse_clauses(node));
  auto made = std::make_shared<SelectSyntax>();
  if (node.contains("withClause")) {
    LT_ASSIGN_OR_RETURN(made->with, with(node["withClause"]));
  }
  if (node.value("op", "SETOP_NONE") != "SETOP_NONE") {
    LT_RETURN_IF_ERROR(set_operation(node, *made));
    LT_RETURN_IF_ERROR(ordering(node, *made));
    --depth_;
    return std::shared_ptr<const SelectSyntax>(std::move(made));
  }
  made->at = node.contains("targetList") ? std::max(0, first_place(node.at("targetList"))) : 0;
  if (!node.contains("targetList")) return refuse(0, "the select list is empty: write SELECT *, or the columns");
  for (const json& item : node["targetList"]) {
    const json& target = item.at("ResTarget");
    LT_ASSIGN_OR_RETURN(Syntax value, expression(target.at("val")));
    made->items.push_back({std::move(value), target.value("name", "")});
  }
  if (!node.contains("fromClause")) return refuse(static_cast<int>(text_.text().size()), "FROM is missing: write FROM source");
  LT_ASSIGN_OR_RETURN(made->from, tables(node["fromClause"]));
  if (node.contains("whereClause")) {
    LT_ASSIGN_OR_RETURN(made->where, expression(node["whereClause"]));
  }
  LT_RETURN_IF_ERROR(grouping(node, *made));
  LT_RETURN_IF_ERROR(ordering(node, *made));
  --depth_;
  return std::shared_ptr<const SelectSyntax>(std::move(made));
}

Status Reader::set_operation(const json& node, SelectSyntax& made) {
  const int at = std::max(0, first_place(node.at("rarg")));
  if (node["op"] != "SETOP_UNION") return refuse(at, "EXCEPT and INTERSECT are not supported; write a condition in WHERE");
  made.distinct = !node.value("all", false);
  made.at = at;
  for (const char* side : {"larg", "rarg"}) {
    LT_ASSIGN_OR_RETURN(auto part, select(node.at(side)));
    made.union_of.push_back(std::move(part));
  }
  return {};
}

Status Reader::grouping(const json& node, SelectSyntax& made) {
  if (node.contains("groupClause")) {
    LT_ASSIGN_OR_RETURN(made.group_by, expressions(node["groupClause"]));
  }
  if (node.contains("havingClause")) {
    LT_ASSIGN_OR_RETURN(made.having, expression(node["havingClause"]));
  }
  if (!node.contains("distinctClause")) return {};
  const json& distinct = node["distinctClause"];
  made.distinct = distinct.empty() || distinct[0].empty();
  if (made.distinct) return {};
  LT_ASSIGN_OR_RETURN(made.distinct_on, expressions(distinct));
  return {};
}

Status Reader::ordering(const json& node, SelectSyntax& made) {
  if (node.contains("sortClause")) {
    LT_ASSIGN_OR_RETURN(made.order_by, order_items(node["sortClause"]));
  }
  if (node.value("limitOption", "") == "LIMIT_OPTION_WITH_TIES") return refuse(made.at, "FETCH FIRST … WITH TIES is not supported; write LIMIT 10");
  const auto is_null = [](const json& count) { return count.contains("A_Const") && count["A_Const"].value("isnull", false); };  // LIMIT ALL
  if (node.contains("limitCount") && !is_null(node["limitCount"])) {
    LT_ASSIGN_OR_RETURN(made.limit, row_count(node["limitCount"], "LIMIT"));
  }
  if (node.contains("limitOffset") && !is_null(node["limitOffset"])) {
    LT_ASSIGN_OR_RETURN(made.offset, row_count(node["limitOffset"], "OFFSET"));
  }
  return {};
}

Result<std::vector<OrderSyntax>> Reader::order_items(const json& list) {
  std::vector<OrderSyntax> all;
  for (const json& item : list) {
    const json& by = item.at("SortBy");
    const std::string direction = by.value("sortby_dir", "SORTBY_DEFAULT"), nulls = by.value("sortby_nulls", "SORTBY_NULLS_DEFAULT");
    LT_ASSIGN_OR_RETURN(Syntax value, expression(by.at("node")));
    if (direction == "SORTBY_USING") return refuse(value.at, "ORDER BY … USING is not supported; write ASC or DESC");
    const bool descending = direction == "SORTBY_DESC";
    all.push_back({std::move(value), descending, nulls == "SORTBY_NULLS_DEFAULT" ? descending : nulls == "SORTBY_NULLS_FIRST"});
  }
  return all;
}

Result<int64_t> Reader::row_count(const json& node, const char* clause) const {
  const int at = std::max(0, first_place(node));
  if (!node.contains("A_Const")) return refuse(at, std::string(clause) + " takes a number that is written down");
  const json& constant = node["A_Const"];
  const std::string digits = constant.contains("ival") ? integer(constant) : constant.contains("fval") ? constant["fval"].value("fval", "") : "";
  int64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size() || count < 0) return refuse(at, std::string(clause) + " takes a whole number, 0 or more");
  return count;
}

// row_number() is the one that can be kept up while rows come.
Result<std::shared_ptr<const OverSyntax>> Reader::over(const json& node, const std::string& function, int at) {
  const json& window = node["over"];
  if (function != "row_number" || window.contains("name") || window.contains("refname")) return refuse(at, function + "(…) OVER is not supported: " + std::string(kOver));
  auto made = std::make_shared<OverSyntax>();
  if (window.contains("partitionClause")) {
    LT_ASSIGN_OR_RETURN(made->partition_by, expressions(window["partitionClause"]));
  }
  if (window.contains("orderClause")) {
    LT_ASSIGN_OR_RETURN(made->order_by, order_items(window["orderClause"]));
  }
  return std::shared_ptr<const OverSyntax>(std::move(made));
}

Status Reader::refuse_clauses(const json& node) const {
  for (const Clause& clause : kClauses) {
    if (!node.contains(clause.field)) continue;
    int at = std::max(0, first_place(node[clause.field]));
    for (const Token& token : tokens_of(text_.text())) {
      if (!is_word(token, clause.keyword)) continue;
      at = token.at;
      break;
    }
    return refuse(at, std::string(clause.what) + ": " + clause.instead);
  }
  return {};
}

Result<std::vector<NamedSelect>> Reader::with(const json& node) {
  std::vector<NamedSelect> all;
  for (const json& item : node.at("ctes")) {
    const json& cte = item.at("CommonTableExpr");
    const int at = place_of(cte);
    if (node.value("recursive", false)) return refuse(at, "WITH RECURSIVE is not supported");
    if (cte.contains("aliascolnames")) return refuse(at, "name the columns inside the query of WITH, with AS");
    if (!cte.at("ctequery").contains("SelectStmt")) return refuse(at, "only SELECT can stand in WITH");
    LT_ASSIGN_OR_RETURN(auto inner, select(cte["ctequery"]["SelectStmt"]));
    all.push_back({cte.value("ctename", ""), std::move(inner), at});
  }
  return all;
}

Result<FromSyntax> Reader::from(const json& node) {
  FromSyntax made;
  made.at = std::max(0, first_place(node));
  if (node.contains("RangeVar")) {
    const json& table = node["RangeVar"];
    made.at = place_of(table);
    if (table.contains("schemaname")) return refuse(made.at, "tables have no schema here; name the source alone, in \"…\" if it has a dot");
    made.table = table.value("relname", "");
    if (table.contains("alias")) made.alias = table["alias"].value("aliasname", "");
    return made;
  }
  if (node.contains("RangeSubselect")) {
    const json& inner = node["RangeSubselect"];
    if (!inner.at("subquery").contains("SelectStmt") || inner.value("lateral", false)) return refuse(made.at, "only a SELECT can stand in FROM");
    if (inner.contains("alias")) made.alias = inner["alias"].value("aliasname", "");
    LT_ASSIGN_OR_RETURN(made.subquery, select(inner["subquery"]["SelectStmt"]));
    return made;
  }
  if (node.contains("JoinExpr")) return join(node["JoinExpr"]);
  if (node.contains("RangeFunction")) return refuse(made.at, "functions in FROM are not supported yet; name a source");
  return refuse(made.at, "only tables, subqueries and joins can stand in FROM");
}

// a, b, c is (a CROSS JOIN b) CROSS JOIN c.
Result<FromSyntax> Reader::tables(const json& list) {
  LT_ASSIGN_OR_RETURN(FromSyntax all, from(list[0]));
  for (size_t i = 1; i < list.size(); ++i) {
    auto both = std::make_shared<JoinSyntax>();
    LT_ASSIGN_OR_RETURN(both->right, from(list[i]));
    both->kind = JoinSyntax::Kind::kCross;
    both->at = both->right.at;
    both->left = std::move(all);
    all = FromSyntax{{}, nullptr, std::move(both), {}, 0};
    all.at = all.join->left.at;
  }
  return all;
}

Result<FromSyntax> Reader::join(const json& node) {
  static const std::map<std::string_view, JoinSyntax::Kind> kKinds{{"JOIN_INNER", JoinSyntax::Kind::kInner},
                                                                   {"JOIN_LEFT", JoinSyntax::Kind::kLeft},
                                                                   {"JOIN_RIGHT", JoinSyntax::Kind::kRight},
                                                                   {"JOIN_FULL", JoinSyntax::Kind::kFull}};
  if (++depth_ > kDepthMax) return refuse(0, "the query is nested too deeply");
  auto both = std::make_shared<JoinSyntax>();
  LT_ASSIGN_OR_RETURN(both->left, from(node.at("larg")));
  LT_ASSIGN_OR_RETURN(both->right, from(node.at("rarg")));
  both->at = both->right.at;
  if (node.value("isNatural", false)) return refuse(both->at, "NATURAL JOIN would change its meaning with every new column: write USING (id)");
  if (node.contains("alias")) return refuse(both->at, "a join has no name of its own here: name its tables");
  both->kind = kKinds.at(node.value("jointype", "JOIN_INNER"));
  for (const json& name : node.value("usingClause", json::array())) both->using_columns.push_back(name.at("String").value("sval", ""));
  if (node.contains("quals")) {
    LT_ASSIGN_OR_RETURN(both->on, expression(node["quals"]));
  }
  if (!both->on && both->using_columns.empty()) both->kind = JoinSyntax::Kind::kCross;
  --depth_;
  FromSyntax made;
  made.at = both->left.at;
  made.join = std::move(both);
  return made;
}

Result<Syntax> Reader::expression(const json& wrapped) {
  static const std::map<std::string_view, Read> kReaders{
      {"A_ArrayExpr", &Reader::array},       {"A_Indirection", &Reader::subscript},
      {"ColumnRef", &Reader::column},        {"A_Const", &Reader::constant},         {"TypeCast", &Reader::cast},
      {"A_Expr", &Reader::operation},        {"BoolExpr", &Reader::junction},        {"NullTest", &Reader::null_test},
      {"BooleanTest", &Reader::boolean_test}, {"CaseExpr", &Reader::case_when},      {"CoalesceExpr", &Reader::coalesce},
      {"MinMaxExpr", &Reader::extreme},      {"FuncCall", &Reader::function},
      {"SubLink", &Reader::subquery},        {"SQLValueFunction", &Reader::value_function},
  };
  const std::string& name = wrapped.begin().key();
  const json& node = wrapped.begin().value();
  const auto reader = kReaders.find(name);
  if (reader == kReaders.end()) {
    const int at = std::max(0, first_place(node));
    const auto known = std::find_if(std::begin(kNodes), std::end(kNodes), [&](const auto& one) { return one.first == name; });
    return refuse(at, known == std::end(kNodes) ? "this expression (" + name + ") is not supported" : std::string(known->second));
  }
  if (++depth_ > kDepthMax) {
    return refuse(std::max(0, first_place(node)), "the expression is nested too deeply: split it over two SELECTs, one in FROM");
  }
  auto made = (this->*reader->second)(node);
  --depth_;
  return made;
}

Result<std::vector<Syntax>> Reader::expressions(const json& list) {
  std::vector<Syntax> all;
  for (const json& node : list) {
    LT_ASSIGN_OR_RETURN(Syntax made, expression(node));
    all.push_back(std::move(made));
  }
  return all;
}

Result<Syntax> Reader::column(const json& node) {
  Syntax made;
  made.kind = Kind::kColumn;
  made.at = place_of(node);
  for (const json& field : node.at("fields")) {
    if (field.contains("A_Star")) {
      made.kind = Kind::kStar;
    } else {
      made.parts.push_back(field.at("String").value("sval", ""));
    }
  }
  const size_t most = made.kind == Kind::kStar ? 1 : 2;
  if (made.parts.size() > most) return refuse(made.at, "a column is named by itself or with its table; a field of a struct is (s).field, or (t.s).field");
  return made;
}

// The library's tree leaves out integers below 0 as it does 0 itself; the text has them: signs, perhaps in parentheses, and digits.
std::string Reader::integer(const json& constant) const {
  if (constant["ival"].contains("ival")) return std::to_string(constant["ival"]["ival"].get<int>());
  bool negative = false;
  for (const Token& token : tokens_of(std::string_view(text_.text()).substr(static_cast<size_t>(place_of(constant))))) {
    if (token.kind == Token::Kind::kNumber) return (negative ? "-" : "") + std::string(token.text);
    if (token.text != "-" && token.text != "(") break;
    negative = negative != (token.text == "-");
  }
  return "0";
}

Result<Syntax> Reader::constant(const json& node) {
  Syntax made;
  made.at = place_of(node);
  if (node.value("isnull", false)) {
    made.kind = Kind::kNull;
  } else if (node.contains("ival")) {
    made.kind = Kind::kNumber;
    made.text = integer(node);
  } else if (node.contains("fval")) {
    made.kind = Kind::kNumber;
    made.text = node["fval"].value("fval", "0");
  } else if (node.contains("boolval")) {
    made.kind = Kind::kBoolean;
    made.text = node["boolval"].value("boolval", false) ? "true" : "false";
  } else if (node.contains("sval")) {
    made.kind = Kind::kText;
    made.text = node["sval"].value("sval", "");
  } else {
    return refuse(made.at, "bit strings are not supported; bytes are written decode('00ff', 'hex')");
  }
  return made;
}

Result<TypeSyntax> Reader::type(const json& node) const {
  TypeSyntax made;
  made.at = place_of(node);
  made.name = last_name(node.at("names"));
  if (node.value("setof", false)) return refuse(made.at, "SETOF is not supported");
  if (node.contains("arrayBounds")) {
    if (node["arrayBounds"].size() > 1) return refuse(made.at, "arrays have one dimension here: write type[]");
    made.array = true;
  }
  for (const json& modifier : node.value("typmods", json::array())) {
    if (!modifier.contains("A_Const") || !modifier["A_Const"].contains("ival")) return refuse(made.at, "a type's modifiers are plain numbers");
    made.modifiers.push_back(std::atoi(integer(modifier["A_Const"]).c_str()));
  }
  return made;
}

Result<Syntax> Reader::cast(const json& node) {
  Syntax made;
  made.kind = Kind::kCast;
  made.at = node.value("location", 0);
  made.try_cast = std::find(try_casts_.begin(), try_casts_.end(), made.at) != try_casts_.end();
  LT_ASSIGN_OR_RETURN(made.type, type(node.at("typeName")));
  LT_ASSIGN_OR_RETURN(Syntax arg, expression(node.at("arg")));
  if (made.at < 0) made.at = std::min(made.type.at, arg.at);
  made.args.push_back(std::move(arg));
  return made;
}

Result<Syntax> Reader::operation(const json& node) {
  static const std::map<std::string_view, std::string_view> kNames{
      {"AEXPR_DISTINCT", "IS DISTINCT FROM"}, {"AEXPR_NOT_DISTINCT", "IS NOT DISTINCT FROM"},
      {"AEXPR_NULLIF", "NULLIF"},             {"AEXPR_BETWEEN", "BETWEEN"},
      {"AEXPR_NOT_BETWEEN", "NOT BETWEEN"},   {"AEXPR_BETWEEN_SYM", "BETWEEN SYMMETRIC"},
      {"AEXPR_NOT_BETWEEN_SYM", "NOT BETWEEN SYMMETRIC"},
  };
  const std::string kind = node.value("kind", "AEXPR_OP");
  const int at = place_of(node);
  std::string name = last_name(node.at("name"));
  if (kind == "AEXPR_IN") {
    name = name == "=" ? "IN" : "NOT IN";
  } else if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE") {
    name = std::string(name.front() == '!' ? "NOT " : "") + (kind == "AEXPR_LIKE" ? "LIKE" : "ILIKE");
  } else if (const auto known = kNames.find(kind); known != kNames.end()) {
    name = known->second;
  } else if (kind == "AEXPR_OP_ANY" || kind == "AEXPR_OP_ALL") {
    name += kind == "AEXPR_OP_ANY" ? " ANY" : " ALL";
  }  // AEXPR_SIMILAR is ~ with similar_to_escape() at its right
  std::vector<Syntax> args;
  for (const char* side : {"lexpr", "rexpr"}) {
    if (!node.contains(side)) continue;
    if (node[side].contains("List")) {
      LT_ASSIGN_OR_RETURN(std::vector<Syntax> items, expressions(node[side]["List"].at("items")));
      std::move(items.begin(), items.end(), std::back_inserter(args));
    } else {
      LT_ASSIGN_OR_RETURN(Syntax arg, expression(node[side]));
      args.push_back(std::move(arg));
    }
  }
  return call(std::move(name), at, std::move(args));
}

Result<Syntax> Reader::junction(const json& node) {
  const std::string op = node.value("boolop", "AND_EXPR");
  return special(node, op == "AND_EXPR" ? "AND" : op == "OR_EXPR" ? "OR" : "NOT");
}

Result<Syntax> Reader::subquery(const json& node) {
  const std::string kind = node.value("subLinkType", "");
  const int at = place_of(node);
  const std::string compares = node.contains("operName") ? last_name(node["operName"]) : "=";
  const bool in = kind == "ANY_SUBLINK" && compares == "=", not_in = kind == "ALL_SUBLINK" && compares == "<>";
  if (kind != "EXISTS_SUBLINK" && !in && !not_in) {
    return refuse(at, "a subquery inside an expression is EXISTS (SELECT …) or x IN (SELECT …); for a value, join with the table: LEFT JOIN t ON …");
  }
  Syntax made;
  made.kind = Kind::kSubquery;
  made.at = at;
  made.text = kind == "EXISTS_SUBLINK" ? "EXISTS" : "IN";
  if (node.contains("testexpr")) {
    LT_ASSIGN_OR_RETURN(Syntax wanted, expression(node["testexpr"]));
    made.args.push_back(std::move(wanted));
  }
  LT_ASSIGN_OR_RETURN(made.subquery, select(node.at("subselect").at("SelectStmt")));
  return not_in ? call("NOT", at, {std::move(made)}) : made;
}

Result<Syntax> Reader::special(const json& node, std::string name) {
  LT_ASSIGN_OR_RETURN(std::vector<Syntax> args, expressions(node.at("args")));
  return call(std::move(name), place_of(node), std::move(args));
}

Result<Syntax> Reader::null_test(const json& node) {
  LT_ASSIGN_OR_RETURN(Syntax arg, expression(node.at("arg")));
  return call(node.value("nulltesttype", "IS_NULL") == "IS_NULL" ? "IS NULL" : "IS NOT NULL", place_of(node), {std::move(arg)});
}

Result<Syntax> Reader::boolean_test(const json& node) {
  LT_ASSIGN_OR_RETURN(Syntax arg, expression(node.at("arg")));
  std::string name = node.value("booltesttype", "IS_TRUE");
  std::replace(name.begin(), name.end(), '_', ' ');
  return call(std::move(name), place_of(node), {std::move(arg)});
}

Result<Syntax> Reader::array(const json& node) {
  std::vector<Syntax> elements;
  if (node.contains("elements")) {
    LT_ASSIGN_OR_RETURN(elements, expressions(node["elements"]));
  }
  return call("ARRAY", place_of(node), std::move(elements));
}

Result<Syntax> Reader::subscript(const json& node) {
  LT_ASSIGN_OR_RETURN(Syntax made, expression(node.at("arg")));
  for (const json& step : node.at("indirection")) {
    if (step.contains("String")) {
      Syntax field;
      field.kind = Kind::kText;
      field.at = made.at;
      field.text = last_name(json::array({step}));
      made = call(".", made.at, {std::move(made), std::move(field)});
      continue;
    }
    if (!step.contains("A_Indices")) return refuse(made.at, "(s).* is not supported: name the fields, (s).field");
    const json& indices = step["A_Indices"];
    if (indices.value("is_slice", false)) return refuse(made.at, "slices of arrays are not supported; an element is a[1]");
    LT_ASSIGN_OR_RETURN(Syntax index, expression(indices.at("uidx")));
    const int at = made.at;
    std::vector<Syntax> args;
    args.push_back(std::move(made));
    args.push_back(std::move(index));
    made = call("[]", at, std::move(args));
  }
  return made;
}

Result<Syntax> Reader::case_when(const json& node) {
  std::vector<Syntax> args(1);
  if (node.contains("arg")) {
    LT_ASSIGN_OR_RETURN(args[0], expression(node["arg"]));
  }
  for (const json& item : node.at("args")) {
    const json& when = item.at("CaseWhen");
    LT_ASSIGN_OR_RETURN(Syntax condition, expression(when.at("expr")));
    LT_ASSIGN_OR_RETURN(Syntax value, expression(when.at("result")));
    args.push_back(std::move(condition));
    args.push_back(std::move(value));
  }
  Syntax rest;
  rest.kind = Kind::kNull;
  rest.at = place_of(node);
  if (node.contains("defresult")) {
    LT_ASSIGN_OR_RETURN(rest, expression(node["defresult"]));
  }
  args.push_back(std::move(rest));
  return call("CASE", place_of(node), std::move(args));
}

Result<Syntax> Reader::function(const json& node) {
  const std::string name = last_name(node.at("funcname"));
  const int at = place_of(node);
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != name.npos) return refuse(at, "there is no function \"" + name + "\": write it without double quotes");
  if (node.contains("agg_within_group")) return refuse(at, "WITHIN GROUP is not supported; write percentile(x, 0.5)");
  if (node.contains("agg_order")) {
    return refuse(at, "ORDER BY inside " + name + " is not supported: its rows come in the order of topic, partition and offset");
  }
  if (node.value("func_variadic", false)) return refuse(at, "VARIADIC is not supported");
  std::vector<Syntax> args;
  if (node.contains("args")) {
    LT_ASSIGN_OR_RETURN(args, expressions(node["args"]));
  }
  Syntax made = call(name, at, std::move(args));
  if (name == "random" || name == "gen_random_uuid") made.number = ++random_calls_;
  made.star = node.value("agg_star", false);
  made.distinct = node.value("agg_distinct", false);
  if (node.contains("over")) {
    LT_ASSIGN_OR_RETURN(made.over, over(node, name, at));
  }
  if (node.contains("agg_filter")) {
    LT_ASSIGN_OR_RETURN(Syntax filter, expression(node["agg_filter"]));
    made.filter = std::make_shared<const Syntax>(std::move(filter));
  }
  return made;
}

}  // namespace

Result<std::shared_ptr<const SelectSyntax>> read_select(const json& select, const QueryText& text, const std::vector<int>& try_casts) {
  return Reader(text, try_casts).select(select);
}

}  // namespace laketide::sql
