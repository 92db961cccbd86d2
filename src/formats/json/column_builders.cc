#include "formats/json/column_builders.h"

#include <arrow/array/array_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "flow/arrow_status.h"

namespace laketide::json {
namespace {

// Room for rows was made; bytes are checked for.
arrow::Status append_bytes(arrow::BinaryBuilder& builder, std::string_view bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (builder.value_data_capacity() - builder.value_data_length() < size) ARROW_RETURN_NOT_OK(builder.ReserveData(size));
  builder.UnsafeAppend(bytes.data(), static_cast<int32_t>(size));
  return arrow::Status::OK();
}

template <typename Builder, typename Value>
arrow::Status append_fixed(arrow::ArrayBuilder& builder, Value value) {
  static_cast<Builder&>(builder).UnsafeAppend(value);
  return arrow::Status::OK();
}

void append_null(ColumnKind kind, arrow::ArrayBuilder& builder) {
  switch (kind) {
    case ColumnKind::kBoolean: return static_cast<arrow::BooleanBuilder&>(builder).UnsafeAppendNull();
    case ColumnKind::kSmallint: return static_cast<arrow::Int16Builder&>(builder).UnsafeAppendNull();
    case ColumnKind::kInt: return static_cast<arrow::Int32Builder&>(builder).UnsafeAppendNull();
    case ColumnKind::kBigint: return static_cast<arrow::Int64Builder&>(builder).UnsafeAppendNull();
    case ColumnKind::kReal: return static_cast<arrow::FloatBuilder&>(builder).UnsafeAppendNull();
    case ColumnKind::kDouble: return static_cast<arrow::DoubleBuilder&>(builder).UnsafeAppendNull();
    case ColumnKind::kDate: return static_cast<arrow::Date32Builder&>(builder).UnsafeAppendNull();
    case ColumnKind::kTime: return static_cast<arrow::Time64Builder&>(builder).UnsafeAppendNull();
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestamptz: return static_cast<arrow::TimestampBuilder&>(builder).UnsafeAppendNull();
    case ColumnKind::kNumeric: return static_cast<arrow::Decimal128Builder&>(builder).UnsafeAppendNull();
    default: return static_cast<arrow::BinaryBuilder&>(builder).UnsafeAppendNull();
  }
}

arrow::Status append_set(ColumnKind kind, arrow::ArrayBuilder& builder, const Cell& cell) {
  switch (kind) {
    case ColumnKind::kBoolean: return append_fixed<arrow::BooleanBuilder>(builder, cell.integer != 0);
    case ColumnKind::kSmallint: return append_fixed<arrow::Int16Builder>(builder, static_cast<int16_t>(cell.integer));
    case ColumnKind::kInt: return append_fixed<arrow::Int32Builder>(builder, static_cast<int32_t>(cell.integer));
    case ColumnKind::kBigint: return append_fixed<arrow::Int64Builder>(builder, cell.integer);
    case ColumnKind::kReal: return append_fixed<arrow::FloatBuilder>(builder, static_cast<float>(cell.real));
    case ColumnKind::kDouble: return append_fixed<arrow::DoubleBuilder>(builder, cell.real);
    case ColumnKind::kDate: return append_fixed<arrow::Date32Builder>(builder, static_cast<int32_t>(cell.integer));
    case ColumnKind::kTime: return append_fixed<arrow::Time64Builder>(builder, cell.integer);
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestamptz: return append_fixed<arrow::TimestampBuilder>(builder, cell.integer);
    case ColumnKind::kNumeric:
      return append_fixed<arrow::Decimal128Builder>(builder, arrow::Decimal128(cell.decimal.high, cell.decimal.low));
    default: return append_bytes(static_cast<arrow::BinaryBuilder&>(builder), cell.bytes.view());
  }
}

// Room for `count` values, so that scalars need not ask for it.
arrow::Status reserve(const Column& column, arrow::ArrayBuilder& builder, int64_t count) {
  ARROW_RETURN_NOT_OK(builder.Reserve(count));
  for (size_t i = 0; column.kind == ColumnKind::kStruct && i < column.inner.size(); ++i) {
    ARROW_RETURN_NOT_OK(reserve(column.inner[i], *builder.child(static_cast<int>(i)), count));
  }
  return arrow::Status::OK();
}

arrow::Status append_cell(const Column& column, arrow::ArrayBuilder& builder, const Cell& cell, const std::vector<Cell>& elements);

arrow::Status append_list(const Column& element, arrow::ListBuilder& list, const Cell& cell, const std::vector<Cell>& elements) {
  if (!cell.is_set) return list.AppendNull();
  ARROW_RETURN_NOT_OK(list.Append());
  ARROW_RETURN_NOT_OK(reserve(element, *list.value_builder(), cell.elements.count));
  for (uint32_t i = 0; i < cell.elements.count; ++i) {
    ARROW_RETURN_NOT_OK(append_cell(element, *list.value_builder(), elements[cell.elements.first + i], elements));
  }
  return arrow::Status::OK();
}

arrow::Status append_struct(const std::vector<Column>& members, arrow::StructBuilder& whole, const Cell& cell, const std::vector<Cell>& elements) {
  if (!cell.is_set) return whole.AppendNull();
  ARROW_RETURN_NOT_OK(whole.Append());
  for (size_t i = 0; i < members.size(); ++i) {
    ARROW_RETURN_NOT_OK(append_cell(members[i], *whole.child(static_cast<int>(i)), elements[cell.elements.first + i], elements));
  }
  return arrow::Status::OK();
}

arrow::Status append_cell(const Column& column, arrow::ArrayBuilder& builder, const Cell& cell, const std::vector<Cell>& elements) {
  if (column.kind == ColumnKind::kList) return append_list(column.inner[0], static_cast<arrow::ListBuilder&>(builder), cell, elements);
  if (column.kind == ColumnKind::kStruct) return append_struct(column.inner, static_cast<arrow::StructBuilder&>(builder), cell, elements);
  if (cell.is_set) return append_set(column.kind, builder, cell);
  append_null(column.kind, builder);
  return arrow::Status::OK();
}

}  // namespace

/// Confined to its task.
struct ColumnBuilders::State {
  /// One of the two.
  struct Target {
    std::unique_ptr<PlainColumn> plain;
    std::unique_ptr<arrow::ArrayBuilder> builder;
  };

  const std::vector<Column>& columns;
  std::vector<Target> targets;
  arrow::Status failed;
};

ColumnBuilders::ColumnBuilders(const Schema& schema, const std::vector<Column>& columns, arrow::MemoryPool* memory)
    : state_(new State{columns, {}, arrow::Status::OK()}) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& type = schema->field(static_cast<int>(i))->type();
    State::Target& target = state_->targets.emplace_back();
    if (PlainColumn::holds(columns[i].kind)) {
      target.plain = std::make_unique<PlainColumn>(columns[i].kind, type, memory);
    } else {
      state_->failed &= arrow::MakeBuilder(memory, type, &target.builder);
    }
  }
}

ColumnBuilders::~ColumnBuilders() = default;

std::vector<PlainColumn*> ColumnBuilders::plain_columns() const {
  std::vector<PlainColumn*> all;
  for (const auto& target : state_->targets) {
    if (!target.plain) return {};
    all.push_back(target.plain.get());
  }
  return all;
}

Status ColumnBuilders::begin(int64_t rows) {
  rows_ = 0;
  LT_RETURN_IF_ERROR(from_arrow(state_->failed));
  for (size_t i = 0; i < state_->targets.size(); ++i) {
    const State::Target& target = state_->targets[i];
    LT_RETURN_IF_ERROR(from_arrow(target.plain ? target.plain->begin(rows) : reserve(state_->columns[i], *target.builder, rows)));
  }
  return {};
}

Status ColumnBuilders::append(std::span<const Cell> cells, const std::vector<Cell>& elements) {
  for (size_t i = 0; i < cells.size(); ++i) {
    const State::Target& target = state_->targets[i];
    if (target.plain) {
      if (!target.plain->set(rows_, cells[i])) return from_arrow(target.plain->failure());
      continue;
    }
    const arrow::Status done = append_cell(state_->columns[i], *target.builder, cells[i], elements);
    if (!done.ok()) return from_arrow(done);
  }
  ++rows_;
  return {};
}

Result<std::vector<std::shared_ptr<arrow::Array>>> ColumnBuilders::finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (auto& target : state_->targets) {
    auto finished = target.plain ? target.plain->finish(rows_) : target.builder->Finish();
    LT_RETURN_IF_ERROR(from_arrow(finished.status()));
    arrays.push_back(std::move(finished).ValueUnsafe());
  }
  return arrays;
}

}  // namespace laketide::json
