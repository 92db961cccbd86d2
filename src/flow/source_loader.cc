#include "flow/source_loader.h"

#include <chrono>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/signal.h"
#include "flow/schema_text.h"

namespace laketide {
namespace {

/// One source from its first offset to its last. Confined to its task.
class WholeReading {
 public:
  WholeReading(const WholeSource& whole, arrow::MemoryPool* memory) : whole_(whole) {
    context_.memory = memory;
    context_.clock = &system_clock();
    context_.metrics = make_metrics();
    // Woken from a thread of the source, perhaps after this object is gone: the signal is shared.
    context_.wake = [woken = woken_] { woken->notify(); };
  }

  Result<TableContent> read(const PartitionBounds& bounds, const Wait& wait) {
    TableContent content;
    std::unique_ptr<Decoder> decoder;
    LT_ASSIGN_OR_RETURN(content.schema, schema(bounds, wait));
    if (whole_.make_format) {
      LT_ASSIGN_OR_RETURN(const auto format, whole_.make_format(to_schema_text(*content.schema)));
      LT_ASSIGN_OR_RETURN(decoder, format->open(content.schema, {}, context_));
    } else {
      LT_RETURN_IF_ERROR(whole_.source->select(content.schema, {}));
    }
    const auto add = [&](std::variant<Records, Batch>& input) -> Status {
      Batch rows;
      if (decoder) {
        LT_RETURN_IF_ERROR(decode(*decoder, std::get<Records>(input), rows));
      } else {
        rows = std::get<Batch>(std::move(input));
      }
      if (rows) content.rows.push_back(std::move(rows));
      return {};
    };
    LT_RETURN_IF_ERROR(each_input(bounds, wait, add));
    return content;
  }

 private:
  Result<Schema> schema(const PartitionBounds& bounds, const Wait& wait) {
    if (!whole_.make_format) return whole_.source->row_schema(wait);
    LT_ASSIGN_OR_RETURN(const auto format, whole_.make_format(""));
    if (Schema declared = format->schema()) return declared;
    const auto inference = format->inference();
    const auto look = [&](std::variant<Records, Batch>& input) -> Status {
      inference->add(std::get<Records>(input));
      return {};
    };
    LT_RETURN_IF_ERROR(each_input(bounds, wait, look));
    return inference->schema();
  }

  static Status decode(Decoder& decoder, const Records& records, Batch& rows) {
    Rejects rejects;
    LT_RETURN_IF_ERROR(decoder.decode(records, rows, rejects));
    if (rejects.size() == 0) return {};
    const Reject first = rejects.take().front();
    return Status::user("static_table", "a record of a static table cannot be read, and a table without it would join other rows; mend the file, or declare a schema that fits: " + first.topic +
                                            ", record " + std::to_string(first.offset.value) + ": " + first.code + ", " + first.reason, "tables");
  }

  // One partition after another, so that equal sources give equal contents.
  template <typename Use>
  Status each_input(const PartitionBounds& bounds, const Wait& wait, const Use& use) {
    LT_ASSIGN_OR_RETURN(const auto reader, whole_.source->open(context_));
    for (const auto& [place, bound] : bounds) {
      LT_RETURN_IF_ERROR(reader->assign({{place, Range{bound.low, bound.high}}}));
      for (bool done = false; !done;) {
        if (wait.over()) return Status::cancelled("loading a static table was cut short: " + whole_.name);
        std::variant<Records, Batch> input;
        LT_ASSIGN_OR_RETURN(const Step step, reader->poll(Budget(), input));
        if (step == Step::kReady) LT_RETURN_IF_ERROR(use(input));
        if (step == Step::kBlocked) woken_->wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
        done = step == Step::kDone;
      }
    }
    return {};
  }

  const WholeSource& whole_;
  const std::shared_ptr<Signal> woken_ = std::make_shared<Signal>();
  Context context_;
};

/// See source_loader.h. Confined to its task.
class SourceLoader final : public TableLoader {
 public:
  explicit SourceLoader(std::function<Result<WholeSource>()> open) : open_(std::move(open)) {}

  Result<std::optional<TableContent>> load(const std::string& known, arrow::MemoryPool* memory, const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const WholeSource whole, open_());
    LT_ASSIGN_OR_RETURN(const PartitionBounds bounds, whole.source->bounds(wait));
    const std::string mark = whole.source->snapshot().pin;
    if (!mark.empty() && mark == known) return std::optional<TableContent>();
    LT_ASSIGN_OR_RETURN(TableContent content, WholeReading(whole, memory).read(bounds, wait));
    content.mark = mark;
    return std::optional(std::move(content));
  }

 private:
  const std::function<Result<WholeSource>()> open_;
};

}  // namespace

std::unique_ptr<TableLoader> make_source_loader(std::function<Result<WholeSource>()> open) {
  return std::make_unique<SourceLoader>(std::move(open));
}

}  // namespace laketide
