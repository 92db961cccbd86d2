// A query as it was written, reduced to what this version can mean. Places are bytes from 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace laketide::sql {

/// A type as written. Immutable.
struct TypeSyntax {
  std::string name;
  std::vector<int> modifiers;
  bool array = false;  // type[]
  int at = 0;
};

struct SelectSyntax;

/// An expression. Operators and special forms are calls by their SQL name ("+", "AND", "IS NULL", "NOT IN", "COALESCE"); CASE is a
/// call "CASE" (operand or kNone, then condition, value…, else). Immutable.
struct Syntax {
  enum class Kind { kNone, kColumn, kStar, kNull, kBoolean, kNumber, kText, kCall, kCast, kSubquery };
  Kind kind = Kind::kNone;
  int at = 0;
  std::string text;                // kCall: name; kNumber, kText: value; kBoolean: "true" or "false"; kSubquery: EXISTS or IN
  std::vector<std::string> parts;  // kColumn: name, or table and name; kStar: table, if given
  std::vector<Syntax> args;        // kCall; kCast: one; kSubquery: what is looked for, with IN
  TypeSyntax type;                 // kCast
  bool try_cast = false;           // kCast
  bool distinct = false;           // kCall: count(DISTINCT x)
  bool star = false;               // kCall: count(*)
  int number = 0;                  // kCall: of random() and gen_random_uuid(), which one in the query it is, from 1
  std::shared_ptr<const Syntax> filter;  // kCall: FILTER (WHERE …); null: none
  std::shared_ptr<const SelectSyntax> subquery;  // kSubquery
  std::shared_ptr<const struct OverSyntax> over;  // kCall: row_number() OVER (…); null: none
};

/// One item of ORDER BY. Immutable.
struct OrderSyntax {
  Syntax value;
  bool descending = false;
  bool nulls_first = false;
};

/// PARTITION BY … ORDER BY … of a window function. Immutable.
struct OverSyntax {
  std::vector<Syntax> partition_by;
  std::vector<OrderSyntax> order_by;
};

/// Whether both say the same, wherever they stand. `same_column` is asked about two columns.
bool same(const Syntax& left, const Syntax& right, const std::function<bool(const Syntax&, const Syntax&)>& same_column);

struct SelectItem {
  Syntax value;
  std::string alias;
};

struct JoinSyntax;

/// What a query reads: a named table, a subquery, or a join of two. Immutable.
struct FromSyntax {
  std::string table;
  std::shared_ptr<const SelectSyntax> subquery;
  std::shared_ptr<const JoinSyntax> join;
  std::string alias;
  int at = 0;
};

/// A comma between tables is a join kCross. Immutable.
struct JoinSyntax {
  enum class Kind { kInner, kLeft, kRight, kFull, kCross };
  Kind kind = Kind::kInner;
  FromSyntax left, right;
  std::optional<Syntax> on;
  std::vector<std::string> using_columns;
  int at = 0;
};

struct NamedSelect {
  std::string name;
  std::shared_ptr<const SelectSyntax> select;
  int at = 0;
};

/// One SELECT, or several put together by UNION ALL (`distinct`: by UNION), which has only `with`, ORDER BY and LIMIT besides.
/// Immutable.
struct SelectSyntax {
  std::vector<NamedSelect> with;
  std::vector<std::shared_ptr<const SelectSyntax>> union_of;
  std::vector<SelectItem> items;
  FromSyntax from;
  std::optional<Syntax> where;
  std::vector<Syntax> group_by;
  std::optional<Syntax> having;
  bool distinct = false;
  std::vector<Syntax> distinct_on;
  std::vector<OrderSyntax> order_by;
  std::optional<int64_t> limit;
  int64_t offset = 0;
  bool unnamed = false;  // another SELECT, the first of its UNION, names its columns
  int at = 0;
};

}  // namespace laketide::sql
