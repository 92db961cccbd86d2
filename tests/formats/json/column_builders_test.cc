// Random cells into columns of every kind, batch after batch from the same builders, and back.
#include "formats/json/column_builders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include <arrow/array/array_base.h>
#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

namespace laketide::json {
namespace {

const std::vector<std::pair<ColumnKind, std::shared_ptr<arrow::DataType>>> kKinds{
    {ColumnKind::kBoolean, arrow::boolean()},   {ColumnKind::kSmallint, arrow::int16()},
    {ColumnKind::kInt, arrow::int32()},         {ColumnKind::kBigint, arrow::int64()},
    {ColumnKind::kReal, arrow::float32()},      {ColumnKind::kDouble, arrow::float64()},
    {ColumnKind::kDate, arrow::date32()},       {ColumnKind::kTime, arrow::time64(arrow::TimeUnit::MICRO)},
    {ColumnKind::kText, arrow::utf8()},         {ColumnKind::kTimestamptz, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
    {ColumnKind::kBytea, arrow::binary()}};

/// What stands in the row, as text; "-" for NULL. Read by value.
std::string cell_text(ColumnKind kind, const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return "-";
  switch (kind) {
    case ColumnKind::kBoolean: return std::to_string(static_cast<const arrow::BooleanArray&>(array).Value(row));
    case ColumnKind::kSmallint: return std::to_string(static_cast<const arrow::Int16Array&>(array).Value(row));
    case ColumnKind::kInt: return std::to_string(static_cast<const arrow::Int32Array&>(array).Value(row));
    case ColumnKind::kDate: return std::to_string(static_cast<const arrow::Date32Array&>(array).Value(row));
    case ColumnKind::kReal: return std::to_string(static_cast<const arrow::FloatArray&>(array).Value(row));
    case ColumnKind::kDouble: return std::to_string(static_cast<const arrow::DoubleArray&>(array).Value(row));
    case ColumnKind::kText:
    case ColumnKind::kBytea: return std::string(static_cast<const arrow::BinaryArray&>(array).GetView(row));
    default: return std::to_string(static_cast<const arrow::Int64Array&>(array).Value(row));
  }
}

/// Makes cells from a seed, and says what must come back. Confined to its task.
class CellMaker {
 public:
  uint64_t below(uint64_t limit) { return engine_() % limit; }

  Cell cell(ColumnKind kind, unsigned nulls_of_ten, std::string& expected, std::string& space) {
    Cell cell;
    cell.set(static_cast<int64_t>(engine_()));  // what a column of NULLs must not show
    cell.is_set = below(10) >= nulls_of_ten;
    expected = "-";
    if (!cell.is_set) return cell;
    switch (kind) {
      case ColumnKind::kBoolean: cell.set(static_cast<int64_t>(below(2))); expected = std::to_string(cell.integer); break;
      case ColumnKind::kSmallint: cell.set(static_cast<int16_t>(engine_())); expected = std::to_string(cell.integer); break;
      case ColumnKind::kTime: cell.set(static_cast<int64_t>(below(86'400'000'000))); expected = std::to_string(cell.integer); break;
      case ColumnKind::kInt:
      case ColumnKind::kDate: cell.set(static_cast<int32_t>(engine_())); expected = std::to_string(cell.integer); break;
      case ColumnKind::kReal: cell.set_real(static_cast<float>(engine_()) / 7); expected = std::to_string(static_cast<float>(cell.real)); break;
      case ColumnKind::kDouble: cell.set_real(static_cast<double>(engine_()) / 7); expected = std::to_string(cell.real); break;
      case ColumnKind::kText:
      case ColumnKind::kBytea:
        space.assign(below(20) == 0 ? 3000 : below(20), static_cast<char>('a' + below(26)));
        cell.set_bytes(space);
        expected = space;
        break;
      default: expected = std::to_string(cell.integer);
    }
    return cell;
  }

 private:
  std::mt19937_64 engine_{20260102};
};

TEST(ColumnBuilders, GivesBackWhatWasPutIn) {
  arrow::FieldVector fields;
  std::vector<Column> columns;
  for (const auto& [kind, type] : kKinds) {
    fields.push_back(arrow::field(type->ToString(), type));
    columns.emplace_back().kind = kind;
  }
  ColumnBuilders builders(arrow::schema(fields), columns, arrow::default_memory_pool());
  CellMaker random;
  for (const auto& [room, rows] : std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {1, 1}, {8, 3}, {64, 64}, {100, 0}, {4096, 4095}, {9, 9}}) {
    for (const unsigned nulls : {0U, 1U, 10U}) {
      ASSERT_TRUE(builders.begin(room).ok());
      std::vector<std::vector<std::string>> expected(columns.size());
      for (int64_t row = 0; row < rows; ++row) {
        std::vector<Cell> cells;
        std::vector<std::string> space(columns.size());
        for (size_t i = 0; i < columns.size(); ++i) {
          cells.push_back(random.cell(columns[i].kind, nulls, expected[i].emplace_back(), space[i]));
        }
        ASSERT_TRUE(builders.append(cells, {}).ok());
      }
      const auto arrays = builders.finish().value();
      ASSERT_EQ(arrays.size(), columns.size());
      for (size_t i = 0; i < columns.size(); ++i) {
        ASSERT_TRUE(arrays[i]->type()->Equals(fields[i]->type()));
        ASSERT_TRUE(arrays[i]->ValidateFull().ok()) << arrays[i]->ValidateFull().ToString();
        ASSERT_EQ(arrays[i]->length(), rows);
        ASSERT_EQ(arrays[i]->null_count(), std::count(expected[i].begin(), expected[i].end(), "-"));
        for (int64_t row = 0; row < rows; ++row) {
          ASSERT_EQ(cell_text(columns[i].kind, *arrays[i], row), expected[i][static_cast<size_t>(row)]) << fields[i]->name() << " row " << row;
        }
      }
    }
  }
}

}  // namespace
}  // namespace laketide::json
