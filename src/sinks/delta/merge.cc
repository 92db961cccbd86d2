#include "sinks/delta/merge.h"

#include <algorithm>
#include <map>

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/arrow_status.h"
#include "lake/file_scan.h"

namespace laketide {
namespace {

// A file that holds less than this part of the target is written anew together with others.
constexpr int64_t kSmallPart = 8;

Status merge_cut_short() { return Status::cancelled("there was no time left to merge an epoch into the table"); }

/// The rows of `batch` for which `stays` says yes; null: none.
template <typename Stays>
Result<Batch> filtered(const Batch& batch, Stays stays, arrow::MemoryPool* memory) {
  arrow::BooleanBuilder mask(memory);
  int64_t kept = 0;
  LT_RETURN_IF_ERROR(lake::from_arrow(mask.Reserve(batch->num_rows()), "choose rows"));
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    const bool stay = stays(row);
    kept += stay ? 1 : 0;
    mask.UnsafeAppend(stay);
  }
  if (kept == 0) return Batch();
  if (kept == batch->num_rows()) return batch;
  auto array = mask.Finish();
  if (!array.ok()) return lake::from_arrow(array.status(), "choose rows");
  arrow::compute::ExecContext context(memory);
  auto chosen = arrow::compute::Filter(arrow::Datum(batch), arrow::Datum(*array), arrow::compute::FilterOptions::Defaults(), &context);
  if (!chosen.ok()) return lake::from_arrow(chosen.status(), "choose rows");
  return chosen->record_batch();
}

Status finish_writer(lake::DataWriter& writer, std::vector<lake::DataFile>& files, const Wait& wait) {
  std::vector<lake::DataFile> done;
  for (;;) {
    if (wait.over()) return merge_cut_short();
    LT_ASSIGN_OR_RETURN(const bool all, writer.finish(done));
    if (all) break;
  }
  std::move(done.begin(), done.end(), std::back_inserter(files));
  return {};
}

}  // namespace

/// A row of the table with a key of ours.
struct Merge::Hit {
  uint32_t file;
  uint32_t key;
  int64_t row;
};

/// What was found in one version of the table.
struct Merge::Search {
  std::shared_ptr<arrow::Schema> narrow;  // key columns and order_by
  lake::RowKey key;
  int order = -1;
  std::vector<Hit> hits;
  std::vector<bool> beaten;  // by key: the table has a newer row
  std::vector<bool> found;   // by key: the table has it
};

Merge::Merge(MergeOptions options, std::vector<std::shared_ptr<const UpsertRows>> lanes)
    : options_(std::move(options)), lanes_(std::move(lanes)) {}

int64_t Merge::source_rows() const {
  int64_t rows = 0;
  for (const auto& lane : lanes_) rows += lane->rows();
  return rows;
}

Status Merge::choose() {
  if (winners_ != nullptr) return {};
  if (lanes_.size() == 1) {
    winners_ = &lanes_.front()->winners();
  } else {
    chosen_ = std::make_unique<Winners>(options_.memory);
    for (const auto& lane : lanes_) LT_RETURN_IF_ERROR(chosen_->offer_all(lane->winners()));
    winners_ = chosen_.get();
  }
  bounds_ = std::make_unique<lake::KeyBounds>(options_.key.key, winners_->keys());
  return {};
}

Result<MergeOutcome> Merge::run(const lake::FullState* table, const Wait& wait) {
  LT_RETURN_IF_ERROR(choose());
  arrow::FieldVector fields;
  for (const auto& column : options_.key.key.columns()) fields.push_back(options_.table->field(column.index));
  const auto& order = options_.key.order;
  if (order && std::ranges::none_of(fields, [&](const auto& field) { return field->name() == order->name; })) fields.push_back(options_.table->field(order->index));
  Search search{.narrow = arrow::schema(std::move(fields)), .key = options_.key.key};
  search.key = options_.key.key.narrowed(*search.narrow);
  if (order) search.order = search.narrow->GetFieldIndex(order->name);
  search.beaten.assign(winners_->keys().size(), false);
  search.found.assign(winners_->keys().size(), false);

  read_.clear();
  std::vector<const lake::AddFile*> files;
  if (table != nullptr && winners_->keys().size() > 0) {
    for (const auto& [path, file] : table->files) {
      if (!bounds_->may_hold(file)) continue;
      read_.insert(file.path);
      files.push_back(&file);
      LT_RETURN_IF_ERROR(find_hits(file, static_cast<uint32_t>(files.size() - 1), search, wait));
    }
  }
  MergeOutcome outcome;
  const auto gathered = options_.make_writer();
  LT_RETURN_IF_ERROR(rewrite_touched(files, search, *gathered, outcome, wait));
  LT_RETURN_IF_ERROR(write_rows(search, *gathered, wait));
  LT_RETURN_IF_ERROR(finish_writer(*gathered, outcome.files, wait));
  count(search, outcome);
  return outcome;
}

Status Merge::find_hits(const lake::AddFile& file, uint32_t number, Search& search, const Wait& wait) const {
  int64_t first = 0;
  std::string bytes;
  const auto take = [&](const Batch& batch) -> Status {
    if (wait.over()) return merge_cut_short();
    const auto columns = search.key.columns_of(*batch);
    const auto order = search.order >= 0 ? batch->column(search.order) : nullptr;
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      bytes.clear();
      search.key.append(columns, row, bytes);
      const uint32_t key = winners_->keys().find(bytes);
      if (key == lake::KeyIndex::kNone) continue;
      search.hits.push_back({number, key, first + row});
      search.found[key] = true;
      if (!order || order->IsNull(row) || winners_->winner(key).kind == Winners::Kind::kDeleteKey) continue;
      options_.key.order->bytes.append(*order, row, bytes.assign(1, '\1'));
      if (bytes > winners_->order(key)) search.beaten[key] = true;
    }
    first += batch->num_rows();
    return {};
  };
  return lake::scan_file(*options_.store, options_.table_path, file, search.narrow, take, options_.memory);
}

Status Merge::rewrite_touched(const std::vector<const lake::AddFile*>& files, Search& search, lake::DataWriter& gathered, MergeOutcome& outcome, const Wait& wait) {
  std::map<uint32_t, std::vector<int64_t>> gone;  // rows by file, in their order
  for (const Hit& hit : search.hits) {
    if (!search.beaten[hit.key]) gone[hit.file].push_back(hit.row);
  }
  for (const auto& [number, rows] : gone) {
    const lake::AddFile& file = *files[number];
    outcome.removed.push_back(file);
    if (file.size < options_.target_file_bytes / kSmallPart) {
      LT_RETURN_IF_ERROR(rewrite(file, rows, gathered, outcome, wait));
      continue;
    }
    const auto alone = options_.make_writer();
    LT_RETURN_IF_ERROR(rewrite(file, rows, *alone, outcome, wait));
    LT_RETURN_IF_ERROR(finish_writer(*alone, outcome.files, wait));
  }
  return {};
}

Status Merge::rewrite(const lake::AddFile& file, const std::vector<int64_t>& gone, lake::DataWriter& writer, MergeOutcome& outcome, const Wait& wait) const {
  int64_t first = 0;
  auto next = gone.begin();
  const auto take = [&](const Batch& batch) -> Status {
    if (wait.over()) return merge_cut_short();
    LT_ASSIGN_OR_RETURN(const Batch kept, filtered(batch, [&](int64_t row) {
      if (next == gone.end() || *next != first + row) return true;
      ++next;
      return false;
    }, options_.memory));
    first += batch->num_rows();
    if (!kept) return {};
    outcome.copied += kept->num_rows();
    return writer.write(kept);
  };
  return lake::scan_file(*options_.store, options_.table_path, file, options_.table, take, options_.memory);
}

Status Merge::write_rows(const Search& search, lake::DataWriter& writer, const Wait& wait) const {
  for (const auto& lane : lanes_) {
    std::vector<bool> stays(static_cast<size_t>(lane->rows()), false);
    for (uint32_t key = 0; key < winners_->keys().size(); ++key) {
      const auto& winner = winners_->winner(key);
      if (winner.lane == lane->lane() && winner.kind == Winners::Kind::kRow && !search.beaten[key]) stays[winner.row] = true;
    }
    size_t first = 0;
    LT_RETURN_IF_ERROR(lane->read([&](const Batch& batch) -> Status {
      if (wait.over()) return merge_cut_short();
      LT_ASSIGN_OR_RETURN(const Batch kept, filtered(batch, [&](int64_t row) { return stays[first + static_cast<size_t>(row)]; }, options_.memory));
      first += static_cast<size_t>(batch->num_rows());
      return kept ? writer.write(kept) : Status();
    }));
  }
  return {};
}

void Merge::count(const Search& search, MergeOutcome& outcome) const {
  for (uint32_t key = 0; key < winners_->keys().size(); ++key) {
    if (search.beaten[key] || winners_->winner(key).kind != Winners::Kind::kRow) continue;
    ++(search.found[key] ? outcome.updated : outcome.inserted);
  }
  for (const Hit& hit : search.hits) {
    if (!search.beaten[hit.key] && winners_->winner(hit.key).kind != Winners::Kind::kRow) ++outcome.deleted;
  }
}

bool Merge::conflicts_with(const lake::FileChanges& changes) const {
  if (changes.unknown) return true;
  return std::ranges::any_of(changes.removed, [&](const auto& file) { return read_.contains(file.path); }) ||
         std::ranges::any_of(changes.added, [&](const auto& file) { return bounds_->may_hold(file); });
}

}  // namespace laketide
