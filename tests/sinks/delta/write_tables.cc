// Writes the tables that readers_test.py reads with other engines: `write_tables DIRECTORY`.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/key_value_metadata.h>

#include "flow/change.h"
#include "sinks/delta/delta_sink.h"
#include "storage/local_store.h"

namespace laketide {
namespace {

void check(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.to_string().c_str());
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  check(result.status());
  return std::move(result).value();
}

void must(const arrow::Status& status) {
  if (!status.ok()) check(Status::internal("arrow", status.ToString()));
}

/// A table of one source's partition, one epoch a call. Confined to its task.
class TableMaker {
 public:
  TableMaker(const std::string& path, Schema schema, std::vector<std::string> partition_by, std::string compression, std::vector<std::string> key = {})
      : schema_(schema) {
    DeltaSinkOptions options;
    if (!key.empty()) options.mode = DeltaSinkOptions::Mode::kUpsert;
    options.key = std::move(key);
    options.pipeline = "readers test";
    options.id = "delta:table";
    options.table_path = path;
    options.partition_by = std::move(partition_by);
    options.compression = std::move(compression);
    sink_ = must(make_delta_sink(std::move(options), storage::make_local_store()));
    check(sink_->claim(wait_).status());
    check(sink_->bind(schema, wait_));
    writer_ = must(sink_->open(context_));
  }

  void write(const Batch& batch) {
    Rejects rejects;
    StagedList staged(1);
    check(writer_->write(batch, rejects).status());
    while (must(writer_->end_epoch(EpochId(epoch_), staged.front(), rejects)) == Step::kMore) continue;
    EpochPlan plan;
    plan.pipeline = "readers test";
    plan.epoch = EpochId(epoch_++);
    const SourcePartition place{"events", "t", 0};
    plan.ranges[place] = Range{NextOffset(rows_), NextOffset(rows_ + batch->num_rows())};
    rows_ += batch->num_rows();
    plan.next[place] = NextOffset(rows_);
    check(sink_->prepare(plan, staged, wait_));
    check(sink_->commit(plan, wait_).status());
  }
  const Schema& schema() const { return schema_; }

 private:
  const Wait wait_;
  Schema schema_;
  Context context_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Writer> writer_;
  int64_t epoch_ = 0, rows_ = 0;
};

Schema types_schema() {
  const auto jsonb = arrow::key_value_metadata({"laketide.type"}, {"jsonb"});
  return arrow::schema({
      arrow::field("id", arrow::int64(), false),
      arrow::field("small", arrow::int16()),
      arrow::field("number", arrow::int32()),
      arrow::field("real", arrow::float32()),
      arrow::field("wide", arrow::float64()),
      arrow::field("price", arrow::decimal128(12, 3)),
      arrow::field("name", arrow::utf8()),
      arrow::field("raw", arrow::binary()),
      arrow::field("day", arrow::date32()),
      arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      arrow::field("local", arrow::timestamp(arrow::TimeUnit::MICRO)),
      arrow::field("flag", arrow::boolean()),
      arrow::field("doc", arrow::utf8(), true, jsonb),
      arrow::field("numbers", arrow::list(arrow::field("element", arrow::int32()))),
      arrow::field("place", arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())})),
      arrow::field("clock", arrow::time64(arrow::TimeUnit::MICRO)),
  });
}

using Builders = std::vector<std::unique_ptr<arrow::ArrayBuilder>>;

template <typename Builder>
Builder& to(Builders& builders, size_t column) {
  return static_cast<Builder&>(*builders[column]);
}

/// The same formulas stand in readers_test.py.
Batch types_rows(const Schema& schema, int64_t first, int64_t count) {
  Builders builders;
  for (const auto& field : schema->fields()) {
    builders.emplace_back();
    must(arrow::MakeBuilder(arrow::default_memory_pool(), field->type(), &builders.back()));
  }
  for (int64_t id = first; id < first + count; ++id) {
    must(to<arrow::Int64Builder>(builders, 0).Append(id));
    if (id % 7 == 3) {
      for (size_t column = 1; column < builders.size(); ++column) must(builders[column]->AppendNull());
      continue;
    }
    must(to<arrow::Int16Builder>(builders, 1).Append(static_cast<int16_t>(id % 100 - 50)));
    must(to<arrow::Int32Builder>(builders, 2).Append(static_cast<int32_t>(id * 1000003 % 65537)));
    must(to<arrow::FloatBuilder>(builders, 3).Append(static_cast<float>(id) / 8));
    must(to<arrow::DoubleBuilder>(builders, 4).Append(static_cast<double>(id) / 10 - 3));
    must(to<arrow::Decimal128Builder>(builders, 5).Append(arrow::Decimal128(id * 1234 - 20000)));
    must(to<arrow::StringBuilder>(builders, 6).Append("näme-" + std::to_string(id % 13) + std::string(id % 50, 'x')));
    must(to<arrow::BinaryBuilder>(builders, 7).Append(std::string(1, static_cast<char>(id % 256)) + std::string("\0z", 2)));
    must(to<arrow::Date32Builder>(builders, 8).Append(static_cast<int32_t>(id - 50)));
    must(to<arrow::TimestampBuilder>(builders, 9).Append(1'700'000'000'000'000 + id * 1'234'567));
    must(to<arrow::TimestampBuilder>(builders, 10).Append(-1'000'000 + id * 999'999));
    must(to<arrow::BooleanBuilder>(builders, 11).Append(id % 2 == 0));
    must(to<arrow::StringBuilder>(builders, 12).Append("{\"id\": " + std::to_string(id) + "}"));
    auto& list = to<arrow::ListBuilder>(builders, 13);
    must(list.Append());
    for (int64_t i = 0; i < id % 3; ++i) must(static_cast<arrow::Int32Builder*>(list.value_builder())->Append(static_cast<int32_t>(id + i)));
    auto& place = to<arrow::StructBuilder>(builders, 14);
    must(place.Append());
    must(static_cast<arrow::Int32Builder*>(place.field_builder(0))->Append(static_cast<int32_t>(-id)));
    must(static_cast<arrow::StringBuilder*>(place.field_builder(1))->Append("b" + std::to_string(id)));
    must(to<arrow::Time64Builder>(builders, 15).Append(id * 1'000'000 + 5));
  }
  arrow::ArrayVector columns;
  for (auto& builder : builders) must(builder->Finish(&columns.emplace_back()));
  return arrow::RecordBatch::Make(schema, count, std::move(columns));
}

Schema parts_schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("day", arrow::date32()), arrow::field("odd", arrow::utf8())});
}

Batch parts_rows(int64_t first, int64_t count) {
  static const char* kOdd[] = {"plain", "a b", "ü/ö", "x=y:z", "100%", nullptr};
  arrow::Int64Builder ids;
  arrow::Date32Builder days;
  arrow::StringBuilder odd;
  for (int64_t id = first; id < first + count; ++id) {
    must(ids.Append(id));
    must(days.Append(static_cast<int32_t>(id % 2)));
    const char* text = kOdd[id % 6];
    must(text ? odd.Append(text) : odd.AppendNull());
  }
  arrow::ArrayVector columns(3);
  must(ids.Finish(&columns[0]));
  must(days.Finish(&columns[1]));
  must(odd.Finish(&columns[2]));
  return arrow::RecordBatch::Make(parts_schema(), count, std::move(columns));
}

/// Epoch `epoch` updates five ids, or deletes them if it ends in 9; a row moves to another partition with each update.
Batch upserted_rows(int64_t epoch) {
  static const char* kOdd[] = {"plain", "a b", "ü/ö", "x=y:z", "100%", nullptr};
  arrow::Int64Builder ids;
  arrow::Date32Builder days;
  arrow::StringBuilder odd;
  arrow::Int8Builder changes;
  for (int64_t k = 0; k < 5; ++k) {
    const int64_t id = (epoch * 7 + k * 3) % 60;
    const bool is_delete = epoch % 10 == 9;
    must(ids.Append(id));
    must(is_delete ? days.AppendNull() : days.Append(static_cast<int32_t>(epoch)));
    const char* text = kOdd[(id + epoch) % 6];
    must(text && !is_delete ? odd.Append(text) : odd.AppendNull());
    must(changes.Append(static_cast<int8_t>(is_delete ? Change::kDelete : Change::kUpdate)));
  }
  arrow::ArrayVector columns(4);
  must(ids.Finish(&columns[0]));
  must(days.Finish(&columns[1]));
  must(odd.Finish(&columns[2]));
  must(changes.Finish(&columns[3]));
  auto fields = parts_schema()->fields();
  fields.push_back(change_field());
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), 5, std::move(columns));
}

void write_tables(const std::string& directory) {
  TableMaker types(directory + "/types", types_schema(), {}, "zstd");
  for (int64_t epoch = 0; epoch < 6; ++epoch) types.write(types_rows(types.schema(), epoch * 25, 25));
  // Past a hundred commits, so that a checkpoint is among what is read.
  TableMaker parts(directory + "/parts", parts_schema(), {"day", "odd"}, "snappy");
  for (int64_t epoch = 0; epoch < 103; ++epoch) parts.write(parts_rows(epoch * 3, 3));
  TableMaker upserted(directory + "/upserted", parts_schema(), {"odd"}, "zstd", {"id"});
  for (int64_t epoch = 0; epoch < 103; ++epoch) upserted.write(upserted_rows(epoch));
}

}  // namespace
}  // namespace laketide

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  laketide::write_tables(argv[1]);
}
