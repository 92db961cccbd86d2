#include "hot_paths.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <utility>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "execution/lane.h"
#include "expr/aggregate.h"
#include "flow/chain.h"
#include "flow/schema_text.h"
#include "formats/json/json_format.h"
#include "lake/data_writer.h"
#include "operators/aggregate.h"
#include "record_text.h"
#include "sinks/postgres/row_encoder.h"

namespace bench {
namespace {

using namespace laketide;

constexpr const char* kSchema =
    "id bigint not null, event_type text not null, ts timestamptz not null, value double not null, source text not null, "
    "user_id bigint not null";
enum Column { kId, kEventType, kTs, kValue, kSource, kUserId };

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "hot path: %s\n", std::string(status.detail()).c_str());
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  must(result.status());
  return std::move(*result);
}

std::unique_ptr<Context> new_context() {
  auto context = std::make_unique<Context>();
  context->memory = arrow::default_memory_pool();
  context->clock = &system_clock();
  context->wake = [] {};
  return context;
}

/// The benchmark's own records, one behind the other.
auto plain_records() {
  return [line = Line(), sums = Sums()](int64_t id, std::string& text) mutable {
    put_record(line, id, 1, sums);
    text += line.view();
  };
}

/// Records of fifty fields, of which three are wanted: the others are numbers, and a text of 500 characters.
constexpr int kWideNumbers = 46;
void wide_record(int64_t id, std::string& text) {
  text += R"({"id":)" + std::to_string(id) + R"(,"value":)" + std::to_string(id % 1000) + R"(.5,"source":"sensor")";
  for (int i = 0; i < kWideNumbers; ++i) text += R"(,"extra_)" + std::to_string(i) + R"(":)" + std::to_string(1000 + i);
  text += R"(,"note":")" + std::string(500, 'n') + R"("})";
}

std::string wide_schema() {
  std::string schema = "id bigint not null, value double not null, source text not null, note text";
  for (int i = 0; i < kWideNumbers; ++i) schema += ", extra_" + std::to_string(i) + " bigint";
  return schema;
}

/// The records as a reader hands them on: views into one text. Immutable.
class Input {
 public:
  explicit Input(std::function<void(int64_t id, std::string& text)> add = plain_records()) {
    std::vector<size_t> ends;
    for (int64_t id = 0; id < HotPath::kBatches * HotPath::kBatchRecords; ++id) {
      add(id, text_);
      ends.push_back(text_.size());
    }
    size_t begin = 0;
    for (size_t i = 0; i < ends.size(); begin = ends[i++]) {
      const auto number = static_cast<int64_t>(i);
      rows_.push_back(RecordView{nullptr, text_.data() + begin, 0, static_cast<uint32_t>(ends[i] - begin), RecordOffset(number), number, 0, 0, 0, nullptr});
    }
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  Records batch(int64_t number) const {
    return {"in", topics_, std::span(rows_).subspan(static_cast<size_t>(number * HotPath::kBatchRecords), HotPath::kBatchRecords), 0, nullptr};
  }

 private:
  std::string text_;
  std::vector<std::string> topics_ = {"t"};
  std::vector<RecordView> rows_;
};

/// The decoder as a run opens it. Confined to its task.
class Decoding {
 public:
  /// `wanted`: how many of the schema's columns, the first ones; -1: all.
  explicit Decoding(Context& context, const std::string& known = kSchema, int wanted = -1)
      : format_(must(json::make_json_format({.schema = known}))), decoder_(must(format_->open(first_of(schema(), wanted), {}, context))) {}
  Schema schema() const { return format_->schema(); }
  Batch decode(const Records& records) {
    Batch batch;
    Rejects rejects;
    must(decoder_->decode(records, batch, rejects));
    if (rejects.size() > 0) must(Status::internal("bench", "a record of the benchmark was refused"));
    return batch;
  }
  std::unique_ptr<Decoder> take() { return std::move(decoder_); }

 private:
  static Schema first_of(Schema all, int count) {
    return count < 0 ? all : arrow::schema(arrow::FieldVector(all->fields().begin(), all->fields().begin() + count));
  }

  std::unique_ptr<Format> format_;
  std::unique_ptr<Decoder> decoder_;
};

/// A path behind the decoder: all batches are there. Confined to its task.
class ColumnPath : public HotPath {
 protected:
  ColumnPath() {
    const Input input;
    Decoding decoding(*context_);
    schema_ = decoding.schema();
    for (int64_t i = 0; i < kBatches; ++i) batches_.push_back(decoding.decode(input.batch(i)));
  }

  std::unique_ptr<Context> context_ = new_context();
  Schema schema_;
  std::vector<Batch> batches_;
};

class JsonDecode final : public HotPath {
 public:
  void run() override {
    for (int64_t i = 0; i < kBatches; ++i) (void)decoding_.decode(input_.batch(i));
  }

 private:
  const Input input_;
  std::unique_ptr<Context> context_ = new_context();
  Decoding decoding_{*context_};
};

class WideDecode final : public HotPath {
 public:
  void run() override {
    for (int64_t i = 0; i < kBatches; ++i) (void)decoding_.decode(input_.batch(i));
  }

 private:
  const Input input_{wide_record};
  std::unique_ptr<Context> context_ = new_context();
  Decoding decoding_{*context_, wide_schema(), 3};
};

/// A file that is not there: what the disk costs is not ours. Confined to its task.
class ForgottenFile final : public storage::FileWriter {
 public:
  Status append(std::string_view bytes) override {
    size_ += static_cast<int64_t>(bytes.size());
    return {};
  }
  Status sync() override { return {}; }
  Status close() override { return {}; }
  int64_t size() const override { return size_; }
  const std::string& path() const override { return path_; }

 private:
  int64_t size_ = 0;
  const std::string path_ = "forgotten";
};

class ParquetEncode final : public ColumnPath {
 public:
  void run() override {
    for (const Batch& batch : batches_) must(writer_->write(batch));
    std::vector<lake::DataFile> files;
    while (!must(writer_->finish(files))) continue;
  }

 private:
  static std::unique_ptr<lake::DataWriter> open(const Schema& schema) {
    lake::DataWriterOptions options;
    options.schema = schema;
    options.parquet.compression = "snappy";
    options.create = [](const std::string&, std::string& path) -> Result<std::unique_ptr<storage::FileWriter>> {
      path = "forgotten";
      return std::unique_ptr<storage::FileWriter>(std::make_unique<ForgottenFile>());
    };
    return lake::make_data_writer(std::move(options));
  }
  std::unique_ptr<lake::DataWriter> writer_ = open(schema_);
};

class CopyEncode final : public ColumnPath {
 public:
  void run() override {
    for (const Batch& batch : batches_) {
      postgres::Chunk chunk;
      Rejects rejects;
      must(encoder_->append(*batch, chunk, rejects));
      if (static_cast<int64_t>(chunk.rows()) != batch->num_rows()) must(Status::internal("bench", "COPY lacks rows"));
    }
  }

 private:
  static std::unique_ptr<postgres::RowEncoder> open(const Schema& schema) {
    const std::map<std::string, std::string> base = {{"bigint", "int8"}, {"text", "text"}, {"timestamptz", "timestamptz"}, {"double", "float8"}, {"double precision", "float8"}};
    auto table = std::make_shared<postgres::BoundTable>();
    table->schema = schema;
    for (const auto& field : schema->fields()) {
      const std::string type = sql_type_of(*field);
      table->columns.push_back({{.name = field->name(), .sql_name = type, .base = base.at(type)}, true});
    }
    return must(postgres::make_row_encoder(std::move(table), {}, "in", "t", 0));
  }
  std::unique_ptr<postgres::RowEncoder> encoder_ = open(schema_);
};

AggregateCall call_of(std::string_view name, std::vector<int> args, expr::TypeId type) {
  AggregateCall made{.args = std::move(args), .name = std::string(name)};
  if (!made.args.empty()) made.types.args.emplace_back(type);
  for (const expr::Aggregate* one : expr::aggregates(name)) {
    if (one->args.size() == made.args.size() && (one->args.empty() || one->args[0] == type)) made.function = one;
  }
  if (made.function == nullptr) must(Status::internal("bench", "no such aggregate: " + made.name));
  made.types.result = made.function->result_type != nullptr ? made.function->result_type(made.types.args) : expr::Type(made.function->result);
  return made;
}

AggregateOptions window_options(const Schema& input) {
  AggregateOptions options{.name = "groups", .input = input, .keys = {kSource}, .mode = OutputMode::kAppend};
  options.window = WindowOptions{.kind = WindowOptions::Kind::kTumble, .time = kTs, .size = 10'000'000};
  options.calls = {call_of("count", {}, {}), call_of("avg", {kValue}, expr::TypeId::kDouble)};
  arrow::FieldVector fields = {input->field(kTs)->WithName("window_start"), input->field(kTs)->WithName("window_end"), input->field(kSource)};
  for (const AggregateCall& one : options.calls) fields.push_back(one.types.result.field(one.name, true));
  options.output = arrow::schema(fields);
  return options;
}

class WindowLane final : public ColumnPath {
 public:
  void run() override {
    Rejects rejects;
    Batch out;
    for (const Batch& batch : batches_) (void)must(aggregate_->process(0, batch, out, rejects));
    EpochInfo epoch;
    while (must(aggregate_->end_epoch(epoch, out)) == Step::kMore) continue;
  }

 private:
  std::unique_ptr<Operator> aggregate_ = must(make_partial_aggregate(window_options(schema_), *context_));
};

/// Hands out the input once, then has nothing. Confined to its task.
class InputReader final : public Reader {
 public:
  explicit InputReader(const Input& input) : input_(input) {}
  void rewind() { given_ = 0; }
  Status assign(const Ranges&) override { return {}; }
  Result<Step> poll(const Budget&, std::variant<Records, Batch>& out) override {
    if (given_ == HotPath::kBatches) return Step::kBlocked;
    out = input_.batch(given_++);
    return Step::kReady;
  }
  Positions next() const override { return {}; }
  std::map<SourcePartition, LastRecord> last_records() const override { return {}; }

 private:
  const Input& input_;
  int64_t given_ = 0;
};

class Forget final : public Writer {
 public:
  Result<Step> write(const Batch&, Rejects&) override { return Step::kReady; }
  Result<Step> end_epoch(EpochId, std::unique_ptr<Staged>&, Rejects&) override { return Step::kDone; }
};

class SilentHost final : public LaneHost {
 public:
  void part_failed(Status status) override { must(status); }
  void part_ended(std::shared_ptr<void>) override {}
  void lane_has_read(int64_t) override {}
  Instant epoch_opened(EpochId) override { return {}; }
  void lane_has_rows(EpochId) override {}
  void lane_is_full(EpochId) override {}
  void lane_is_drained() override {}
  void lane_closed(LaneEpoch) override {}
  void lane_blocked(BlockReason) override {}
};

class WholeLane final : public HotPath {
 public:
  void run() override {
    reader_->rewind();
    if (lane_->run(Quantum(SteadyTime::max())) != TaskStep::kBlocked) must(Status::internal("bench", "the lane did not read to the end"));
  }

 private:
  std::unique_ptr<Lane> open() {
    LaneParts parts;
    parts.context = new_context();
    auto reader = std::make_unique<InputReader>(input_);
    reader_ = reader.get();
    parts.reader = std::move(reader);
    parts.decoder = Decoding(*parts.context).take();
    parts.chains.push_back(std::make_unique<Chain>(std::vector<std::unique_ptr<Operator>>{}, std::make_unique<Forget>()));
    return std::make_unique<Lane>(std::move(parts), LaneLimits{}, BadRecordPolicy::kDrop, "bench", EpochId(0), &host_);
  }

  const Input input_;
  SilentHost host_;
  InputReader* reader_ = nullptr;
  std::unique_ptr<Lane> lane_ = open();
};

using Make = std::function<std::unique_ptr<HotPath>()>;
template <typename Path>
std::unique_ptr<HotPath> make() {
  return std::make_unique<Path>();
}

const std::map<std::string, Make, std::less<>>& paths() {
  static const std::map<std::string, Make, std::less<>> all = {
      {"json_decode", make<JsonDecode>}, {"parquet_encode", make<ParquetEncode>}, {"copy_encode", make<CopyEncode>},
      {"window_lane", make<WindowLane>}, {"lane", make<WholeLane>}, {"wide_decode", make<WideDecode>}};
  return all;
}

}  // namespace

std::vector<std::string> hot_path_names() {
  std::vector<std::string> names;
  for (const auto& [name, make_one] : paths()) names.push_back(name);
  return names;
}

std::unique_ptr<HotPath> make_hot_path(std::string_view name) {
  const auto found = paths().find(name);
  if (found == paths().end()) must(Status::user("bad_value", "there is no hot path " + std::string(name)));
  return found->second();
}

}  // namespace bench
