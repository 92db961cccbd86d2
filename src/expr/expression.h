// Bound expressions: what a query computes, with every name, type and function decided.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/type.h"
#include "laketide/status.h"

namespace laketide::expr {

struct Expression;
struct Function;
using ExprPtr = std::shared_ptr<const Expression>;

/// Where in the query's text, from 1; line 0: nowhere.
struct Place {
  int line = 0;
  int column = 0;
};

/// A node: a column of the batch, a constant, or a call. Nodes may be shared by several parents; a node marked `shared` is
/// evaluated once a batch. Made by the functions below, owned by its parents, the same for all lanes. Immutable.
struct Expression {
  enum class Kind { kColumn, kConstant, kCall };
  Kind kind = Kind::kConstant;
  Type type;
  Place place;
  bool nullable = true;
  bool shared = false;
  std::string name;                         // kColumn
  int slot = -1;                            // kColumn: position in the batch, once resolved
  std::shared_ptr<arrow::ArrayData> value;  // kConstant: one value
  const Function* function = nullptr;       // kCall
  std::vector<ExprPtr> args;                // kCall
};

ExprPtr column(std::string name, Type type, bool nullable, Place place = {});
/// A NULL of `type`.
ExprPtr null_constant(Type type, Place place = {});
/// A constant from its one value in Arrow's layout for `type`.
ExprPtr constant(Type type, std::shared_ptr<arrow::ArrayData> value, Place place = {});
ExprPtr text_constant(std::string_view text, TypeId type, Place place = {});
ExprPtr bool_constant(bool value, Place place = {});
ExprPtr bigint_constant(int64_t value, Place place = {});
ExprPtr call(const Function& function, Type type, std::vector<ExprPtr> args, Place place = {});
/// The same node, marked as evaluated once a batch.
ExprPtr share(const ExprPtr& node);

bool is_null_constant(const Expression& node);
/// The text of a constant whose type is held as bytes, not NULL.
std::string_view constant_text(const Expression& node);
/// Some call below it, or the node itself, has another value in another epoch.
bool is_of_epoch(const Expression& node);
/// Some row may have no value: the plan then asks for the columns that say where a row came from.
bool can_fail(const Expression& node);
/// The names of the columns below it.
void collect_columns(const Expression& node, std::set<std::string>& names);

/// The tree with every column's position in `input`; the first field of a name counts. Fails `kInternal` for a name that is
/// not there.
Result<ExprPtr> resolve(const ExprPtr& node, const arrow::Schema& input);

/// SQL text of the same meaning, for plans and for the reason of a refused row.
std::string print(const Expression& node);

}  // namespace laketide::expr
