#include "expr/expression.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "expr/function.h"

namespace laketide::expr {
namespace {

std::shared_ptr<arrow::Buffer> bytes_of(const void* data, size_t size) {
  return arrow::Buffer::FromString(std::string(static_cast<const char*>(data), size));
}

std::shared_ptr<Expression> node(Expression::Kind kind, Type type, Place place) {
  auto made = std::make_shared<Expression>();
  made->kind = kind;
  made->type = std::move(type);
  made->place = place;
  return made;
}

/// Rebuilds a tree with positions, keeping shared nodes shared. Confined to its task.
class Resolver {
 public:
  explicit Resolver(const arrow::Schema& input) : input_(input) {}

  Result<ExprPtr> resolve(const ExprPtr& node) {
    if (node->kind == Expression::Kind::kConstant) return node;
    if (const auto known = done_.find(node.get()); known != done_.end()) return known->second;
    auto copy = std::make_shared<Expression>(*node);
    if (node->kind == Expression::Kind::kColumn) {
      const auto places = input_.GetAllFieldIndices(node->name);
      if (places.empty()) return Status::internal("column_missing", "the plan names a column that the batch does not have: " + node->name);
      copy->slot = *std::min_element(places.begin(), places.end());
    }
    for (ExprPtr& arg : copy->args) {
      LT_ASSIGN_OR_RETURN(arg, resolve(arg));
    }
    done_.emplace(node.get(), copy);
    return ExprPtr(copy);
  }

 private:
  const arrow::Schema& input_;
  std::map<const Expression*, ExprPtr> done_;
};

}  // namespace

ExprPtr column(std::string name, Type type, bool nullable, Place place) {
  auto made = node(Expression::Kind::kColumn, std::move(type), place);
  made->name = std::move(name);
  made->nullable = nullable;
  return made;
}

ExprPtr constant(Type type, std::shared_ptr<arrow::ArrayData> value, Place place) {
  auto made = node(Expression::Kind::kConstant, std::move(type), place);
  made->nullable = value->GetNullCount() > 0;
  made->value = std::move(value);
  return made;
}

ExprPtr null_constant(Type type, Place place) {
  if (type.id == TypeId::kArray) {
    const std::array<int32_t, 2> offsets{};
    const auto empty = std::make_shared<arrow::ArrayData>(*null_constant(*type.element)->value);
    empty->length = empty->null_count = 0;
    const uint8_t invalid = 0;
    auto value = arrow::ArrayData::Make(type.arrow(), 1, {bytes_of(&invalid, 1), bytes_of(offsets.data(), sizeof(offsets))}, {empty}, 1);
    return constant(std::move(type), std::move(value), place);
  }
  const uint8_t zeros[16] = {};
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{bytes_of(zeros, 1), bytes_of(zeros, 16)};
  if (is_bytes(type.id)) buffers.push_back(bytes_of(zeros, 1));
  auto value = arrow::ArrayData::Make(type.arrow(), 1, std::move(buffers), 1);
  return constant(std::move(type), std::move(value), place);
}

ExprPtr text_constant(std::string_view text, TypeId type, Place place) {
  const std::array<int32_t, 2> offsets{0, static_cast<int32_t>(text.size())};
  auto value = arrow::ArrayData::Make(Type(type).arrow(), 1,
                                      {nullptr, bytes_of(offsets.data(), sizeof(offsets)), bytes_of(text.data(), text.size())}, 0);
  return constant(type, std::move(value), place);
}

ExprPtr bool_constant(bool value, Place place) {
  const uint8_t bits = value ? 1 : 0;
  return constant(TypeId::kBoolean, arrow::ArrayData::Make(arrow::boolean(), 1, {nullptr, bytes_of(&bits, 1)}, 0), place);
}

ExprPtr bigint_constant(int64_t value, Place place) {
  return constant(TypeId::kBigint, arrow::ArrayData::Make(arrow::int64(), 1, {nullptr, bytes_of(&value, sizeof(value))}, 0), place);
}

ExprPtr call(const Function& function, Type type, std::vector<ExprPtr> args, Place place) {
  auto made = node(Expression::Kind::kCall, std::move(type), place);
  made->function = &function;
  // A strict function gives NULL only for a NULL.
  made->nullable = function.special || function.nullable || std::any_of(args.begin(), args.end(), [](const ExprPtr& arg) { return arg->nullable; });
  made->args = std::move(args);
  return made;
}

ExprPtr share(const ExprPtr& node) {
  if (node->kind != Expression::Kind::kCall || node->shared) return node;
  auto copy = std::make_shared<Expression>(*node);
  copy->shared = true;
  return copy;
}

bool is_null_constant(const Expression& node) {
  return node.kind == Expression::Kind::kConstant && node.value->GetNullCount() > 0;
}

std::string_view constant_text(const Expression& node) {
  const auto* offsets = node.value->GetValues<int32_t>(1);
  const auto* bytes = reinterpret_cast<const char*>(node.value->buffers[2]->data());
  return {bytes + offsets[0], static_cast<size_t>(offsets[1] - offsets[0])};
}

bool is_of_epoch(const Expression& node) {
  if (node.kind == Expression::Kind::kCall && node.function->of_epoch) return true;
  return std::any_of(node.args.begin(), node.args.end(), [](const ExprPtr& arg) { return is_of_epoch(*arg); });
}

bool can_fail(const Expression& node) {
  if (node.kind == Expression::Kind::kCall && node.function->can_fail) return true;
  for (const ExprPtr& arg : node.args) {
    if (can_fail(*arg)) return true;
  }
  return false;
}

void collect_columns(const Expression& node, std::set<std::string>& names) {
  if (node.kind == Expression::Kind::kColumn) names.insert(node.name);
  for (const ExprPtr& arg : node.args) collect_columns(*arg, names);
}

Result<ExprPtr> resolve(const ExprPtr& node, const arrow::Schema& input) { return Resolver(input).resolve(node); }

}  // namespace laketide::expr
