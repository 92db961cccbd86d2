#include "sql/table_text.h"

#include <stdexcept>
#include <utility>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include "expr/cast.h"
#include "expr/evaluate.h"
#include "expr/overload.h"
#include "flow/chain.h"
#include "flow/pseudo_columns.h"
#include "sql/collect.h"
#include "sql/query.h"
#include "sql/remembering.h"

namespace laketide {
namespace {

using expr::Type;
using expr::TypeId;
using Arrays = std::vector<std::shared_ptr<arrow::Array>>;

void must(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

Type type_of_text(std::string_view text) {
  const size_t open = text.find('(');
  const auto id = expr::type_id_of(text.substr(0, open));
  if (!id) throw std::runtime_error("no such type: " + std::string(text));
  if (open == std::string_view::npos) return Type(*id);
  const size_t comma = text.find(',', open);
  return Type::numeric(std::stoi(std::string(text.substr(open + 1))), std::stoi(std::string(text.substr(comma + 1))));
}

std::shared_ptr<arrow::Array> texts(const std::vector<Row>& rows, size_t column) {
  arrow::StringBuilder builder;
  for (const Row& row : rows) {
    const Cell& cell = row.at(column);
    must(cell ? builder.Append(*cell) : builder.AppendNull());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> converted(const std::shared_ptr<arrow::Array>& from, const Type& from_type, const Type& to) {
  const auto batch = arrow::RecordBatch::Make(arrow::schema({from_type.field("x", true)}), from->length(), Arrays{from});
  const expr::ExprPtr x = expr::column("x", from_type, true);
  expr::ExprPtr value;
  if (to.id == TypeId::kJsonb || from_type.id == TypeId::kJsonb || to == from_type) {
    return from;
  } else if (to.id == TypeId::kBytea) {
    value = must(expr::apply("decode", {must(expr::apply("substring", {x, must(expr::cast(expr::bigint_constant(3), TypeId::kInt, expr::CastContext::kExplicit))}, {})),
                                        expr::text_constant("hex", TypeId::kText)}, {}));
  } else if (from_type.id == TypeId::kBytea) {
    value = must(expr::apply("||", {expr::text_constant("\\x", TypeId::kText), must(expr::apply("encode", {x, expr::text_constant("hex", TypeId::kText)}, {}))}, {}));
  } else {
    value = must(expr::cast(x, to, expr::CastContext::kExplicit));
  }
  auto result = must(expr::evaluate({must(expr::resolve(value, *batch->schema()))}, *batch, arrow::default_memory_pool()));
  if (!result[0].errors.empty()) throw std::runtime_error("row " + std::to_string(result[0].errors[0].row) + ": " + describe(result[0].errors[0]));
  return result[0].values;
}

// Records as a reader would hand them on, so that hidden columns are made by what makes them in a run.
Arrays hidden_columns(const std::vector<std::string>& names, size_t count) {
  PseudoColumns columns(names, arrow::default_memory_pool());
  const std::vector<std::string> topics{"t"};
  for (size_t i = 0; i < count; ++i) {
    const std::string key = "k" + std::to_string(i), value = "v" + std::to_string(i);
    RecordView record;
    record.key = key.data();
    record.key_size = static_cast<uint32_t>(key.size());
    record.value = value.data();
    record.value_size = static_cast<uint32_t>(value.size());
    record.offset = RecordOffset(static_cast<int64_t>(i));
    record.timestamp_ms = static_cast<int64_t>(i) * 1000;
    Records records;
    records.source = "events";
    records.topics = topics;
    records.rows = std::span<const RecordView>(&record, 1);
    columns.append(records, record);
  }
  return must(columns.finish());
}

std::vector<Batch> delivered(const Batch& whole, Delivery delivery) {
  if (delivery == Delivery::kWhole) return {whole};
  std::vector<Batch> parts;
  if (delivery == Delivery::kSingly) {
    for (int64_t row = 0; row < whole->num_rows(); ++row) parts.push_back(whole->Slice(row, 1));
    return parts;
  }
  Arrays doubled;
  for (const auto& column : whole->columns()) doubled.push_back(arrow::Concatenate({column, column}).ValueOrDie());
  const Batch twice = arrow::RecordBatch::Make(whole->schema(), 2 * whole->num_rows(), doubled);
  const int64_t middle = whole->num_rows() / 2;
  // The second copy's beginning stands behind the first copy's end.
  return {twice->Slice(whole->num_rows(), middle), twice->Slice(middle, whole->num_rows() - middle)};
}

Answer answer_of(const sql::BoundQuery& bound, const std::vector<Batch>& batches, Rejects& rejects) {
  Answer answer;
  answer.output = bound.output;
  answer.explain = bound.explain;
  for (const Batch& batch : batches) {
    const int visible = bound.output->num_fields();
    std::vector<Row> rows = rows_of_batch(*batch, visible);
    int place = -1;
    for (int i = batch->num_columns() - 1; i >= visible; --i) {
      if (batch->column_name(i) == "_offset") place = i;
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t offset = place < 0 ? -1 : static_cast<const arrow::Int64Array&>(*batch->column(place)).Value(static_cast<int64_t>(i));
      answer.rows.push_back({std::move(rows[i]), offset});
    }
  }
  for (const Reject& reject : rejects.take()) answer.refused.push_back({reject.offset.value, reject.code, reject.reason});
  return answer;
}

}  // namespace

Schema schema_of_text(std::string_view columns) {
  arrow::FieldVector fields;
  while (!columns.empty()) {
    const size_t name_begin = columns.find_first_not_of(' ');
    columns.remove_prefix(name_begin);
    const size_t name_end = columns.find(' ');
    const std::string name(columns.substr(0, name_end));
    columns.remove_prefix(name_end + 1);
    size_t end = 0;
    for (int depth = 0; end < columns.size() && (depth > 0 || columns[end] != ','); ++end) depth += columns[end] == '(' ? 1 : columns[end] == ')' ? -1 : 0;
    fields.push_back(type_of_text(columns.substr(0, end)).field(name, true));
    columns.remove_prefix(std::min(end + 1, columns.size()));
  }
  return arrow::schema(std::move(fields));
}

Batch batch_of_rows(const sql::Decoded& decoded, const Schema& schema, const std::vector<Row>& rows) {
  arrow::FieldVector fields = decoded.columns->fields();
  Arrays columns;
  for (const auto& field : fields) {
    const auto column = static_cast<size_t>(schema->GetFieldIndex(field->name()));
    columns.push_back(converted(texts(rows, column), TypeId::kText, Type::of(*field)));
  }
  for (auto& column : hidden_columns(decoded.hidden, rows.size())) columns.push_back(std::move(column));
  for (const std::string& name : decoded.hidden) fields.push_back(pseudo_column_field(name));
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows.size()), std::move(columns));
}

std::vector<Row> rows_of_batch(const arrow::RecordBatch& batch, int visible) {
  std::vector<Row> rows(static_cast<size_t>(batch.num_rows()));
  for (int column = 0; column < visible; ++column) {
    const auto text = converted(batch.column(column), Type::of(*batch.schema()->field(column)), TypeId::kText);
    const auto& values = static_cast<const arrow::StringArray&>(*text);
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      rows[static_cast<size_t>(row)].push_back(values.IsNull(row) ? Cell() : Cell(values.GetString(row)));
    }
  }
  return rows;
}

std::vector<sql::StaticTable> static_tables(const std::vector<TableRows>& tables) {
  std::vector<sql::StaticTable> all;
  for (const TableRows& table : tables) all.push_back({table.name, table.schema});
  return all;
}

void publish(const std::vector<TableRows>& tables, StaticTables& board, Context& context) {
  context.tables = &board;
  for (const TableRows& table : tables) {
    auto content = std::make_shared<TableContent>();
    content->version = context.table_versions[table.name] = 1;
    content->schema = table.schema;
    for (const Row& row : table.rows) content->rows.push_back(batch_of_rows({table.schema, {}}, table.schema, {row}));
    const Status published = board.publish(table.name, content);
    if (!published.ok()) throw std::runtime_error(published.to_string());
  }
}

Result<Answer> ask(std::string_view query, std::string_view select, const Schema& schema, const std::vector<Row>& rows, Delivery delivery,
                   const std::vector<TableRows>& tables) {
  const sql::SourceTable source{"events", schema, "t", true, ""};
  LT_ASSIGN_OR_RETURN(const sql::Query parsed, sql::parse_query(query, "sql"));
  LT_ASSIGN_OR_RETURN(sql::BoundQuery bound, parsed.bind(source, static_tables(tables)));
  if (!select.empty()) {
    LT_ASSIGN_OR_RETURN(const sql::Query outer, sql::parse_query(select, "select"));
    LT_ASSIGN_OR_RETURN(bound, outer.bind(bound, static_tables(tables)));
  }
  if (bound.memory) return ask_remembering(bound, source, rows, Way::kBounded, OutputMode::kComplete, 0, tables);
  const sql::Decoded decoded = sql::decode_for(source, {&bound, 1}, {"_offset"});
  Context context;
  context.memory = arrow::default_memory_pool();
  context.labels = {{"pipeline", "queries"}};
  context.now = kQueryTime;
  StaticTables board;
  publish(tables, board, context);
  LT_ASSIGN_OR_RETURN(auto operators, bound.operators(decoded, context));
  std::vector<Batch> out;
  Chain chain(std::move(operators), std::make_unique<Collect>(out));
  Rejects rejects;
  for (const Batch& batch : delivered(batch_of_rows(decoded, schema, rows), delivery)) {
    if (batch->num_rows() == 0) continue;
    LT_ASSIGN_OR_RETURN(const Step step, chain.feed(batch, rejects));
    if (step != Step::kReady) return Status::internal("test", "the chain did not take a batch");
  }
  return answer_of(bound, out, rejects);
}

}  // namespace laketide
