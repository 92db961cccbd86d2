#include "sinks/console/console_sink.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/string.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "flow/change_column.h"
#include "sinks/console/row_text.h"
#include "sinks/console/text_table.h"

namespace laketide {
namespace {

// Rows kept of a lane's epoch, already as text behind the kind of their change, and how many there were.
class StagedText final : public Staged {
 public:
  int64_t rows() const override { return count; }
  int64_t bytes() const override { return text_bytes; }

  std::vector<std::vector<std::string>> cells;
  int64_t count = 0;
  int64_t text_bytes = 0;
  bool has_changes = false;  // some row is no insert
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

class ConsoleWriter final : public Writer {
 public:
  ConsoleWriter(const ConsoleSinkOptions& options, int columns) : options_(options), columns_(columns) {}

  Result<Step> write(const Batch& batch, Rejects&) override {
    if (!batch) return Step::kReady;
    const ChangeColumn changes(*batch);
    staged_->has_changes = staged_->has_changes || changes.any(Change::kUpdate) || changes.any(Change::kDelete);
    const auto room = options_.rows_max - static_cast<int64_t>(staged_->cells.size());
    const int64_t shown = std::clamp<int64_t>(room, 0, batch->num_rows());
    for (int64_t row = 0; row < shown; ++row) {
      auto& cells = staged_->cells.emplace_back();
      cells.push_back(name_of(changes.at(row)));
      add_cells(*batch, row, cells);
      for (const auto& cell : cells) staged_->text_bytes += static_cast<int64_t>(cell.size());
    }
    staged_->count += batch->num_rows();
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
  const int columns_;
  std::unique_ptr<StagedText> staged_ = std::make_unique<StagedText>();
};

class ConsoleSink final : public Sink {
 public:
  explicit ConsoleSink(ConsoleSinkOptions options) : options_(std::move(options)) {}

  const std::string& id() const override { return options_.id; }
  Result<Progress> claim(const Wait&) override {
    Progress progress;
    progress.generation = Generation(1);
    progress.kept = false;
    return progress;
  }

  Status bind(const Schema& schema, const Wait&) override {
    std::lock_guard lock(mutex_);
    head_.clear();
    schema_ = schema;
    for (const auto& field : schema->fields()) head_.push_back(to_cell(field->name(), options_.width_max));
    return {};
  }

  Result<std::unique_ptr<Writer>> open(Context&) override {
    std::lock_guard lock(mutex_);
    return std::unique_ptr<Writer>(std::make_unique<ConsoleWriter>(options_, static_cast<int>(head_.size())));
  }

  Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>> staged, const Wait&) override {
    prepared_.reset();
    std::vector<std::vector<std::string>> rows;
    int64_t count = 0;
    bool has_changes = false;
    for (const auto& one : staged) {
      auto& text = static_cast<StagedText&>(*one);
      count += text.count;
      has_changes = has_changes || text.has_changes;
      for (auto& cells : text.cells) {
        if (static_cast<int64_t>(rows.size()) < options_.rows_max) rows.push_back(std::move(cells));
      }
    }
    prepared_ = Printed{plan.epoch, count, count == 0 ? std::string() : page(plan, std::move(rows), count, has_changes)};
    return {};
  }

  Result<Commit> commit(const EpochPlan& plan, const Wait&) override {
    if (!prepared_ || prepared_->epoch != plan.epoch) return Commit{};
    const std::string text = std::exchange(prepared_->text, {});
    const bool written = std::fwrite(text.data(), 1, text.size(), options_.out) == text.size() && std::fflush(options_.out) == 0;
    if (!written && options_.form != ConsoleForm::kTable) return Status::user("output_closed", "the rows could not be written: whatever read them went away");
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

  std::string page(const EpochPlan& plan, std::vector<std::vector<std::string>> rows, int64_t count, bool has_changes) {
    std::lock_guard lock(mutex_);
    if (options_.form == ConsoleForm::kCsv || options_.form == ConsoleForm::kJson) return lines(rows, has_changes);
    std::vector<std::string> head = head_;
    if (has_changes) {
      head.insert(head.begin(), std::string(kChangeColumn));
    } else {
      for (auto& cells : rows) cells.erase(cells.begin());
    }
    if (options_.form == ConsoleForm::kPlain) return format_table(head, rows);
    const std::string rule(43, '-');
    std::string out = rule + "\nEpoch: " + std::to_string(plan.epoch.value) + (options_.pipeline.empty() ? "" : " of " + options_.pipeline) +
                      "\n" + rule + "\n" + format_table(head, rows);
    if (count > static_cast<int64_t>(rows.size())) {
      out += "only showing top " + std::to_string(rows.size()) + " of " + std::to_string(count) + " rows\n";
    }
    return out + "\n";
  }

  std::string lines(const std::vector<std::vector<std::string>>& rows, bool has_changes) {
    const bool is_csv = options_.form == ConsoleForm::kCsv;
    std::string out = is_csv && !std::exchange(names_are_out_, true) ? csv_head(*schema_) + "\n" : "";
    for (const auto& row : rows) {
      const bool says_change = has_changes && !is_csv;
      out += says_change ? "{\"" + std::string(kChangeColumn) + "\":\"" + row[0] + "\"," + row[1].substr(1) : row[1];
      out += '\n';
    }
    return out;
  }

  const ConsoleSinkOptions options_;
  std::mutex mutex_;  // what writers read: head_
  std::vector<std::string> head_;
  Schema schema_;
  bool names_are_out_ = false;
  std::optional<Printed> prepared_;
};

}  // namespace

std::unique_ptr<Sink> make_console_sink(ConsoleSinkOptions options) { return std::make_unique<ConsoleSink>(std::move(options)); }

}  // namespace laketide
