// The queries of a pipeline document: its own, and those of its sinks.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "execution/run_spec.h"
#include "sql/query.h"

namespace laketide {

/// What a run needs beside the document to bind its queries. Immutable.
struct QueryTerms {
  std::vector<std::string> hidden;  // pseudo-columns that the sinks ask for
  bool one_epoch = false;           // a job: everything is read before any window ends
  bool late_rows = false;           // the last sink takes the rows that come too late
};

/// Parsed; bound as soon as the columns are known. Immutable.
class DocumentQueries {
 public:
  /// Fails `kUser`: the syntax, or a table that the document does not name.
  static Result<DocumentQueries> parse(const config::PipelineSpec& pipeline, QueryTerms terms);

  /// A query names columns: without a schema there is nothing to bind it to.
  bool needs_schema() const { return needs_schema_; }

  /// What becomes of rows of these sources and static tables: a branch for each sink of the document, in its order, one more with late
  /// rows. Fails `kUser` with the place in the query, or where it cannot do what a sink's mode asks.
  Result<ChainPlan> bind(const Schemas& schemas, std::span<const sql::StaticTable> tables) const;

 private:
  struct SinkQuery {
    std::optional<sql::Query> select;  // none: the pipeline's result as it is
    OutputMode mode = OutputMode::kAppend;
    bool marks_deletes = false;        // its last column says which rows are deletes
    std::vector<std::string> key;      // as the document names it; empty: what the query says
  };
  /// Bound: what one sink, or late rows, asks for.
  struct Asked {
    sql::BoundQuery query;
    OutputMode mode;
    std::vector<std::string> key;  // of its sink
  };

  explicit DocumentQueries(sql::Query main) : main_(std::move(main)) {}

  static Result<sql::BoundQuery> late_query(const std::vector<Asked>& all);
  Status check_asked(const Asked& asked) const;
  Result<std::vector<Asked>> bind_each(std::span<const sql::SourceTable> sources, std::span<const sql::StaticTable> tables) const;
  void add_event_times(ChainPlan& plan, std::span<const sql::SourceTable> sources) const;

  sql::Query main_;
  std::vector<SinkQuery> sinks_;
  std::vector<sql::SourceTable> sources_;  // without their schemas
  std::map<std::string, std::optional<std::chrono::microseconds>> skews_;  // max_future_skew, by source
  sql::StateBound bound_ = sql::StateBound::kRequired;
  QueryTerms terms_;
  bool needs_schema_ = false;
};

}  // namespace laketide
