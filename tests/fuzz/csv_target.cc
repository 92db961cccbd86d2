// A CSV record: a row or a refusal, and a naive reader finds the same values.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

#include "formats/csv/csv_format.h"
#include "fuzz/target.h"
#include "support/sample_records.h"

namespace laketide::fuzz {
namespace {

using Fields = std::vector<std::optional<std::string>>;

/// None: quotes out of place. An empty field without quotes is NULL.
std::optional<Fields> naive(std::string_view line) {
  Fields fields;
  for (size_t at = 0;; ++at) {
    std::string value;
    const bool quoted = at < line.size() && line[at] == '"';
    if (quoted) {
      for (++at;; ++at) {
        if (at >= line.size()) return std::nullopt;
        if (line[at] != '"') value += line[at];
        else if (at + 1 < line.size() && line[at + 1] == '"') value += line[at++];
        else break;
      }
      ++at;
      if (at < line.size() && line[at] != ',') return std::nullopt;
    } else {
      for (; at < line.size() && line[at] != ','; ++at) value += line[at];  // a quote inside is one
    }
    fields.push_back(value.empty() && !quoted ? std::nullopt : std::optional(value));
    if (at >= line.size()) return fields;
  }
}

}  // namespace

void read_bytes(std::string_view bytes) {
  static Context context{.memory = arrow::default_memory_pool()};
  static const auto format = csv::make_csv_format({.schema = "a text, b text, c text"}).value();
  static const auto decoder = format->open(format->schema(), {}, context).value();
  SampleRecords sample;
  sample.add(std::string(bytes));
  Batch batch;
  Rejects rejects;
  const Status status = decoder->decode(sample.records(), batch, rejects);
  must(status.ok(), "the decoder failed", status.to_string());
  must((batch ? batch->num_rows() : 0) + static_cast<int64_t>(rejects.size()) == 1, "neither a row nor a reject, or both", bytes);
  if (!batch) return;
  must(batch->ValidateFull().ok(), "the columns are not whole", bytes);
  const auto fields = naive(bytes);
  must(fields && fields->size() == 3, "taken, and it is no such record", bytes);
  for (int i = 0; i < 3; ++i) {
    const auto& column = static_cast<const arrow::StringArray&>(*batch->column(i));
    const auto& due = (*fields)[static_cast<size_t>(i)];
    must(column.IsNull(0) ? !due : due && column.GetView(0) == *due, "another value", bytes);
  }
}

}  // namespace laketide::fuzz
