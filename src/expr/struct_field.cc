#include "expr/struct_field.h"

#include <string>

#include <arrow/array/data.h>
#include <arrow/type.h>

#include "expr/function.h"
#include "expr/rows.h"

namespace laketide::expr {
namespace {

// (struct, name of the field, which is a constant)
arrow::Status take_field(const Call& call, std::span<const Column> args, Column& out) {
  const arrow::ArrayData& whole = *args[0].data;
  const int index = static_cast<const arrow::StructType&>(*whole.type).GetFieldIndex(std::string(constant_text(*call.node.args[1])));
  const auto field = whole.child_data[static_cast<size_t>(index)]->Slice(whole.offset, whole.length);
  out.type = call.node.type;
  out.constant = args[0].constant;
  out.errors = args[0].errors;
  out.data = field->Copy();
  if (!whole.MayHaveNulls() || !whole.buffers[0]) return arrow::Status::OK();
  const Column both[] = {{out.type, field, false, {}}, {args[0].type, args[0].data, false, {}}};
  const Call of_rows{call.node, whole.length, call.memory};
  ARROW_ASSIGN_OR_RAISE(const auto valid, valid_in_all(of_rows, both));
  // The bits count from the first value of the batch, the field's own buffers from their beginning.
  ARROW_ASSIGN_OR_RAISE(auto shifted, arrow::AllocateBitmap(field->offset + whole.length, call.memory));
  std::memset(shifted->mutable_data(), 0, static_cast<size_t>(shifted->size()));
  for (int64_t row = 0; row < whole.length; ++row) arrow::bit_util::SetBitTo(shifted->mutable_data(), field->offset + row, !valid || arrow::bit_util::GetBit(valid->data(), row));
  out.data->buffers[0] = std::move(shifted);
  out.data->null_count = arrow::kUnknownNullCount;
  return arrow::Status::OK();
}

std::string fields_of(const arrow::DataType& type) {
  std::string names;
  for (const auto& field : type.fields()) names += (names.empty() ? "" : ", ") + field->name();
  return names;
}

}  // namespace

Result<ExprPtr> field_of(ExprPtr value, std::string_view name, Place place) {
  const auto& type = value->type.other;
  if (value->type.id != TypeId::kOther || !type || type->id() != arrow::Type::STRUCT) {
    const std::string hint = value->type.id == TypeId::kJsonb ? ": of jsonb write x ->> '" + std::string(name) + "'" : ": a column of a table is t.column, without parentheses";
    return Status::user("sql_type", "a field is read out of a struct, and this is " + value->type.name() + hint);
  }
  const auto field = static_cast<const arrow::StructType&>(*type).GetFieldByName(std::string(name));
  if (!field) return Status::user("sql_unknown_column", "the struct has no field '" + std::string(name) + "'; there is: " + fields_of(*type));
  const ExprPtr made = call(special_function("."), Type::of(*field), {value, text_constant(name, TypeId::kText, place)}, place);
  auto nullable = std::make_shared<Expression>(*made);
  nullable->nullable = value->nullable || field->nullable();
  return ExprPtr(std::move(nullable));
}

std::vector<Function> struct_functions() {
  return {{".", {}, TypeId::kUnknown, &take_field, false, nullptr, Function::Style::kCall, true, true}};
}

}  // namespace laketide::expr
