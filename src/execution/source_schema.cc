#include "execution/source_schema.h"

#include <algorithm>

#include "execution/schema_sample.h"
#include "flow/schema_text.h"

namespace laketide {
namespace {

Result<Schema> learn(RunSpec& run, const RunSource& source, const Format& format, const SourceStanding& standing, const Wait& wait) {
  const bool is_empty = std::ranges::all_of(standing.bounds, [&](const auto& one) { return one.first.source != source.name || one.second.low == one.second.high; });
  if (run.needs_schema && is_empty) {
    return Status::user("schema_needed", "the query names columns, and the topic has no record yet from which they could be learnt; declare them "
                                         "(format: { json: { schema: \"id bigint, ts timestamptz\" } }), or start again when there are records", "sources");
  }
  return sample_schema(run, source, format, standing.positions, wait);
}

}  // namespace

Result<Schema> find_schema(RunSpec& run, const RunSource& source, const SourceStanding& standing, Ledger& ledger, const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const Schema declared, declared_schema(source));
  if (declared) return declared;
  if (!source.make_format) return source.source->row_schema(wait);
  LT_ASSIGN_OR_RETURN(auto pinned, ledger.pinned_schema(source.schema_pin));
  if (pinned) return parse_schema_text(*pinned);
  LT_ASSIGN_OR_RETURN(const auto format, source.make_format(""));
  Schema schema;
  if (standing.plan && standing.plan->schemas.contains(source.name)) {
    LT_ASSIGN_OR_RETURN(schema, parse_schema_text(standing.plan->schemas.at(source.name)));
  } else {
    LT_ASSIGN_OR_RETURN(schema, learn(run, source, *format, standing, wait));
  }
  if (!source.schema_pin.empty()) LT_RETURN_IF_ERROR(ledger.pin_schema(source.schema_pin, to_schema_text(*schema)));
  return schema;
}

}  // namespace laketide
