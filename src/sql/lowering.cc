#include "sql/lowering.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <arrow/type.h>

#include "flow/change.h"
#include "flow/pseudo_columns.h"
#include "operators/branches.h"
#include "operators/confluence.h"
#include "operators/deduplicate.h"
#include "operators/delayed.h"
#include "operators/epoch_columns.h"
#include "operators/filter.h"
#include "operators/late_count.h"
#include "operators/late_rows.h"
#include "operators/lookup_join.h"
#include "operators/project.h"
#include "operators/sort.h"
#include "operators/stream_join.h"
#include "operators/top_rows.h"
#include "operators/united_rows.h"
#include "operators/unnest.h"
#include "sql/event_time.h"
#include "sql/table_side.h"

namespace laketide::sql {
namespace {

// The batches behind a decoder.
Schema decoded_schema(const Decoded& decoded) {
  arrow::FieldVector fields = decoded.columns->fields();
  for (const std::string& name : decoded.hidden) fields.push_back(pseudo_column_field(name));
  return arrow::schema(std::move(fields));
}

// The batches behind a step that remembers.
Schema changed_schema(const PlanNode& memory) {
  arrow::FieldVector fields = memory.output->fields();
  fields.push_back(change_field());
  return arrow::schema(std::move(fields));
}

// That of the source whose rows come in; empty: any.
const Scan& scan_for(const PlanNode& plan, const std::string& source) {
  for (const PlanNode* scan : scans_of(plan)) {
    if (std::get<Scan>(scan->step).origin.source == source) return std::get<Scan>(scan->step);
  }
  return scan_of(plan);
}

std::vector<std::string> names_in(const arrow::Schema& schema, const std::set<std::string>& wanted) {
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) {
    if (wanted.contains(field->name())) names.push_back(field->name());
  }
  return names;
}

/// How the rows of a join's side stand in its memory: what goes out, what it compares besides, its keys, and where a row came from.
struct SideLayout {
  Schema rows;
  int visible = 0, keys = 0;  // so many columns go out; the keys begin behind `keys` columns
  std::vector<std::string> columns;
  std::vector<std::string> places;
};

SideLayout side_layout(const PlanNode& plan, int side) {
  const auto& join = std::get<Join>(plan.step);
  const PlanPtr& below = side == 0 ? join.left : join.right;
  const auto out = plan.output->field_names();
  const std::set<std::string> given(out.begin(), out.end());
  std::set<std::string> compared;
  if (join.condition) expr::collect_columns(*join.condition, compared);
  const JoinReach reach = reach_of(join)[static_cast<size_t>(side)];
  compared.insert({reach.expiry, reach.time});
  for (const std::string& name : given) compared.erase(name);
  SideLayout layout;
  layout.columns = names_in(*below->output, given);
  layout.visible = static_cast<int>(layout.columns.size());
  for (std::string& name : names_in(*below->output, compared)) layout.columns.push_back(std::move(name));
  layout.keys = static_cast<int>(layout.columns.size());
  arrow::FieldVector fields;
  for (const std::string& name : layout.columns) fields.push_back(below->output->GetFieldByName(name));
  for (const expr::ExprPtr& key : side == 0 ? join.left_keys : join.right_keys) fields.push_back(key->type.field("key " + std::to_string(fields.size()), true));
  const Scan& scan = scan_of(*below);
  if (!memory_of(below) && scan.pseudo_columns) layout.places = place_columns(scan.origin);
  for (const std::string& place : layout.places) fields.push_back(pseudo_column_field(place));
  layout.rows = arrow::schema(std::move(fields));
  return layout;
}

StreamJoinOptions join_options(const PlanNode& plan, const Join& join) {
  StreamJoinOptions options{.name = join.name, .kind = join.kind};
  const auto reach = reach_of(join);
  for (const int side : {0, 1}) {
    const SideLayout layout = side_layout(plan, side);
    const JoinReach& until = reach[static_cast<size_t>(side)];
    JoinInput& input = options.inputs[static_cast<size_t>(side)];
    input.rows = layout.rows;
    input.visible = layout.visible;
    const size_t keys = join.left_keys.size();
    for (size_t i = 0; i < keys; ++i) input.keys.push_back(layout.keys + static_cast<int>(i));
    const auto place = [&](const char* name) { return layout.rows->GetFieldIndex(name); };
    if (!layout.places.empty()) input.order = {place("_topic"), place("_partition"), place("_offset")};
    input.time = until.time.empty() ? -1 : layout.rows->GetFieldIndex(until.time);
    input.lag = until.lag;
    input.expiry = until.expiry.empty() ? -1 : layout.rows->GetFieldIndex(until.expiry);
    input.keep = until.keep;
  }
  options.condition = join.condition;
  options.output = plan.output;
  return options;
}

/// Builds the operators of a part of a plan from below upwards. Confined to its task.
class Lowering {
 public:
  /// `schema` is of the batches that come in, hidden columns from `visible` on.
  Lowering(const Scan& scan, Schema schema, int visible, Context& context)
      : scan_(scan), context_(context), schema_(std::move(schema)), visible_(visible) {}

  /// Every step from `plan` down to `until`, that one aside (null: down to the source).
  Status lower(const PlanNode& plan, const PlanNode* until) {
    add_epoch_columns(plan, until);
    return add_steps(plan, until);
  }
  Status add_partial(const PlanNode& memory) {
    if (std::holds_alternative<Aggregate>(memory.step)) {
      LT_ASSIGN_OR_RETURN(AggregateOptions options, aggregate_options(memory));
      return add(make_partial_aggregate(std::move(options), context_));
    }
    const auto* top = std::get_if<TopRows>(&memory.step);
    return top ? add(make_partial_top_rows(top_options(memory, *top), context_)) : Status();
  }
  Status add_final(const PlanNode& memory, OutputMode mode, state::StateTables& tables) {
    LT_RETURN_IF_ERROR(add_whole(memory, mode, tables));
    if (const int64_t lag = lag_of(memory); lag > 0) operators_.back() = make_delayed(std::move(operators_.back()), lag);
    schema_ = changed_schema(memory);
    visible_ = memory.output->num_fields();
    return {};
  }
  /// Counts the rows that are too late for the step.
  void add_late_count(const Entry& entry) {
    const Lateness rule = lateness_of(entry);
    const int time = rule.time.empty() ? -1 : position_of(rule.time);
    if (time < 0) return;
    LateCountOptions options{schema_, time, std::nullopt, rule.lag, scan_.origin};
    if (rule.window) options.window = WindowOptions{rule.window->kind, time, rule.window->size, rule.window->slide, rule.window->offset};
    operators_.push_back(make_late_count(std::move(options), context_));
  }
  /// Leaves these columns: what a tail that has no partial form of a step's rows expects.
  void keep(const Decoded& columns) {
    FilterOptions options;
    options.condition = expr::bool_constant(true);
    options.input = schema_;
    options.origin = scan_.origin;
    const Schema kept = decoded_schema(columns);
    for (const auto& field : kept->fields()) options.keep.push_back(position_of(field->name()));
    schema_ = kept;
    visible_ = columns.columns->num_fields();
    operators_.push_back(make_filter(std::move(options), context_));
  }
  /// Leaves the columns of a join's side as its memory has them.
  Status add_side(const PlanNode& plan, int side) {
    const auto& join = std::get<Join>(plan.step);
    const SideLayout layout = side_layout(plan, side);
    std::vector<expr::ExprPtr> columns;
    for (const std::string& name : layout.columns) {
      const auto& field = schema_->field(position_of(name));
      columns.push_back(expr::column(name, expr::Type::of(*field), field->nullable()));
    }
    const auto& keys = side == 0 ? join.left_keys : join.right_keys;
    columns.insert(columns.end(), keys.begin(), keys.end());
    for (const std::string& place : layout.places) {
      const auto field = pseudo_column_field(place);
      columns.push_back(expr::column(place, expr::Type::of(*field), field->nullable()));
    }
    ProjectOptions options;
    for (const expr::ExprPtr& column : columns) {
      LT_ASSIGN_OR_RETURN(options.expressions.emplace_back(), expr::resolve(column, *schema_));
    }
    options.input = schema_;
    options.input_visible = schema_->num_fields();
    options.origin = scan_.origin;
    options.output = schema_ = layout.rows;
    visible_ = layout.keys;
    operators_.push_back(make_project(std::move(options), context_));
    return {};
  }
  Operators take() { return std::move(operators_); }

 private:
  Status add_steps(const PlanNode& plan, const PlanNode* until) {
    if (&plan == until) return {};
    if (plan.input) LT_RETURN_IF_ERROR(add_steps(*plan.input, until));
    if (const auto* filter = std::get_if<Filter>(&plan.step)) return add_filter(plan, *filter);
    if (const auto* project = std::get_if<Project>(&plan.step)) return add_project(plan, *project);
    if (const auto* both = std::get_if<Union>(&plan.step)) return add_union(*both);
    if (const auto* unnest = std::get_if<Unnest>(&plan.step)) return add_unnest(plan, *unnest);
    if (const auto* lookup = std::get_if<Lookup>(&plan.step)) return add_lookup(plan, *lookup);
    if (const auto* late = std::get_if<LateRows>(&plan.step)) add_late_rows(plan, *late);
    return {};
  }

  // What the steps name of the epoch, and do not have from below, before the first of them.
  void add_epoch_columns(const PlanNode& plan, const PlanNode* until) {
    std::set<std::string> named;
    visit_expressions(plan, until, [&](const expr::Expression& one) { expr::collect_columns(one, named); });
    EpochColumnsOptions options{{}, visible_, nullptr};
    arrow::FieldVector fields = schema_->fields();
    for (const std::string& name : named) {
      if ((!is_epoch_pseudo_column(name) && name != kRowColumn) || schema_->GetFieldIndex(name) >= 0) continue;
      fields.insert(fields.begin() + visible_ + static_cast<long>(options.names.size()), pseudo_column_field(name));
      options.names.push_back(name);
    }
    if (options.names.empty()) return;
    options.output = schema_ = arrow::schema(std::move(fields));
    operators_.push_back(make_epoch_columns(std::move(options), context_));
  }

  Status add_filter(const PlanNode& plan, const Filter& filter) {
    FilterOptions options;
    LT_ASSIGN_OR_RETURN(options.condition, expr::resolve(filter.condition, *schema_));
    options.input = schema_;
    options.origin = scan_.origin;
    options.change = change_column();
    for (const auto& field : plan.output->fields()) options.keep.push_back(position_of(field->name()));
    for (int i = visible_; i < schema_->num_fields(); ++i) options.keep.push_back(i);
    become(plan.output->fields());
    operators_.push_back(make_filter(std::move(options), context_));
    return {};
  }

  Status add_project(const PlanNode& plan, const Project& project) {
    if (changes_nothing(plan, project)) return {};
    ProjectOptions options;
    for (const expr::ExprPtr& expression : project.expressions) {
      LT_ASSIGN_OR_RETURN(expr::ExprPtr resolved, expr::resolve(expression, *schema_));
      options.expressions.push_back(std::move(resolved));
    }
    options.input = schema_;
    options.input_visible = visible_;
    options.origin = scan_.origin;
    options.change = change_column();
    become(plan.output->fields());
    options.output = schema_;
    operators_.push_back(make_project(std::move(options), context_));
    return {};
  }

  // Every branch of the source takes what comes in here.
  Status add_union(const Union& both) {
    std::vector<Operators> branches;
    std::optional<Lowering> last;
    for (const PlanPtr& branch : both.branches) {
      if (!sources_of(*branch).contains(scan_.origin.source)) continue;
      last.emplace(scan_, schema_, visible_, context_);
      LT_RETURN_IF_ERROR(last->add_steps(*branch, nullptr));
      branches.push_back(last->take());
    }
    schema_ = last->schema_;
    visible_ = last->visible_;
    operators_.push_back(make_branches(std::move(branches)));
    return {};
  }

  Status add_unnest(const PlanNode& plan, const Unnest& unnest) {
    UnnestOptions options;
    for (const expr::ExprPtr& array : unnest.arrays) {
      LT_ASSIGN_OR_RETURN(expr::ExprPtr resolved, expr::resolve(array, *schema_));
      options.arrays.push_back(std::move(resolved));
    }
    options.input = schema_;
    options.origin = scan_.origin;
    const auto& fields = plan.output->fields();
    for (size_t i = unnest.arrays.size(); i < fields.size(); ++i) options.keep.push_back(position_of(fields[i]->name()));
    for (int i = visible_; i < schema_->num_fields(); ++i) options.keep.push_back(i);
    become(fields);
    options.output = schema_;
    operators_.push_back(make_unnest(std::move(options), context_));
    return {};
  }

  Status add_lookup(const PlanNode& plan, const Lookup& lookup) {
    using Kind = LookupOptions::Kind;
    LookupOptions options;
    options.kind = lookup.kind == Lookup::Kind::kInner ? Kind::kInner : lookup.kind == Lookup::Kind::kLeft ? Kind::kLeft : Kind::kMark;
    options.in = lookup.in;
    options.origin = scan_.origin;
    options.change = change_column();
    options.input = schema_;
    for (const expr::ExprPtr& key : lookup.keys) {
      LT_ASSIGN_OR_RETURN(options.keys.emplace_back(), expr::resolve(key, *schema_));
    }
    options.table = scan_of(*lookup.table).origin.source;
    LT_ASSIGN_OR_RETURN(options.index, declare_index(lookup, context_));
    arrow::FieldVector joined = schema_->fields();
    joined.insert(joined.end(), lookup.table->output->fields().begin(), lookup.table->output->fields().end());
    LT_RETURN_IF_ERROR(add_condition(lookup.condition, *arrow::schema(joined), options));
    const int before = schema_->num_fields();
    for (const auto& field : plan.output->fields()) {
      const int of_table = lookup.table->output->GetFieldIndex(field->name());
      options.keep.push_back(field->name() == lookup.mark ? -1 : of_table >= 0 ? before + of_table : position_of(field->name()));
    }
    for (int i = visible_; i < before; ++i) options.keep.push_back(i);
    become(plan.output->fields());
    options.output = schema_;
    LT_ASSIGN_OR_RETURN(auto made, make_lookup_join(std::move(options), context_));
    operators_.push_back(std::move(made));
    return {};
  }

  // Of the columns side by side it gets those that it reads.
  static Status add_condition(const expr::ExprPtr& condition, const arrow::Schema& joined, LookupOptions& options) {
    if (!condition) return {};
    std::set<std::string> names;
    expr::collect_columns(*condition, names);
    arrow::FieldVector fields;
    for (const std::string& name : names) {
      options.condition_columns.push_back(joined.GetAllFieldIndices(name).front());
      fields.push_back(joined.field(options.condition_columns.back()));
    }
    LT_ASSIGN_OR_RETURN(options.condition, expr::resolve(condition, *arrow::schema(fields)));
    return {};
  }

  void add_late_rows(const PlanNode& plan, const LateRows& late) {
    const Window& window = late.window;
    operators_.push_back(make_late_rows({schema_, {window.kind, position_of(window.time), window.size, window.slide, window.offset}}, context_));
    become(plan.output->fields());
  }

  Result<AggregateOptions> aggregate_options(const PlanNode& memory) const {
    const auto& aggregate = std::get<Aggregate>(memory.step);
    AggregateOptions options;
    options.name = aggregate.name;
    options.input = schema_;
    options.output = memory.output;
    options.global = aggregate.keys.empty() && !aggregate.window;
    options.event_time_key = final_key(memory);
    for (const std::string& key : aggregate.keys) options.keys.push_back(position_of(key));
    if (aggregate.window) {
      const Window& window = *aggregate.window;
      options.window = WindowOptions{window.kind, position_of(window.time), window.size, window.slide, window.offset};
    }
    bool ordered = false;
    for (size_t i = 0; i < aggregate.calls.size(); ++i) {
      const Call& call = aggregate.calls[i];
      ordered |= call.function->ordered;
      AggregateCall made{call.function, call.types, {}, call.filter.empty() ? -1 : position_of(call.filter), call.distinct,
                         memory.output->field(aggregate.first_call() + static_cast<int>(i))->name()};
      for (const std::string& arg : call.args) made.args.push_back(position_of(arg));
      options.calls.push_back(std::move(made));
    }
    if (ordered) options.order = {position_of("_topic"), position_of("_partition"), position_of("_offset")};
    return options;
  }

  Status add(Result<std::unique_ptr<Operator>> made) {
    LT_ASSIGN_OR_RETURN(auto one, std::move(made));
    operators_.push_back(std::move(one));
    return {};
  }

  Status add_whole(const PlanNode& memory, OutputMode mode, state::StateTables& tables) {
    if (const auto* first = std::get_if<FirstRows>(&memory.step)) return add(make_deduplicate(first_options(memory, *first), context_, tables));
    if (const auto* sort = std::get_if<Sort>(&memory.step)) {
      return add(make_sort({schema_, memory.output->num_fields(), sort_columns(sort->order), place_positions(memory), sort->limit, sort->offset}, context_));
    }
    if (const auto* top = std::get_if<TopRows>(&memory.step)) {
      TopRowsOptions options = top_options(memory, *top);
      options.mode = mode;
      return add(make_top_rows(std::move(options), context_, tables));
    }
    LT_ASSIGN_OR_RETURN(AggregateOptions options, aggregate_options(memory));
    options.mode = mode;
    return add(make_final_aggregate(std::move(options), context_, tables));
  }

  DeduplicateOptions first_options(const PlanNode& memory, const FirstRows& first) const {
    return {first.name, schema_, memory.output->num_fields(), positions_of(first.keys), place_positions(memory), first.within ? position_of(first.time) : -1,
            first.within};
  }

  TopRowsOptions top_options(const PlanNode& memory, const TopRows& top) const {
    TopRowsOptions options{top.name, schema_, memory.input->output->num_fields(), positions_of(top.keys), sort_columns(top.order), place_positions(memory)};
    options.count = top.count;
    options.number = memory.output->fields().back()->name();
    options.event_time_key = final_key(memory);
    return options;
  }

  std::vector<SortColumn> sort_columns(const std::vector<SortKey>& order) const {
    std::vector<SortColumn> columns;
    for (const SortKey& key : order) columns.push_back({position_of(key.column), key.order});
    return columns;
  }

  std::vector<int> positions_of(const std::vector<std::string>& names) const {
    std::vector<int> positions;
    for (const std::string& name : names) positions.push_back(position_of(name));
    return positions;
  }

  std::vector<int> place_positions(const PlanNode& memory) const {
    if (places_below(memory).empty()) return {};
    return {position_of("_topic"), position_of("_partition"), position_of("_offset")};
  }

  // Of `_change`, which stands last; -1: rows have none.
  int change_column() const {
    const int last = schema_->num_fields() - 1;
    return last >= visible_ && schema_->field(last)->name() == kChangeColumn ? last : -1;
  }

  int position_of(const std::string& name) const {
    const auto places = schema_->GetAllFieldIndices(name);
    return places.empty() ? -1 : *std::min_element(places.begin(), places.end());
  }

  bool changes_nothing(const PlanNode& plan, const Project& project) const {
    if (plan.output->num_fields() != visible_) return false;
    for (int i = 0; i < visible_; ++i) {
      const expr::Expression& expression = *project.expressions[static_cast<size_t>(i)];
      const std::string& name = schema_->field(i)->name();
      if (expression.kind != expr::Expression::Kind::kColumn || expression.name != name || plan.output->field(i)->name() != name) return false;
    }
    return true;
  }

  // The batches behind the step just added: new visible columns, the same hidden ones.
  void become(arrow::FieldVector fields) {
    const int visible = static_cast<int>(fields.size());
    for (int i = visible_; i < schema_->num_fields(); ++i) fields.push_back(schema_->field(i));
    schema_ = arrow::schema(std::move(fields));
    visible_ = visible;
  }

  const Scan& scan_;
  Context& context_;
  Schema schema_;
  int visible_;
  Operators operators_;
};

}  // namespace

Result<Operators> lower_above(const PlanNode& plan, const PlanNode* memory, const std::string& source, const Decoded& decoded, Context& context) {
  const int visible = memory ? memory->output->num_fields() : decoded.columns->num_fields();
  Lowering lowering(scan_for(plan, source), memory ? changed_schema(*memory) : decoded_schema(decoded), visible, context);
  LT_RETURN_IF_ERROR(lowering.lower(plan, memory));
  return lowering.take();
}

Result<Operators> lower_head(const Entry& entry, const std::string& source, const Decoded& decoded, LateCounting late, Context& context) {
  const PlanNode& memory = *entry.memory;
  Lowering lowering(scan_for(entry.rows(), source), decoded_schema(decoded), decoded.columns->num_fields(), context);
  LT_RETURN_IF_ERROR(lowering.lower(entry.rows(), nullptr));
  if (late == LateCounting::kByPartition) lowering.add_late_count(entry);
  if (std::holds_alternative<Join>(memory.step)) {
    LT_RETURN_IF_ERROR(lowering.add_side(memory, entry.side));
    return lowering.take();
  }
  if (std::holds_alternative<Union>(memory.step)) {
    lowering.keep({entry.rows().output, {}});
    return lowering.take();
  }
  if (!std::holds_alternative<Aggregate>(memory.step)) lowering.keep({memory.input->output, places_below(memory)});
  LT_RETURN_IF_ERROR(lowering.add_partial(memory));
  return lowering.take();
}

namespace {

// The part of a step's input that stands behind the lanes: in `part` up to `below`, which remembers, and what was lowered above that. Its
// state is declared under names that begin with `prefix`.
Result<Lowering> lower_input(const PlanNode& rows, const PlanNode& below, OutputMode mode, const std::string& prefix, Tributary& part, Context& context,
                             state::StateTables& tables) {
  part.ports = static_cast<int>(entries_of(below).size());
  state::StateTables own;
  LT_ASSIGN_OR_RETURN(part.operators, lower_tail(below, mode, context, own));
  for (const auto& [name, table] : own.all()) tables.declare(prefix + name, table);
  Lowering lowering(scan_of(rows), changed_schema(below), below.output->num_fields(), context);
  LT_RETURN_IF_ERROR(lowering.lower(rows, &below));
  return lowering;
}

Result<Operators> lower_join(const PlanNode& plan, const Join& join, Context& context, state::StateTables& tables) {
  std::vector<Tributary> sides;
  for (const int side : {0, 1}) {
    const PlanPtr& rows = side == 0 ? join.left : join.right;
    Tributary& one = sides.emplace_back();
    const PlanPtr below = memory_of(rows);
    if (!below) continue;
    const std::string prefix = join.name + (side == 0 ? ".left." : ".right.");
    LT_ASSIGN_OR_RETURN(Lowering lowering, lower_input(*rows, *below, OutputMode::kAppend, prefix, one, context, tables));
    LT_RETURN_IF_ERROR(lowering.add_side(plan, side));
    for (auto& step : lowering.take()) one.operators.push_back(std::move(step));
  }
  LT_ASSIGN_OR_RETURN(auto pairs, make_stream_join(join_options(plan, join), context, tables));
  Operators made;
  made.push_back(make_confluence(std::move(sides), std::move(pairs)));
  return made;
}

Result<Operators> lower_union(const PlanNode& plan, const Union& both, OutputMode mode, Context& context, state::StateTables& tables) {
  std::vector<Tributary> branches;
  for (size_t i = 0; i < both.branches.size(); ++i) {
    const PlanNode& rows = *both.branches[i];
    Tributary& one = branches.emplace_back();
    if (const PlanPtr below = memory_of(both.branches[i])) {
      LT_ASSIGN_OR_RETURN(Lowering lowering, lower_input(rows, *below, mode, both.name + "." + std::to_string(i) + ".", one, context, tables));
      for (auto& step : lowering.take()) one.operators.push_back(std::move(step));
    }
    one.operators.push_back(make_united_rows(changed_schema(plan), context));
  }
  Operators made;
  made.push_back(make_confluence(std::move(branches), nullptr));
  return made;
}

}  // namespace

Result<Operators> lower_tail(const PlanNode& memory, OutputMode mode, Context& context, state::StateTables& tables) {
  if (const auto* join = std::get_if<Join>(&memory.step)) return lower_join(memory, *join, context, tables);
  if (const auto* both = std::get_if<Union>(&memory.step)) return lower_union(memory, *both, mode, context, tables);
  const PlanPtr below = memory_of(memory.input);
  Operators made;
  Schema schema;
  if (below) {
    LT_ASSIGN_OR_RETURN(made, lower_tail(*below, std::holds_alternative<Sort>(memory.step) ? mode : OutputMode::kAppend, context, tables));
    schema = changed_schema(*below);
  } else {
    // What the lowest step takes was laid out by the head; here only types count.
    const bool grouped = std::holds_alternative<Aggregate>(memory.step);
    schema = decoded_schema({memory.input->output, grouped ? scan_of(*memory.input).hidden : places_below(memory)});
  }
  Lowering lowering(scan_of(memory), schema, below ? below->output->num_fields() : memory.input->output->num_fields(), context);
  if (below) {
    LT_RETURN_IF_ERROR(lowering.lower(*memory.input, below.get()));
    LT_RETURN_IF_ERROR(lowering.add_partial(memory));
  }
  LT_RETURN_IF_ERROR(lowering.add_final(memory, mode, tables));
  for (auto& step : lowering.take()) made.push_back(std::move(step));
  return made;
}

}  // namespace laketide::sql
