#include "sources/postgres/postgres_table.h"

#include <set>
#include <utility>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/cast.h"
#include "expr/evaluate.h"
#include "expr/overload.h"
#include "flow/arrow_status.h"
#include "flow/schema_text.h"
#include "sinks/postgres/connection.h"
#include "sinks/postgres/identifier.h"

namespace laketide {
namespace {

using expr::ExprPtr;
using expr::TypeId;
using postgres::Rows;

Status of_table(const std::string& what) { return Status::user("static_table", what, "tables"); }

// PostgreSQL's own name of a type, `numeric(10,2)`, as a field.
Result<std::shared_ptr<arrow::Field>> field_of(const std::string& name, const std::string& type) {
  if (type == "numeric" || type == "numeric[]") {
    return of_table("a column of the query is numeric without precision, and here its digits must be known before the first row: write " + name + "::numeric(38,9)");
  }
  auto field = field_of_sql_type(name, type);
  return field.ok() ? field : field_of_sql_type(name, "text");
}

// The values as `field` has them, out of their texts.
Result<ExprPtr> reader_of(const arrow::Field& field) {
  const expr::Type type = expr::Type::of(field);
  const ExprPtr text = expr::column(field.name(), TypeId::kText, true);
  if (type.id == TypeId::kText || type.id == TypeId::kJsonb) return text;
  if (type.id != TypeId::kBytea) return expr::cast(text, type, expr::CastContext::kExplicit);
  // bytea_output: \x and two digits a byte.
  LT_ASSIGN_OR_RETURN(ExprPtr from, expr::cast(expr::bigint_constant(3), TypeId::kInt, expr::CastContext::kExplicit));
  LT_ASSIGN_OR_RETURN(ExprPtr digits, expr::apply("substring", {text, std::move(from)}, {}));
  return expr::apply("decode", {std::move(digits), expr::text_constant("hex", TypeId::kText)}, {});
}

Result<Batch> texts_of(const arrow::Schema& schema, const Rows& rows, arrow::MemoryPool* memory) {
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int column = 0; column < schema.num_fields(); ++column) {
    arrow::StringBuilder builder(memory);
    for (const auto& row : rows) {
      const auto& cell = row[static_cast<size_t>(column)];
      LT_RETURN_IF_ERROR(from_arrow(cell ? builder.Append(*cell) : builder.AppendNull()));
    }
    LT_RETURN_IF_ERROR(from_arrow(builder.Finish(&columns.emplace_back())));
    fields.push_back(arrow::field(schema.field(column)->name(), arrow::utf8()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows.size()), std::move(columns));
}

class PostgresTable final : public TableLoader {
 public:
  explicit PostgresTable(PostgresTableOptions options) : options_(std::move(options)) {}

  Result<std::optional<TableContent>> load(const std::string& /*known*/, arrow::MemoryPool* memory, const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const auto connection, postgres::Connection::open({options_.url, options_.application_name}, wait));
    LT_RETURN_IF_ERROR(connection->run("SET bytea_output = 'hex'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", wait));
    LT_RETURN_IF_ERROR(connection->query("DECLARE laketide_table NO SCROLL CURSOR FOR " + options_.query, {}, wait).status());
    TableContent content;
    LT_ASSIGN_OR_RETURN(content.schema, schema_of(*connection, wait));
    std::vector<ExprPtr> readers;
    for (const auto& field : content.schema->fields()) {
      LT_ASSIGN_OR_RETURN(readers.emplace_back(), reader_of(*field));
    }
    const std::string fetch = "FETCH " + std::to_string(options_.rows_max) + " FROM laketide_table";
    for (;;) {
      LT_ASSIGN_OR_RETURN(const Rows rows, connection->query(fetch, {}, wait));
      if (rows.empty()) break;
      LT_ASSIGN_OR_RETURN(content.rows.emplace_back(), batch_of(content.schema, readers, rows, memory));
    }
    LT_RETURN_IF_ERROR(connection->run("COMMIT", wait));
    return std::optional(std::move(content));
  }

 private:
  static Result<Schema> schema_of(postgres::Connection& connection, const Wait& wait) {
    LT_RETURN_IF_ERROR(connection.query("FETCH 0 FROM laketide_table", {}, wait).status());
    const auto columns = connection.columns();
    arrow::FieldVector fields;
    std::set<std::string> names;
    for (const auto& column : columns) {
      if (!names.insert(column.name).second || column.name == "?column?") {
        return of_table("each column of the query needs a name of its own, given by AS: " + column.name);
      }
      LT_ASSIGN_OR_RETURN(const Rows type, connection.query("SELECT format_type($1, $2)", {std::to_string(column.type), std::to_string(column.modifier)}, wait));
      LT_ASSIGN_OR_RETURN(fields.emplace_back(), field_of(column.name, type[0][0].value_or("text")));
    }
    if (fields.empty()) return of_table("the query of a static table gives no column");
    return arrow::schema(std::move(fields));
  }

  static Result<Batch> batch_of(const Schema& schema, const std::vector<ExprPtr>& readers, const Rows& rows, arrow::MemoryPool* memory) {
    LT_ASSIGN_OR_RETURN(const Batch texts, texts_of(*schema, rows, memory));
    std::vector<ExprPtr> resolved;
    for (const ExprPtr& reader : readers) {
      LT_ASSIGN_OR_RETURN(resolved.emplace_back(), expr::resolve(reader, *texts->schema()));
    }
    LT_ASSIGN_OR_RETURN(auto values, expr::evaluate(resolved, *texts, memory));
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!values[i].errors.empty()) {
        const std::string& name = schema->field(static_cast<int>(i))->name();
        return of_table("a value of the static table is beyond what its type holds here: column " + name + ", " + expr::describe(values[i].errors[0]));
      }
      columns.push_back(std::move(values[i].values));
    }
    return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), std::move(columns));
  }

  const PostgresTableOptions options_;
};

}  // namespace

Result<std::unique_ptr<TableLoader>> make_postgres_table(PostgresTableOptions options) {
  LT_RETURN_IF_ERROR(postgres::check_url(options.url));
  if (!options.table.empty()) {
    LT_ASSIGN_OR_RETURN(const postgres::TableName name, postgres::parse_table_name(options.table));
    options.query = "SELECT * FROM " + name.quoted();
  }
  return std::unique_ptr<TableLoader>(std::make_unique<PostgresTable>(std::move(options)));
}

}  // namespace laketide
