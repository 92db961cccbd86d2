// A query: parsed when a pipeline is deployed, bound when the schema of its source is known.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/batch.h"
#include "laketide/status.h"
#include "operators/aggregate.h"
#include "sql/plan.h"

namespace laketide::sql {

/// A source as a query sees it. `FROM source` names it too where it is the only one. Immutable.
struct SourceTable {
  std::string name;
  Schema schema;
  std::string topic;           // the one topic; empty: several
  bool pseudo_columns = true;  // false: its rows are made, not read
  std::string event_time;      // column of the source's event time, decoded in any case; empty: none
  std::vector<std::string> deduplicate;      // key of `deduplicate:`; empty: every row counts
  std::optional<int64_t> within;             // of it, microseconds of event time; none: for ever
};

/// A table beside the sources whose whole content each epoch sees at one version. Immutable.
struct StaticTable {
  std::string name;
  Schema schema;
};

/// A query with its types. `columns` are what it needs decoded of its first source, a subset of the source's schema in its order; `hidden`
/// the pseudo-columns it needs behind them, also those by which a row that cannot be computed is found again. Immutable.
struct BoundQuery {
  Schema output;  // of its rows, without hidden columns
  Schema columns;
  std::vector<std::string> hidden;
  std::string explain;  // for no mode in particular
  PlanPtr plan;
  PlanPtr whole;  // before columns were left out; what `result` is bound to
  std::map<std::string, PlanPtr> sources;  // their rows by name, the same nodes for every query of the pipeline
  /// The topmost step that remembers (GROUP BY, DISTINCT, …): lanes do what is below it, one tail behind all lanes does it, and
  /// `operators` is what stands above it. The same node in every query bound to one `result`, so that its memory is kept once. Null:
  /// the query remembers nothing.
  PlanPtr memory;
  /// Columns of the output that tell its rows apart (the group's keys); empty: none do.
  std::vector<std::string> key;

  /// For one lane, behind a decoder that gives `decoded` (see `decode_for`); with `memory`, behind the tail, whose rows carry `_change`.
  /// None: rows go through as they are.
  /// `source`: whose rows the lane has; of a UNION only the branches over that source are in it. Empty: behind a tail, or the only one.
  Result<std::vector<std::unique_ptr<Operator>>> operators(const Decoded& decoded, Context& context, const std::string& source = {}) const;
};

/// What a lane of `source` does below a step that remembers, by an entry of it (plan.h: entries_of): its last operator gives partial results
/// at the end of an epoch.
Result<std::vector<std::unique_ptr<Operator>>> make_head(const Entry& entry, const std::string& source, const Decoded& decoded, LateCounting late, Context& context);
/// The step itself, and whatever below it also remembers, behind all lanes; its first operator has a port for each entry. State is declared
/// in `tables`.
Result<std::vector<std::unique_ptr<Operator>>> make_tail(const PlanNode& memory, OutputMode mode, Context& context, state::StateTables& tables);
/// The plan as text for one mode: with what each step that remembers keeps, how long, and when it gives it.
std::string explain(const BoundQuery& query, OutputMode mode);
/// How a run ends: never, or in the one epoch that it has, behind which nothing comes (a job that is atomic).
enum class Ending { kNone, kOneEpoch };
/// Whether what is remembered has to be bounded: `state: unbounded` in a document says that it need not.
enum class StateBound { kRequired, kNone };
/// Whether the step can be run in that mode over a source with or without event time; fails `kUser` `bad_output_mode` saying which
/// modes can be, and why (an append of groups that never end, ORDER BY of rows without end, …), `join_unbounded` for a join of which
/// nothing says how long its rows are kept.
Status check_mode(const PlanNode& memory, OutputMode mode, const std::string& event_time, Ending ending = Ending::kNone, StateBound bound = StateBound::kRequired);
/// What stands above the step must be able to follow the changes of its rows; fails the same way.
Status check_changes(const BoundQuery& query, OutputMode mode);
/// What its state looks like, as text: names, keys and types, mode; state goes on with a changed query if this is the same.
std::string state_shape(const PlanNode& memory, OutputMode mode);

/// The rows that came too late for the window of the query's lowest GROUP BY: window_start and window_end, once for each window that
/// was lost on them, the source's columns, and where they come from. Each lane finds its own, when the epoch ends. Fails `kUser`
/// `bad_late_rows` for a query whose late rows cannot be told one by one.
Result<BoundQuery> bind_late_rows(const BoundQuery& query);

/// What one decoder must give so that all of `queries` can stand behind it: their columns in the source's order, their hidden
/// columns and those that the sinks ask for.
Decoded decode_for(const SourceTable& source, std::span<const BoundQuery> queries, const std::vector<std::string>& sink_hidden);

/// A parsed query. Immutable.
class Query {
 public:
  /// The pipeline's query, over its sources and static tables.
  Result<BoundQuery> bind(std::span<const SourceTable> sources, std::span<const StaticTable> tables = {}) const;
  Result<BoundQuery> bind(const SourceTable& source, std::span<const StaticTable> tables = {}) const;
  /// A sink's `select:`, over `result` (the pipeline's bound query) or over the sources that it was bound to.
  Result<BoundQuery> bind(const BoundQuery& result, std::span<const StaticTable> tables = {}) const;
  /// Whether it reads only tables of these names; to be asked before the schema is known. Fails sql_unknown_table.
  Status check_tables(std::span<const std::string> names) const;
  /// SELECT * without anything else: it needs no schema.
  bool selects_all() const;

 private:
  friend Result<Query> parse_query(std::string_view text, std::string_view origin);
  struct Parsed;
  Result<BoundQuery> bind_over(std::map<std::string, PlanPtr> known, std::map<std::string, PlanPtr> sources, std::span<const StaticTable> tables) const;
  explicit Query(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

  std::shared_ptr<const Parsed> parsed_;
};

/// Parses by PostgreSQL's grammar. `origin` begins every message: "a.yaml: sql". Fails `kUser` sql_syntax or sql_unsupported.
Result<Query> parse_query(std::string_view text, std::string_view origin);
/// SELECT * FROM source.
Query select_all();

}  // namespace laketide::sql
