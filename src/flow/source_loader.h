// A source read whole, as the content of a static table.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "flow/decoder.h"
#include "flow/source.h"
#include "flow/table_loader.h"
#include "laketide/status.h"

namespace laketide {

/// A source as it stands now, which does not grow. Immutable.
struct WholeSource {
  std::string name;
  std::shared_ptr<Source> source;
  /// As RunSource has it: the format for a schema that is known by now, or for none as the document says. Not set: the source has rows.
  std::function<Result<std::shared_ptr<Format>>(const std::string& schema_text)> make_format;
};

/// `open` is called for each load, as a source stays at what it once found. A source whose snapshot is that of the content before is not
/// read again. A schema that is not declared is learnt from all its records. A record that cannot be decoded fails the load, `kUser`
/// static_table: a table without it would join other rows.
std::unique_ptr<TableLoader> make_source_loader(std::function<Result<WholeSource>()> open);

}  // namespace laketide
