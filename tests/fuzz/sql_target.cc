// A query: refused with a place and a word, or bound, explained and made into operators, in every mode that it can be run in.
#include <string>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include "flow/change.h"
#include "fuzz/target.h"
#include "sql/query.h"
#include "sql/table_text.h"

namespace laketide::fuzz {
namespace {

const sql::SourceTable& source() {
  static const sql::SourceTable table{
    "events", schema_of_text("id int, big bigint, v double, name text, ts timestamptz, day date, ok boolean, n numeric(10,2), j jsonb, b bytea"), "t", true, "ts"};
  return table;
}
const std::vector<sql::StaticTable>& tables() {
  static const std::vector<sql::StaticTable> all{{"products", schema_of_text("id bigint, name text, price numeric(12,4), active boolean")}};
  return all;
}

void make_operators(const sql::BoundQuery& query) {
  Context context;
  context.memory = arrow::default_memory_pool();
  if (query.memory) {
    for (const OutputMode mode : {OutputMode::kAppend, OutputMode::kUpdate, OutputMode::kComplete}) {
      const Status runs = sql::check_mode(*query.memory, mode, "ts");
      must_be_refusal(runs);
      if (runs.ok()) must(!sql::explain(query, mode).empty(), "a plan without a text");
    }
    return;
  }
  const auto made = query.operators(sql::decode_for(source(), {&query, 1}, {}), context);
  if (!made.ok() && made.status().code() != "static_table") must_be_refusal(made.status());
}

}  // namespace

void read_bytes(std::string_view bytes) {
  const auto query = sql::parse_query(bytes, "sql");
  if (!query.ok()) return must_be_refusal(query.status());
  const auto bound = query->bind(source(), tables());
  if (!bound.ok()) return must_be_refusal(bound.status());
  must(!bound->explain.empty() && bound->output != nullptr, "bound without a plan", bytes);
  make_operators(*bound);
  const auto again = query->bind(source(), tables());
  must(again.ok() && again->explain == bound->explain, "bound twice it is two queries", bytes);
}

}  // namespace laketide::fuzz
