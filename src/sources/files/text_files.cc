#include "sources/files/text_files.h"

#include <algorithm>
#include <span>
#include <utility>

namespace laketide {
namespace {

constexpr int64_t kTextAheadBytes = 4 << 20;

/// Records of one file part, with the place of the first. Confined to its task.
struct TextPiece {
  std::unique_ptr<std::string> bytes;
  std::vector<RecordView> records;
  size_t slot = 0;
};

/// The records of many parts, one file open at a time. Confined to its task.
class TextScan {
 public:
  struct Job {
    size_t slot;
    int32_t partition;
    FilePart part;
  };
  using Ahead = ReadAhead<TextPiece>;

  TextScan(std::shared_ptr<const TextSelection> selection, std::shared_ptr<storage::Store> store, std::vector<Job> jobs)
      : selection_(std::move(selection)), store_(std::move(store)), jobs_(std::move(jobs)) {}

  Result<std::optional<Ahead::Made>> next() {
    while (at_ < jobs_.size()) {
      const Job& job = jobs_[at_];
      if (!file_) {
        LT_ASSIGN_OR_RETURN(file_, TextFile::open(*store_, selection_->files[job.part.index].path, selection_->shape));
        row_ = 0;
      }
      TextBlock block;
      LT_ASSIGN_OR_RETURN(const bool more, file_->next(block));
      if (!more) {
        LT_RETURN_IF_ERROR(end(job));
        continue;
      }
      if (auto made = wanted(job, std::move(block))) return made;
    }
    return std::optional<Ahead::Made>();
  }

 private:
  Status end(const Job& job) {
    const int64_t expected = selection_->records[job.part.index];
    file_ = nullptr;
    ++at_;
    if (row_ == expected) return {};
    return Status::user("files_changed", "a file has not the records that were counted when the job began; submit the job again when the files stay as they are: " +
                                             selection_->files[job.part.index].path);
  }

  std::optional<Ahead::Made> wanted(const Job& job, TextBlock block) {
    const int64_t first = row_;
    row_ += static_cast<int64_t>(block.records.size());
    const int64_t from = std::max(first, job.part.skip), to = std::min(row_, job.part.skip + job.part.count);
    if (from >= to) return std::nullopt;
    TextPiece piece{std::move(block.bytes), {}, job.slot};
    piece.records.reserve(static_cast<size_t>(to - from));
    for (int64_t row = from; row < to; ++row) {
      const std::string_view text = block.records[static_cast<size_t>(row - first)];
      RecordView& record = piece.records.emplace_back();
      record.value = text.data();
      record.value_size = static_cast<uint32_t>(text.size());
      record.offset = RecordOffset(job.part.offset + row - job.part.skip);
      record.partition = job.partition;
      record.timestamp_type = -1;
    }
    const int64_t bytes = static_cast<int64_t>(piece.bytes->size() + piece.records.size() * sizeof(RecordView));
    return Ahead::Made{std::move(piece), bytes};
  }

  const std::shared_ptr<const TextSelection> selection_;
  const std::shared_ptr<storage::Store> store_;
  const std::vector<Job> jobs_;
  size_t at_ = 0;
  std::unique_ptr<TextFile> file_;
  int64_t row_ = 0;
};

std::vector<HeaderView> no_headers(const RecordView&) { return {}; }

/// See flow/source.h. Confined to its task.
class TextReader final : public Reader {
 public:
  TextReader(std::shared_ptr<const TextSelection> selection, std::shared_ptr<storage::Store> store, IoPost post, Context& context)
      : selection_(std::move(selection)), store_(std::move(store)), post_(std::move(post)), context_(context) {}

  Status assign(const Ranges& ranges) override {
    ahead_ = nullptr;
    piece_ = {};
    given_ = 0;
    places_.clear();
    next_.clear();
    std::vector<TextScan::Job> jobs;
    for (const auto& [place, range] : ranges) {
      if (!range.end) return Status::internal("endless_range", "files are read over ranges with an end");
      for (const FilePart& part : selection_->layout->parts(place.partition, range.start.value, range.end->value)) jobs.push_back({places_.size(), place.partition, part});
      places_.push_back(place);
      next_[place] = range.start;
    }
    auto scan = std::make_shared<TextScan>(selection_, store_, std::move(jobs));
    ahead_ = std::make_unique<TextScan::Ahead>(post_, kTextAheadBytes, context_.wake, [scan] { return scan->next(); });
    return {};
  }

  Result<Step> poll(const Budget& budget, std::variant<Records, Batch>& out) override {
    if (given_ == piece_.records.size()) {
      LT_ASSIGN_OR_RETURN(const Step step, ahead_->take(piece_));
      if (step == Step::kBlocked) context_.blocked = BlockReason::kNoInput;
      if (step != Step::kReady) return step;
      given_ = 0;
    }
    size_t end = given_;
    for (int64_t bytes = 0; end < piece_.records.size() && static_cast<int64_t>(end - given_) < budget.rows_max && bytes < budget.bytes_max; ++end) {
      bytes += piece_.records[end].value_size;
    }
    Records records;
    records.source = selection_->source;
    records.topics = std::span(&selection_->topic, 1);
    records.rows = std::span(piece_.records).subspan(given_, end - given_);
    records.padding = TextFile::kPadding;
    records.headers = no_headers;
    given_ = end;
    next_[places_[piece_.slot]] = piece_.records[end - 1].offset.next();
    out = records;
    return Step::kReady;
  }

  Positions next() const override { return next_; }

  /// A pinned file is known by its size and time: no record need prove that it is still the same.
  std::map<SourcePartition, LastRecord> last_records() const override { return {}; }

 private:
  const std::shared_ptr<const TextSelection> selection_;
  const std::shared_ptr<storage::Store> store_;
  const IoPost post_;
  Context& context_;
  std::vector<SourcePartition> places_;
  Positions next_;
  TextPiece piece_;
  size_t given_ = 0;  // of its records
  std::unique_ptr<TextScan::Ahead> ahead_;
};

}  // namespace

std::unique_ptr<Reader> make_text_reader(std::shared_ptr<const TextSelection> selection, std::shared_ptr<storage::Store> store, IoPost post, Context& context) {
  return std::make_unique<TextReader>(std::move(selection), std::move(store), std::move(post), context);
}

Result<std::optional<Reject>> read_text_record(const TextSelection& selection, storage::Store& store, int32_t partition, int64_t offset, const Wait& wait) {
  const auto parts = selection.layout->parts(partition, offset, offset + 1);
  if (parts.empty()) return std::optional<Reject>();
  LT_ASSIGN_OR_RETURN(const auto file, TextFile::open(store, selection.files[parts.front().index].path, selection.shape));
  TextBlock block;
  for (int64_t row = parts.front().skip; !wait.over();) {
    LT_ASSIGN_OR_RETURN(const bool more, file->next(block));
    if (!more) return std::optional<Reject>();
    const auto count = static_cast<int64_t>(block.records.size());
    if (row >= count) {
      row -= count;
      continue;
    }
    Reject record;
    record.source = selection.source;
    record.topic = selection.topic;
    record.partition = partition;
    record.offset = RecordOffset(offset);
    record.value = std::string(block.records[static_cast<size_t>(row)]);
    return std::optional(std::move(record));
  }
  return Status::cancelled("reading a record again was cut short");
}

}  // namespace laketide
