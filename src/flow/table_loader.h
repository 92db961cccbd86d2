// The seam to where a static table's content comes from.
#pragma once

#include <optional>
#include <string>

#include <arrow/type_fwd.h>

#include "base/wait.h"
#include "flow/static_tables.h"
#include "laketide/status.h"

namespace laketide {

/// Reads a table whole, as one consistent content. Called on an io actor. Confined to its task.
class TableLoader {
 public:
  virtual ~TableLoader() = default;
  /// `known` is the mark of the content that the caller has; none: the table still has that one. The version is the caller's to set. Fails
  /// `kUser` for what the document has wrong (no such table, a type that cannot be read), `kExternal` for a server that is away.
  virtual Result<std::optional<TableContent>> load(const std::string& known, arrow::MemoryPool* memory, const Wait& wait) = 0;
};

}  // namespace laketide
