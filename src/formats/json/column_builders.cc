#include "formats/json/column_builders.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <arrow/array/array_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
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

/// What a column's values are in memory; kBuilt: an Arrow builder knows.
enum class Layout : uint8_t { kBuilt, kTwoBytes, kFourBytes, kSingle, kEightBytes, kText };

Layout layout_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kSmallint: return Layout::kTwoBytes;
    case ColumnKind::kInt:
    case ColumnKind::kDate: return Layout::kFourBytes;
    case ColumnKind::kReal: return Layout::kSingle;
    case ColumnKind::kBigint:
    case ColumnKind::kDouble:
    case ColumnKind::kTime:
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestamptz: return Layout::kEightBytes;
    case ColumnKind::kBoolean:
    case ColumnKind::kNumeric:
    case ColumnKind::kList:
    case ColumnKind::kStruct: return Layout::kBuilt;
    default: return Layout::kText;
  }
}

/// A column in plain memory, where a value is one store: a builder's bookkeeping per value costs as much as reading the value. No bitmap
/// until there is a NULL. Confined to its task.
class PlainColumn {
 public:
  PlainColumn(Layout layout, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* memory)
      : layout_(layout), type_(std::move(type)), memory_(memory) {}

  arrow::Status begin(int64_t rows) {
    rows_ = nulls_ = size_ = 0;
    rows_max_ = rows;
    validity_.reset();
    const int64_t fixed = layout_ == Layout::kText ? (rows + 1) * int64_t{sizeof(int32_t)} : rows * width();
    ARROW_ASSIGN_OR_RAISE(fixed_, arrow::AllocateResizableBuffer(fixed, memory_));
    at_ = reinterpret_cast<char*>(fixed_->mutable_data());
    if (layout_ != Layout::kText) return arrow::Status::OK();
    put<int32_t>(0);
    ARROW_ASSIGN_OR_RAISE(text_, arrow::AllocateResizableBuffer(text_expected_, memory_));
    text_at_ = reinterpret_cast<char*>(text_->mutable_data());
    return arrow::Status::OK();
  }

  /// False: see failure().
  bool append(const Cell& cell) {
    if (!cell.is_set && !note_null()) return false;
    ++rows_;
    switch (layout_) {
      case Layout::kTwoBytes: put(cell.is_set ? static_cast<int16_t>(cell.integer) : int16_t{0}); break;
      case Layout::kFourBytes: put(cell.is_set ? static_cast<int32_t>(cell.integer) : 0); break;
      case Layout::kSingle: put(cell.is_set ? static_cast<float>(cell.real) : 0.0F); break;
      case Layout::kEightBytes: {
        // An integer or a double, by the kind: either way these are its bytes.
        static_assert(sizeof cell.integer == 8 && sizeof cell.real == 8);
        std::memcpy(at_, &cell.integer, 8);
        if (!cell.is_set) std::memset(at_, 0, 8);
        at_ += 8;
        break;
      }
      default: return append_text(cell.is_set ? cell.bytes.view() : std::string_view());
    }
    return true;
  }

  const arrow::Status& failure() const { return failure_; }

  arrow::Result<std::shared_ptr<arrow::Array>> finish() {
    ARROW_RETURN_NOT_OK(fixed_->Resize(at_ - reinterpret_cast<char*>(fixed_->mutable_data()), /*shrink_to_fit=*/false));
    fixed_->ZeroPadding();
    std::vector<std::shared_ptr<arrow::Buffer>> buffers{std::move(validity_), std::move(fixed_)};
    if (layout_ == Layout::kText) {
      ARROW_RETURN_NOT_OK(text_->Resize(size_, /*shrink_to_fit=*/false));
      text_->ZeroPadding();
      text_expected_ = size_ + size_ / 8 + kTextFirst;  // the next batch is as this one, most often
      buffers.push_back(std::move(text_));
    }
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows_, std::move(buffers), nulls_));
  }

 private:
  static constexpr int64_t kTextFirst = 1024;

  int64_t width() const {
    switch (layout_) {
      case Layout::kTwoBytes: return 2;
      case Layout::kEightBytes: return 8;
      default: return 4;
    }
  }

  template <typename T>
  void put(T value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

  bool append_text(std::string_view text) {
    const auto size = static_cast<int64_t>(text.size());
    if (size > text_->capacity() - size_ && !make_room(size)) return false;
    if (size > 0) std::memcpy(text_at_ + size_, text.data(), text.size());
    size_ += size;
    put(static_cast<int32_t>(size_));
    return true;
  }

  bool make_room(int64_t size) {
    if (size_ + size > std::numeric_limits<int32_t>::max()) {
      failure_ = arrow::Status::CapacityError("the text of one batch is longer than 2 GiB");
    } else {
      failure_ = text_->Reserve(std::max(2 * text_->capacity(), size_ + size));
    }
    text_at_ = reinterpret_cast<char*>(text_->mutable_data());
    return failure_.ok();
  }

  bool note_null() {
    if (!validity_) {
      auto bits = arrow::AllocateEmptyBitmap(rows_max_, memory_);
      if (!bits.ok()) {
        failure_ = bits.status();
        return false;
      }
      validity_ = std::move(bits).ValueUnsafe();
      arrow::bit_util::SetBitsTo(validity_->mutable_data(), 0, rows_max_, true);
    }
    arrow::bit_util::ClearBit(validity_->mutable_data(), rows_);
    ++nulls_;
    return true;
  }

  Layout layout_;
  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* memory_;
  arrow::Status failure_;
  int64_t rows_max_ = 0;
  int64_t rows_ = 0;
  int64_t nulls_ = 0;
  int64_t size_ = 0;  // of the text
  int64_t text_expected_ = kTextFirst;
  char* at_ = nullptr;
  char* text_at_ = nullptr;
  std::shared_ptr<arrow::Buffer> validity_;
  std::shared_ptr<arrow::ResizableBuffer> fixed_;  // values, or where texts end
  std::shared_ptr<arrow::ResizableBuffer> text_;
};

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
    const Layout layout = layout_of(columns[i].kind);
    if (layout == Layout::kBuilt) {
      state_->failed &= arrow::MakeBuilder(memory, type, &target.builder);
    } else {
      target.plain = std::make_unique<PlainColumn>(layout, type, memory);
    }
  }
}

ColumnBuilders::~ColumnBuilders() = default;

Status ColumnBuilders::begin(int64_t rows) {
  LT_RETURN_IF_ERROR(from_arrow(state_->failed));
  for (size_t i = 0; i < state_->targets.size(); ++i) {
    const State::Target& target = state_->targets[i];
    LT_RETURN_IF_ERROR(from_arrow(target.plain ? target.plain->begin(rows) : reserve(state_->columns[i], *target.builder, rows)));
  }
  return {};
}

Status ColumnBuilders::append(std::span<const Cell> cells, const std::vector<Cell>& elements) {
  State::Target* const targets = state_->targets.data();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (targets[i].plain) {
      if (!targets[i].plain->append(cells[i])) return from_arrow(targets[i].plain->failure());
      continue;
    }
    const arrow::Status done = append_cell(state_->columns[i], *targets[i].builder, cells[i], elements);
    if (!done.ok()) return from_arrow(done);
  }
  return {};
}

Result<std::vector<std::shared_ptr<arrow::Array>>> ColumnBuilders::finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (auto& target : state_->targets) {
    auto finished = target.plain ? target.plain->finish() : target.builder->Finish();
    LT_RETURN_IF_ERROR(from_arrow(finished.status()));
    arrays.push_back(std::move(finished).ValueUnsafe());
  }
  return arrays;
}

}  // namespace laketide::json
