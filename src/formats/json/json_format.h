// JSON records: one object a record.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "flow/batch.h"
#include "flow/decoder.h"
#include "laketide/status.h"

namespace laketide::json {

/// Fields that the schema does not have are kept here under schema_policy rescue: a JSON object as text, null if there were none.
inline constexpr std::string_view kRescuedColumn = "_rescued";

/// `format: {json: …}`. Immutable.
struct JsonFormatOptions {
  /// SQL column list, declared by the user or pinned from an inference; empty: to be inferred. Once a schema is pinned, make the
  /// format anew with its text: only then are its names told from unknown ones when fewer columns are wanted.
  std::string schema;
  std::string tombstones = "row";  // row: all columns null | skip. delete is refused as unsupported
  std::string schema_policy;       // ignore | rescue | fail; empty: rescue if inferred or the schema has _rescued, else ignore
};

/// Fails `kUser`: bad_schema, bad_value, unsupported.
Result<std::unique_ptr<Format>> make_json_format(JsonFormatOptions options);

}  // namespace laketide::json
