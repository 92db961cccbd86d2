#include "sinks/console/console_sink.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/string.h>

#include <algorithm>
#include <utility>

#include "flow/change_column.h"
#include "sinks/console/row_text.h"
#include "sinks/console/text_table.h"

namespace laketide {
namespace {

// Rows as text, each behind the kind of its change.
struct TextRows {
  std::vector<std::vector<std::string>> cells;
  bool has_changes = false;  // some row is no insert
};

// What a lane's epoch has: the rows that its commit shows, and how many there were.
class StagedText final : public Staged {
 public:
  int64_t rows() const override { return count; }
  int64_t bytes() const override { return text_bytes; }

  TextRows kept;
  int64_t count = 0;
  int64_t shown = 0;  // kept, or printed at once
  int64_t text_bytes = 0;
};

const char* name_of(Change change) {
  switch (change) {
    case Change::kUpdate: return "update";
    case Change::kDelete: return "delete";
    default: return "insert";
  }
}

// Text as it is, bytes in hex, nested values as JSON, everything else as Arrow prints it.
std::string value_text(const arrow::Array& values, int64_t row) {
  if (values.IsNull(row)) return "NULL";
  if (values.type_id() == arrow::Type::STRING) return static_cast<const arrow::StringArray&>(values).GetString(row);
  if (values.type_id() == arrow::Type::BINARY) {
    return "0x" + arrow::HexEncode(static_cast<const arrow::BinaryArray&>(values).GetView(row));
  }
  if (arrow::is_nested(values.type_id())) return json_value(values, row);
  const auto scalar = values.GetScalar(row);
  return scalar.ok() ? (*scalar)->ToString() : scalar.status().ToString();
}

// The pages that go out, in the order given. Used by one io actor at a time. Caller synchronises.
class Output {
 public:
  explicit Output(const ConsoleSinkOptions& options) : options_(options) {}

  void bind(const Schema& schema) {
    head_.clear();
    schema_ = schema;
    for (const auto& field : schema->fields()) head_.push_back(to_cell(field->name(), options_.width_max));
  }
  int columns() const { return static_cast<int>(head_.size()); }

  std::string page(const std::string& title, TextRows rows) {
    if (options_.form == ConsoleForm::kCsv || options_.form == ConsoleForm::kJson) return lines(rows);
    std::vector<std::string> head = head_;
    if (rows.has_changes) {
      head.insert(head.begin(), std::string(kChangeColumn));
    } else {
      for (auto& cells : rows.cells) cells.erase(cells.begin());
    }
    if (options_.form == ConsoleForm::kPlain) return format_table(head, rows.cells);
    const std::string rule(43, '-');
    return rule + "\n" + title + (options_.pipeline.empty() ? "" : " of " + options_.pipeline) + "\n" + rule + "\n" + format_table(head, rows.cells);
  }

  void print(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), options_.out) != text.size() || std::fflush(options_.out) != 0) closed_ = true;
  }
  bool closed() const { return closed_; }

 private:
  std::string lines(const TextRows& rows) {
    const bool is_csv = options_.form == ConsoleForm::kCsv;
    std::string out = is_csv && !std::exchange(names_are_out_, true) ? csv_head(*schema_) + "\n" : "";
    for (const auto& row : rows.cells) {
      const bool says_change = rows.has_changes && !is_csv;
      out += says_change ? "{\"" + std::string(kChangeColumn) + "\":\"" + row[0] + "\"," + row[1].substr(1) : row[1];
      out += '\n';
    }
    return out;
  }

  const ConsoleSinkOptions options_;
  std::vector<std::string> head_;
  Schema schema_;
  bool names_are_out_ = false;
  bool closed_ = false;
};

class ConsoleWriter final : public Writer {
 public:
  ConsoleWriter(const ConsoleSinkOptions& options, std::shared_ptr<Output> output) : options_(options), output_(std::move(output)), columns_(output_->columns()) {}

  Result<Step> write(const Batch& batch, Rejects&) override {
    if (!batch) return Step::kReady;
    const ChangeColumn changes(*batch);
    TextRows at_once;
    TextRows& rows = options_.at_once ? at_once : staged_->kept;
    rows.has_changes = rows.has_changes || changes.any(Change::kUpdate) || changes.any(Change::kDelete);
    const int64_t shown = std::clamp<int64_t>(options_.rows_max - staged_->shown, 0, batch->num_rows());
    for (int64_t row = 0; row < shown; ++row) {
      auto& cells = rows.cells.emplace_back();
      cells.push_back(name_of(changes.at(row)));
      add_cells(*batch, row, cells);
      if (options_.at_once) continue;
      for (const auto& cell : cells) staged_->text_bytes += static_cast<int64_t>(cell.size());
    }
    staged_->shown += shown;
    staged_->count += batch->num_rows();
    if (!at_once.cells.empty()) {
      options_.at_once([output = output_, rows = std::move(at_once)]() mutable { output->print(output->page("Rows", std::move(rows))); });
    }
    return Step::kReady;
  }

  Result<Step> end_epoch(EpochId, std::unique_ptr<Staged>& staged, Rejects&) override {
    staged = std::exchange(staged_, std::make_unique<StagedText>());
    return Step::kDone;
  }

 private:
  void add_cells(const arrow::RecordBatch& batch, int64_t row, std::vector<std::string>& cells) const {
    if (options_.form == ConsoleForm::kCsv) return cells.push_back(csv_row(batch, row, columns_));
    if (options_.form == ConsoleForm::kJson) return cells.push_back(json_row(batch, row, columns_));
    for (int column = 0; column < columns_; ++column) cells.push_back(to_cell(value_text(*batch.column(column), row), options_.width_max));
  }

  const ConsoleSinkOptions options_;
  const std::shared_ptr<Output> output_;
  const int columns_;
  std::unique_ptr<StagedText> staged_ = std::make_unique<StagedText>();
};

class ConsoleSink final : public Sink {
 public:
  explicit ConsoleSink(ConsoleSinkOptions options) : options_(std::move(options)), output_(std::make_shared<Output>(options_)) {}

  const std::string& id() const override { return options_.id; }
  bool keeps_progress() const override { return false; }
  Result<Progress> claim(const Wait&) override {
    Progress progress;
    progress.generation = Generation(1);
    return progress;
  }

  Status bind(const Schema& schema, const Wait&) override {
    output_->bind(schema);
    return {};
  }

  Result<std::unique_ptr<Writer>> open(Context&) override { return std::unique_ptr<Writer>(std::make_unique<ConsoleWriter>(options_, output_)); }

  Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>> staged, const Wait&) override {
    prepared_.reset();
    TextRows rows;
    int64_t count = 0;
    int64_t shown = 0;
    for (const auto& one : staged) {
      auto& text = static_cast<StagedText&>(*one);
      count += text.count;
      shown += text.shown;
      rows.has_changes = rows.has_changes || text.kept.has_changes;
      for (auto& cells : text.kept.cells) {
        if (static_cast<int64_t>(rows.cells.size()) < options_.rows_max) rows.cells.push_back(std::move(cells));
      }
    }
    if (!options_.at_once) shown = static_cast<int64_t>(rows.cells.size());
    std::string text;
    if (count > 0 && !options_.at_once) text = output_->page("Epoch: " + std::to_string(plan.epoch.value), std::move(rows));
    if (options_.form == ConsoleForm::kTable && count > 0) {
      if (count > shown) text += "only showing top " + std::to_string(shown) + " of " + std::to_string(count) + " rows\n";
      text += "\n";
    }
    prepared_ = Printed{plan.epoch, count, std::move(text)};
    return {};
  }

  Result<Commit> commit(const EpochPlan& plan, const Wait&) override {
    if (!prepared_ || prepared_->epoch != plan.epoch) return Commit{};
    output_->print(std::exchange(prepared_->text, {}));
    if (output_->closed() && options_.form != ConsoleForm::kTable) return Status::user("output_closed", "the rows could not be written: whatever read them went away");
    return Commit{std::to_string(plan.epoch.value), prepared_->rows, 0};
  }

  Status abandon(EpochId epoch, const Wait&) override {
    if (prepared_ && prepared_->epoch >= epoch) prepared_.reset();
    return {};
  }

 private:
  struct Printed {
    EpochId epoch;
    int64_t rows;
    std::string text;
  };

  const ConsoleSinkOptions options_;
  const std::shared_ptr<Output> output_;
  std::optional<Printed> prepared_;
};

}  // namespace

std::unique_ptr<Sink> make_console_sink(ConsoleSinkOptions options) { return std::make_unique<ConsoleSink>(std::move(options)); }

}  // namespace laketide
