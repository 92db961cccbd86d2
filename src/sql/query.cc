#include "sql/query.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <arrow/type.h>

#include "sql/explain.h"
#include "sql/grouping.h"
#include "sql/lowering.h"
#include "sql/parser.h"
#include "sql/query_text.h"
#include "sql/row_key.h"
#include "sql/select_binder.h"

namespace laketide::sql {
namespace {

void add_missing(std::vector<std::string>& to, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(name);
  }
}

Result<PlanPtr> scan_plan(const SourceTable& source) {
  PlanPtr scan = make_scan(Scan{{source.name, source.topic}, source.pseudo_columns, source.event_time, source.schema, {}, false}, source.schema);
  if (source.deduplicate.empty()) return scan;
  const QueryText text("", "sources." + source.name + ".deduplicate.key");
  for (const std::string& name : source.deduplicate) {
    const auto field = source.schema->GetFieldByName(name);
    if (!field) return Status::user("sql_unknown_column", "the source has no column of this name: " + name, "sources." + source.name + ".deduplicate.key");
    LT_RETURN_IF_ERROR(check_groupable(expr::Type::of(*field), "deduplicate", 0, text));
  }
  return make_first_rows_node(std::move(scan), {"deduplicate_" + source.name, source.deduplicate, source.event_time, source.within});
}

void collect_tables(const SelectSyntax& select, std::set<std::string> own, std::vector<FromSyntax>& tables);

void collect_tables(const FromSyntax& from, const std::set<std::string>& own, std::vector<FromSyntax>& tables) {
  if (from.join) {
    collect_tables(from.join->left, own, tables);
    collect_tables(from.join->right, own, tables);
  } else if (from.subquery) {
    collect_tables(*from.subquery, own, tables);
  } else if (!own.contains(from.table)) {
    tables.push_back(from);
  }
}

void collect_tables(const Syntax& expression, const std::set<std::string>& own, std::vector<FromSyntax>& tables) {
  if (expression.subquery) collect_tables(*expression.subquery, own, tables);
  for (const Syntax& arg : expression.args) collect_tables(arg, own, tables);
}

// Finds the tables that a SELECT reads, its own WITH aside.
void collect_tables(const SelectSyntax& select, std::set<std::string> own, std::vector<FromSyntax>& tables) {
  for (const NamedSelect& named : select.with) {
    collect_tables(*named.select, own, tables);
    own.insert(named.name);
  }
  for (const auto& part : select.union_of) collect_tables(*part, own, tables);
  if (!select.union_of.empty()) return;
  collect_tables(select.from, own, tables);
  if (select.where) collect_tables(*select.where, own, tables);
}

// What the plan's scans of one source ask for.
void add_reads(const PlanNode& plan, const std::string& source, std::set<std::string>& columns, std::vector<std::string>& hidden) {
  for (const PlanNode* node : scans_of(plan)) {
    const auto& scan = std::get<Scan>(node->step);
    if (scan.origin.source != source) continue;
    for (const auto& field : node->output->fields()) columns.insert(field->name());
    add_missing(hidden, scan.hidden);
  }
}

Schema fields_of(const arrow::Schema& schema, const std::set<std::string>& names) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    if (names.contains(field->name())) fields.push_back(field);
  }
  return arrow::schema(std::move(fields));
}

void read_columns(BoundQuery& query) {
  std::set<std::string> names;
  const Scan& first = scan_of(*query.plan);
  add_reads(*query.plan, first.origin.source, names, query.hidden);
  query.columns = fields_of(*first.all, names);
}

BoundQuery bound(PlanPtr whole) {
  BoundQuery query;
  query.output = whole->output;
  std::set<std::string> needed;
  for (const auto& field : whole->output->fields()) needed.insert(field->name());
  query.plan = prune(whole, needed);
  query.memory = memory_of(query.plan);
  if (query.memory) query.key = row_key(*query.plan, *query.memory).value_or(std::vector<std::string>());
  if (!query.memory && can_fail(*query.plan) && scan_of(*whole).pseudo_columns) {
    for (std::string& place : place_columns(scan_of(*whole).origin)) needed.insert(std::move(place));
    query.plan = prune(whole, needed);
  }
  query.whole = std::move(whole);
  read_columns(query);
  query.explain = explain(*query.plan, {});
  return query;
}

}  // namespace

struct Query::Parsed {
  QueryText text;
  std::shared_ptr<const SelectSyntax> select;
};

Result<std::vector<std::unique_ptr<Operator>>> BoundQuery::operators(const Decoded& decoded, Context& context, const std::string& source) const {
  return lower_above(*plan, memory.get(), source, decoded, context);
}

Result<std::vector<std::unique_ptr<Operator>>> make_head(const Entry& entry, const std::string& source, const Decoded& decoded, LateCounting late, Context& context) {
  return lower_head(entry, source, decoded, late, context);
}

Result<std::vector<std::unique_ptr<Operator>>> make_tail(const PlanNode& memory, OutputMode mode, Context& context, state::StateTables& tables) {
  return lower_tail(memory, mode, context, tables);
}

std::string explain(const BoundQuery& query, OutputMode mode) { return explain(*query.plan, mode); }

Decoded decode_for(const SourceTable& source, std::span<const BoundQuery> queries, const std::vector<std::string>& sink_hidden) {
  Decoded decoded;
  std::set<std::string> names{source.event_time};
  for (const BoundQuery& query : queries) add_reads(*query.plan, source.name, names, decoded.hidden);
  if (source.pseudo_columns) add_missing(decoded.hidden, sink_hidden);
  decoded.columns = fields_of(*source.schema, names);
  return decoded;
}

Result<BoundQuery> Query::bind(std::span<const SourceTable> sources, std::span<const StaticTable> tables) const {
  Tables scans;
  for (const SourceTable& source : sources) {
    LT_ASSIGN_OR_RETURN(scans[source.name], scan_plan(source));
  }
  return bind_over({}, std::move(scans), tables);
}

Result<BoundQuery> Query::bind(const SourceTable& source, std::span<const StaticTable> tables) const { return bind(std::span(&source, 1), tables); }

Result<BoundQuery> Query::bind(const BoundQuery& result, std::span<const StaticTable> tables) const {
  return bind_over({{"result", result.whole}}, result.sources, tables);
}

Result<BoundQuery> Query::bind_over(Tables known, Tables sources, std::span<const StaticTable> tables) const {
  known.insert(sources.begin(), sources.end());
  if (sources.size() == 1) known.emplace("source", sources.begin()->second);
  for (const StaticTable& table : tables) {
    known.emplace(table.name, make_scan(Scan{{table.name, ""}, false, "", table.schema, {}, true}, table.schema));
  }
  LT_ASSIGN_OR_RETURN(PlanPtr plan, bind_select(*parsed_->select, parsed_->text, known));
  if (is_static(*plan)) {
    return parsed_->text.refuse("sql_unsupported", 0, "this query reads static tables alone, which no record moves on: join a source with them");
  }
  BoundQuery query = bound(std::move(plan));
  query.sources = std::move(sources);
  return query;
}

Status Query::check_tables(std::span<const std::string> names) const {
  std::vector<FromSyntax> tables;
  collect_tables(*parsed_->select, {}, tables);
  for (const FromSyntax& table : tables) {
    if (std::find(names.begin(), names.end(), table.table) != names.end()) continue;
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return parsed_->text.refuse("sql_unknown_table", table.at, "there is no table '" + table.table + "'; there is: " + all);
  }
  return {};
}

bool Query::selects_all() const {
  const SelectSyntax& select = *parsed_->select;
  return select.items.size() == 1 && select.items[0].value.kind == Syntax::Kind::kStar && !select.where && !select.distinct && select.distinct_on.empty() && select.order_by.empty() && !select.limit && select.offset == 0 && select.group_by.empty() &&
         !select.having && select.union_of.empty() && !select.from.subquery && !select.from.join &&
         select.with.empty();
}

Result<Query> parse_query(std::string_view text, std::string_view origin) {
  QueryText query{std::string(text), std::string(origin)};
  LT_ASSIGN_OR_RETURN(auto select, parse(query));
  return Query(std::make_shared<const Query::Parsed>(Query::Parsed{std::move(query), std::move(select)}));
}

Query select_all() { return parse_query("SELECT * FROM source", "sql").value(); }

}  // namespace laketide::sql
