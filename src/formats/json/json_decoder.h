// Turns JSON records into rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/decoder.h"

namespace laketide::json {

/// What happens to fields that the schema does not have.
enum class UnknownFields { kIgnore, kRescue, kFail };

/// What one decoder produces. Immutable.
struct JsonDecoderOptions {
  Schema known;   // the whole schema
  Schema wanted;  // the columns to produce
  std::vector<std::string> hidden;
  UnknownFields unknown = UnknownFields::kIgnore;
  bool skip_tombstones = false;
};

/// A decoder with a parser of its own. Of a field that occurs twice the last one counts, as in Spark and in PostgreSQL's jsonb. Fields of
/// columns that are not wanted must be JSON, but their types are not looked at. Reject codes: bad_json (no JSON at all, not UTF-8,
/// something behind the object, nested deeper than 128), not_an_object, wrong_type, missing_field (no value for a `not null` column),
/// unknown_field.
Result<std::unique_ptr<Decoder>> make_json_decoder(JsonDecoderOptions options, Context& context);

}  // namespace laketide::json
