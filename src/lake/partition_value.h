// Values of partition columns as text, and the paths made of them (protocol: "Partition Value Serialization").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::lake {

/// Fails `kUser` `bad_partition_column` unless rows of `schema` may be partitioned by `columns`: each is there, once, with
/// a type whose values name a partition (floats, bytes and nested types do not), and some column is left for the files.
Status check_partition_columns(const std::vector<std::string>& columns, const arrow::Schema& schema);

/// The text of row `row`; none for null, and for the empty string, which Delta cannot tell from null.
std::optional<std::string> partition_text(const arrow::Array& column, int64_t row);

/// The other way round, for reading: `length` times the value, as Arrow.
Result<std::shared_ptr<arrow::Array>> partition_array(const std::optional<std::string>& text,
                                                      const std::shared_ptr<arrow::DataType>& type, int64_t length);

/// `column=value` as a directory name in Hive's manner.
std::string partition_directory(std::string_view column, const std::optional<std::string>& text);

/// A physical path as the URI that `add.path` holds, and back.
std::string uri_encode(std::string_view path);
std::string uri_decode(std::string_view uri);

}  // namespace laketide::lake
