#include "sinks/delta/delta_writer.h"

namespace laketide {

DeltaStaged::DeltaStaged(std::vector<lake::DataFile> list) : files_(std::move(list)) {
  for (const auto& file : files_) {
    rows_ += file.rows;
    bytes_ += file.size;
  }
}

namespace {

/// Confined to its task.
class DeltaWriter final : public Writer {
 public:
  DeltaWriter(RowShape shape, std::unique_ptr<lake::DataWriter> files, CheckRows check, std::shared_ptr<EpochId> open_epoch)
      : shape_(std::move(shape)), files_(std::move(files)), check_(std::move(check)), open_epoch_(std::move(open_epoch)) {}

  Result<Step> write(const Batch& batch, Rejects&) override {
    LT_RETURN_IF_ERROR(check_(*batch));
    LT_ASSIGN_OR_RETURN(const Batch rows, shape_.apply(batch));
    LT_RETURN_IF_ERROR(files_->write(rows));
    return Step::kReady;
  }

  // Closing a file encodes what its last row group holds: one file a call keeps the step short.
  Result<Step> end_epoch(EpochId epoch, std::unique_ptr<Staged>& staged, Rejects&) override {
    std::vector<lake::DataFile> done;
    LT_ASSIGN_OR_RETURN(const bool all, files_->finish(done));
    if (!all) return Step::kMore;
    staged = std::make_unique<DeltaStaged>(std::move(done));
    *open_epoch_ = after(epoch);
    return Step::kDone;
  }

 private:
  const RowShape shape_;
  std::unique_ptr<lake::DataWriter> files_;
  const CheckRows check_;
  std::shared_ptr<EpochId> open_epoch_;
};

}  // namespace

std::unique_ptr<Writer> make_delta_writer(RowShape shape, std::unique_ptr<lake::DataWriter> files, CheckRows check, std::shared_ptr<EpochId> open_epoch) {
  return std::make_unique<DeltaWriter>(std::move(shape), std::move(files), std::move(check), std::move(open_epoch));
}

}  // namespace laketide
