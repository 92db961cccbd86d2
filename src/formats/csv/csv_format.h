// CSV records: one row a record, by the rules of RFC 4180.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "flow/decoder.h"
#include "laketide/status.h"

namespace laketide::csv {

/// Immutable.
struct CsvFormatOptions {
  std::string schema;  // SQL column list, declared or learnt; empty: to be inferred
  char delimiter = ',';
  /// The record with the columns' names, asked when records are about to come; not set: there is none, and columns are those of the
  /// schema by their place, or column1, column2, …
  std::function<std::string()> header;
};

/// With a header, columns are found by their names, and those of it that the schema does not have are passed over. An empty value without
/// quotes is NULL. Records that have another number of values than the header are rejected as wrong_field_count, those with a quote
/// out of place as bad_csv, and values of the wrong type as formats/json does, whose table of types holds: a row becomes JSON text on
/// its way. Fails `kUser` bad_schema; a decoder is refused with header_differs where the header lacks a column of the schema.
Result<std::unique_ptr<Format>> make_csv_format(CsvFormatOptions options);

}  // namespace laketide::csv
