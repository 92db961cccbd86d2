// Expressions as SQL text.
#include <algorithm>
#include <cctype>

#include <arrow/array/data.h>

#include "expr/cast.h"
#include "expr/evaluate.h"
#include "expr/expression.h"
#include "expr/function.h"

namespace laketide::expr {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    out += c;
    if (c == quote) out += c;
  }
  return out + quote;
}

std::string identifier(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  const bool bare = !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::all_of(name.begin(), name.end(), plain);
  return bare ? std::string(name) : quoted(name, '"');
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "'\\x";
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text + "'";
}

std::string constant_sql(const Expression& node) {
  if (is_null_constant(node)) return "NULL";
  if (node.type.id == TypeId::kText || node.type.id == TypeId::kUnknown) return quoted(constant_text(node), '\'');
  if (node.type.id == TypeId::kBytea) return "bytea " + hex(constant_text(node));
  const Function* conversion = find_cast(node.type.id, TypeId::kText);
  if (conversion == nullptr) return node.type.name() + " " + quoted(is_bytes(node.type.id) ? constant_text(node) : "?", '\'');
  const ExprPtr self = constant(node.type, node.value);
  const auto text = fold(call(*conversion, TypeId::kText, {self}));
  if (!text.ok()) return "?";
  const std::string shown(constant_text(**text));
  const bool bare = node.type.id == TypeId::kBoolean || (is_number(node.type.id) && std::isdigit(static_cast<unsigned char>(shown.back())));
  return bare ? shown : node.type.name() + " " + quoted(shown, '\'');
}

// Around what binds less than its neighbour might: anything but a name, a constant or something in parentheses already.
std::string operand(const Expression& node) {
  const bool closed = node.kind != Expression::Kind::kCall || node.function->style == Function::Style::kCall ||
                      node.function->style == Function::Style::kCast || node.function->style == Function::Style::kCase;
  return closed ? print(node) : "(" + print(node) + ")";
}

std::string joined(const Expression& node, size_t first, std::string_view between) {
  std::string text;
  for (size_t i = first; i < node.args.size(); ++i) {
    text += (i > first ? std::string(between) : "") + (between == ", " ? print(*node.args[i]) : operand(*node.args[i]));
  }
  return text;
}

std::string case_sql(const Expression& node) {
  std::string text = "CASE";
  for (size_t i = 0; i + 1 < node.args.size(); i += 2) text += " WHEN " + print(*node.args[i]) + " THEN " + print(*node.args[i + 1]);
  if (!is_null_constant(*node.args.back())) text += " ELSE " + print(*node.args.back());
  return text + " END";
}

std::string cast_sql(const Expression& node) {
  if (node.function->name != "TRY_CAST") return "CAST(" + print(*node.args[0]) + " AS " + node.type.name() + ")";
  const Expression& below = *node.args[0];
  return "TRY_CAST(" + print(below.args.empty() ? below : *below.args[0]) + " AS " + node.type.name() + ")";
}

std::string call_sql(const Expression& node) {
  const std::string name(node.function->name);
  if (node.function->of_place) return name + "()";
  if (name == "NULLIF") return "NULLIF(" + print(*node.args[1]) + ", " + print(*node.args[0]->args[1]) + ")";
  if (name == "[]") return operand(*node.args[0]) + "[" + print(*node.args[1]) + "]";
  if (name == ".") return "(" + print(*node.args[0]) + ")." + identifier(constant_text(*node.args[1]));
  if (name == "ARRAY") return "ARRAY[" + joined(node, 0, ", ") + "]";
  if (name.ends_with(" ANY") || name.ends_with(" ALL")) return operand(*node.args[0]) + " " + name + " (" + print(*node.args[1]) + ")";
  const bool compares = name == "GREATEST" || name == "LEAST";
  return name + "(" + joined(node, compares ? 1 : 0, ", ") + ")";
}

}  // namespace

std::string print(const Expression& node) {
  if (node.kind == Expression::Kind::kColumn) return identifier(node.name);
  if (node.kind == Expression::Kind::kConstant) return constant_sql(node);
  const std::string name(node.function->name);
  switch (node.function->style) {
    case Function::Style::kCall: return call_sql(node);
    case Function::Style::kInfix: return joined(node, 0, " " + name + " ");
    case Function::Style::kPrefix: return name + (name == "-" ? "" : " ") + operand(*node.args[0]);
    case Function::Style::kPostfix:
      if (node.args.size() == 3) return operand(*node.args[1]) + " " + name + " " + operand(*node.args[2]);
      return operand(*node.args[0]) + " " + name;
    case Function::Style::kCast: return cast_sql(node);
    case Function::Style::kCase: return case_sql(node);
  }
  return name;
}

}  // namespace laketide::expr
