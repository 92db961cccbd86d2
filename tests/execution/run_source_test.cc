// Several sources of a run as one: what each is read at, kept together.
#include "execution/run_source.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

/// A source that has nothing but a snapshot. Thread-safe.
class Pinned final : public Source {
 public:
  explicit Pinned(SourceSnapshot snapshot) : snapshot_(std::move(snapshot)) {}
  Result<PartitionBounds> bounds(const Wait&) override { return PartitionBounds(); }
  Result<Positions> at_time(Instant, const Wait&) override { return Positions(); }
  SourceSnapshot snapshot() const override { return snapshot_; }
  bool grows() const override { return snapshot_.pin.empty(); }
  Result<std::unique_ptr<Reader>> open(Context&) override { return Status::internal("no_reader", "it has none"); }
  Status mirror(const Positions&, const Wait&) override { return {}; }
  Result<std::optional<Reject>> fetch(const SourcePartition&, RecordOffset, const Wait&) override { return std::optional<Reject>(); }

 private:
  const SourceSnapshot snapshot_;
};

RunSource source(const std::string& name, SourceSnapshot snapshot) {
  RunSource one;
  one.name = name;
  one.source = std::make_shared<Pinned>(std::move(snapshot));
  return one;
}

TEST(RunSource, EachOfSeveralFindsWhatItWasReadAt) {
  const std::vector<RunSource> all{source("orders", {R"({"version":3})", R"({"rows":7})"}), source("clicks", {}), source("users", {R"(["u.csv"])", R"({"files":1})"})};
  const auto both = together(all);
  const SourceSnapshot kept = both->snapshot();
  EXPECT_EQ(kept.shown, R"({"orders":{"rows":7},"users":{"files":1}})");
  EXPECT_EQ(pin_of(kept.pin, "orders", 3).value(), R"({"version":3})");
  EXPECT_EQ(pin_of(kept.pin, "users", 3).value(), R"(["u.csv"])");
  EXPECT_EQ(pin_of(kept.pin, "clicks", 3).value(), "");
  EXPECT_EQ(pin_of("", "orders", 3).value(), "");
  EXPECT_EQ(pin_of("7", "orders", 3).status().code(), "bad_pin");
  EXPECT_FALSE(both->grows());
  EXPECT_TRUE(together({source("a", {}), source("b", {})})->grows());
  EXPECT_EQ(together({all[0]})->snapshot().pin, R"({"version":3})");
  EXPECT_EQ(pin_of(R"({"version":3})", "orders", 1).value(), R"({"version":3})");
}

}  // namespace
}  // namespace laketide
