// What a table asks of those who read or append to it, and whether we can give it.
#pragma once

#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "lake/actions.h"
#include "laketide/status.h"

namespace laketide::lake {

/// The protocol of a table that we create: (1,2), or (3,7) with timestampNtz where a column needs it.
Protocol protocol_for(const arrow::Schema& schema);

/// Fails `kUser` `unsupported_table`, naming the feature, unless rows can be appended without breaking what the table's
/// features promise. `schema` is the table's. To be asked at each start and again at each foreign protocol or metadata.
Status check_appendable(const Protocol& protocol, const Metadata& metadata, const arrow::Schema& schema);

/// Likewise for taking rows out again: by whole files that are replaced (`changes_rows`: some of whose rows stay), as a merge does, or
/// all at once.
Status check_rewritable(const Protocol& protocol, const Metadata& metadata, const arrow::Schema& schema, bool changes_rows);

/// Likewise for reading the rows of files that carry no deletion vector.
Status check_readable(const Protocol& protocol, const Metadata& metadata);

bool has_writer_feature(const Protocol& protocol, std::string_view feature);
/// The value of a table property; empty if it is not set.
std::string property(const Metadata& metadata, const std::string& key);
/// True for "true" in any case.
bool property_is_true(const Metadata& metadata, const std::string& key);

}  // namespace laketide::lake
