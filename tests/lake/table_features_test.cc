#include "lake/table_features.h"

#include <gtest/gtest.h>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

namespace laketide::lake {
namespace {

struct FeatureCase {
  const char* name;
  Protocol protocol;
  TextMap configuration;
  const char* column_key;  // metadata key on the only column; null: none
  const char* refused_by;  // a word of the refusal; null: appendable
};

Protocol legacy(int reader, int writer) { return Protocol{reader, writer, {}, {}}; }
Protocol named(std::vector<std::string> writer, std::vector<std::string> reader = {}) {
  return Protocol{reader.empty() ? 1 : 3, 7, std::move(reader), std::move(writer)};
}

class AppendTest : public ::testing::TestWithParam<FeatureCase> {};

TEST_P(AppendTest, follows_the_protocol) {
  const FeatureCase& c = GetParam();
  auto field = arrow::field("a", arrow::int64());
  if (c.column_key) field = field->WithMetadata(arrow::key_value_metadata({c.column_key}, {"x"}));
  Metadata metadata;
  metadata.configuration = c.configuration;
  const Status status = check_appendable(c.protocol, metadata, *arrow::schema({field}));
  if (c.refused_by == nullptr) {
    EXPECT_TRUE(status.ok()) << status.to_string();
  } else {
    EXPECT_EQ(status.code(), "unsupported_table");
    EXPECT_NE(status.detail().find(c.refused_by), std::string_view::npos) << status.detail();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tables, AppendTest,
    ::testing::Values(
        FeatureCase{"ours", legacy(1, 2), {}, nullptr, nullptr},
        FeatureCase{"append_only", legacy(1, 2), {{"delta.appendOnly", "true"}}, nullptr, nullptr},
        FeatureCase{"an_invariant", legacy(1, 2), {}, "delta.invariants", "delta.invariants"},
        FeatureCase{"legacy_3_without_constraints", legacy(1, 3), {}, nullptr, nullptr},
        FeatureCase{"legacy_3_with_one", legacy(1, 3), {{"delta.constraints.positive", "id > 0"}}, nullptr, "delta.constraints"},
        FeatureCase{"legacy_6_unused", legacy(2, 6), {}, nullptr, nullptr},
        FeatureCase{"change_data_feed", legacy(1, 4), {{"delta.enableChangeDataFeed", "true"}}, nullptr, nullptr},
        FeatureCase{"a_generated_column", legacy(1, 4), {}, "delta.generationExpression", "generated"},
        FeatureCase{"an_identity_column", legacy(1, 6), {}, "delta.identity.start", "identity"},
        FeatureCase{"column_mapping", legacy(2, 5), {{"delta.columnMapping.mode", "name"}}, nullptr, "delta.columnMapping.mode"},
        FeatureCase{"no_column_mapping", legacy(2, 5), {{"delta.columnMapping.mode", "none"}}, nullptr, nullptr},
        FeatureCase{"check_constraints_named", named({"checkConstraints"}), {}, nullptr, "checkConstraints"},
        FeatureCase{"row_tracking", named({"rowTracking", "domainMetadata"}), {}, nullptr, "rowTracking"},
        FeatureCase{"iceberg", named({"icebergCompatV2"}), {}, nullptr, "icebergCompatV2"},
        FeatureCase{"variant", named({"variantType"}, {"variantType"}), {}, nullptr, "variantType"},
        FeatureCase{"catalog_managed", named({"catalogManaged"}, {"catalogManaged"}), {}, nullptr, "catalogManaged"},
        FeatureCase{"from_the_future", named({"timeTravelAgent"}), {}, nullptr, "timeTravelAgent"},
        FeatureCase{"timestamp_ntz", named({"timestampNtz"}, {"timestampNtz"}), {}, nullptr, nullptr},
        FeatureCase{"deletion_vectors", named({"deletionVectors"}, {"deletionVectors"}), {}, nullptr, nullptr},
        FeatureCase{"v2_checkpoint", named({"v2Checkpoint"}, {"v2Checkpoint"}), {}, nullptr, nullptr},
        FeatureCase{"clustering", named({"clustering", "domainMetadata"}), {}, nullptr, nullptr},
        FeatureCase{"type_widening", named({"typeWidening"}, {"typeWidening"}), {}, nullptr, nullptr},
        FeatureCase{"writer_8", legacy(1, 8), {}, nullptr, "writer version 8"},
        FeatureCase{"reader_4", legacy(4, 7), {}, nullptr, "reader version 4"},
        FeatureCase{"forgetful_progress", legacy(1, 2), {{"delta.setTransactionRetentionDuration", "interval 1 day"}}, nullptr,
             "delta.setTransactionRetentionDuration"}),
    [](const auto& info) { return info.param.name; });

TEST(TableFeatures, new_tables_ask_for_no_more_than_they_need) {
  const auto zoned = arrow::schema({arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
  EXPECT_EQ(protocol_for(*zoned), Protocol{});
  const auto deep = arrow::schema({arrow::field("l", arrow::list(arrow::struct_({arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO))})))});
  EXPECT_EQ(protocol_for(*deep), (Protocol{3, 7, {"timestampNtz"}, {"timestampNtz", "appendOnly", "invariants"}}));
}

}  // namespace
}  // namespace laketide::lake
