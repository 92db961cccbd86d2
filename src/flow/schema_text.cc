#include "flow/schema_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <vector>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "base/nearest_name.h"
#include "flow/pseudo_columns.h"

namespace laketide {
namespace {

/// A spelling of a type, and the name that we print. Immutable.
struct TypeName {
  std::string_view spelling;
  std::string_view name;
};

// Two-word spellings are read by `type_words`.
constexpr std::array<TypeName, 40> kTypeNames{{
    {"boolean", "boolean"},     {"bool", "boolean"},        {"smallint", "smallint"},  {"int2", "smallint"},
    {"short", "smallint"},      {"int", "int"},             {"integer", "int"},        {"int4", "int"},
    {"bigint", "bigint"},       {"int8", "bigint"},         {"long", "bigint"},        {"real", "real"},
    {"float4", "real"},         {"float", "double"},        {"double", "double"},      {"float8", "double"},
    {"double precision", "double"}, {"numeric", "numeric"}, {"decimal", "numeric"},    {"dec", "numeric"},
    {"text", "text"},           {"string", "text"},         {"varchar", "text"},       {"character varying", "text"},
    {"bytea", "bytea"},         {"binary", "bytea"},        {"date", "date"},          {"time", "time"},
    {"time without time zone", "time"},                     {"timestamp", "timestamp"},
    {"timestamp without time zone", "timestamp"},           {"timestamp_ntz", "timestamp"},
    {"timestamptz", "timestamptz"},                         {"timestamp with time zone", "timestamptz"},
    {"timestamp_ltz", "timestamptz"},                       {"uuid", "uuid"},          {"jsonb", "jsonb"},
    {"json", "jsonb"},          {"varchar2", "text"},       {"char varying", "text"},
}};

std::string nearest_type(std::string_view wrong) {
  std::vector<std::string_view> spellings;
  for (const TypeName& type : kTypeNames) spellings.push_back(type.spelling);
  const std::string near = nearest_name(wrong, spellings);
  const auto found = std::ranges::find(kTypeNames, near, &TypeName::spelling);
  return found == kTypeNames.end() ? "" : std::string(found->name);
}

bool is_word(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || u == '_' || u == '$' || u >= 0x80;
}

std::string lower(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return low;
}

std::shared_ptr<arrow::DataType> simple_type(std::string_view name) {
  if (name == "boolean") return arrow::boolean();
  if (name == "smallint") return arrow::int16();
  if (name == "int") return arrow::int32();
  if (name == "bigint") return arrow::int64();
  if (name == "real") return arrow::float32();
  if (name == "double") return arrow::float64();
  if (name == "bytea") return arrow::binary();
  if (name == "date") return arrow::date32();
  if (name == "time") return arrow::time64(arrow::TimeUnit::MICRO);
  if (name == "timestamp") return arrow::timestamp(arrow::TimeUnit::MICRO);
  if (name == "timestamptz") return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return arrow::utf8();  // text, uuid, jsonb
}

std::shared_ptr<arrow::KeyValueMetadata> metadata_of(std::string_view name) {
  if (name != "uuid" && name != "jsonb") return nullptr;
  return arrow::key_value_metadata({kTypeMetadataKey}, {std::string(name)});
}

/// Recursive descent over a column list. Confined to its task.
class SchemaParser {
 public:
  explicit SchemaParser(std::string_view text) : text_(text) {}

  Result<Schema> columns();
  Result<std::shared_ptr<arrow::Field>> only_type(const std::string& name, bool not_null);

 private:
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// The next word in lower case, without taking it; empty if there is none.
  std::string peek_word() {
    skip_space();
    size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return lower(text_.substr(at_, end - at_));
  }
  bool take_word(std::string_view wanted) {
    if (peek_word() != wanted) return false;
    at_ += wanted.size();
    return true;
  }
  Status wrong(std::string what) const {
    const std::string where = column_.empty() ? "" : " of column \"" + column_ + "\"";
    return Status::user("bad_schema", "the schema" + where + ", at character " + std::to_string(at_ + 1) + ": " + what, "schema");
  }
  Result<std::string> name();
  std::string type_words();
  Result<int> number();
  Result<std::shared_ptr<arrow::DataType>> numeric();
  Result<std::shared_ptr<arrow::DataType>> members();
  Result<std::shared_ptr<arrow::Field>> simple();
  Result<std::shared_ptr<arrow::Field>> typed();
  Result<std::shared_ptr<arrow::Field>> with_nulls(std::shared_ptr<arrow::Field> field);
  Status unknown_type(const std::string& words) const;
  Result<std::shared_ptr<arrow::Field>> column();

  std::string_view text_;
  size_t at_ = 0;
  std::string column_;  // or the path of a member
  int depth_ = 0;       // of the structs around
};

Result<std::string> SchemaParser::name() {
  skip_space();
  if (!take('"')) {
    const size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ == start) return wrong("a column name is missing; write `name type [not null], …`");
    return std::string(text_.substr(start, at_ - start));
  }
  std::string quoted;
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] != '"') {
      quoted += text_[at_];
    } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
      quoted += '"';
      ++at_;
    } else {
      ++at_;
      if (quoted.empty()) return wrong("a column name is empty");
      return quoted;
    }
  }
  return wrong("a quoted name does not end; close it with \"");
}

/// Takes the words of a type's name, `double precision`, as one text.
std::string SchemaParser::type_words() {
  std::string words = peek_word();
  at_ += words.size();
  const auto extend = [&](std::string_view next) {
    if (take_word(next)) words += " " + std::string(next);
  };
  if (words == "double") extend("precision");
  if (words == "character" || words == "char") extend("varying");
  if (words == "timestamp" || words == "time") {
    const size_t before = at_;
    if (take_word("with") && take_word("time") && take_word("zone")) return words + " with time zone";
    at_ = before;
    if (take_word("without") && take_word("time") && take_word("zone")) return words + " without time zone";
    at_ = before;
  }
  return words;
}

Result<int> SchemaParser::number() {
  skip_space();
  int value = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
  if (error != std::errc()) return wrong("a number is missing");
  at_ = static_cast<size_t>(end - text_.data());
  return value;
}

Result<std::shared_ptr<arrow::DataType>> SchemaParser::numeric() {
  if (!take('(')) return wrong("numeric needs its precision and scale, for example numeric(18,2)");
  LT_ASSIGN_OR_RETURN(const int precision, number());
  int scale = 0;
  if (take(',')) {
    LT_ASSIGN_OR_RETURN(scale, number());
  }
  if (!take(')')) return wrong("a ) is missing behind the precision");
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
    return wrong("numeric(p,s) takes a precision of 1 to 38 and a scale of 0 to the precision");
  }
  return arrow::decimal128(precision, scale);
}

/// The members of a struct, behind its `<`.
Result<std::shared_ptr<arrow::DataType>> SchemaParser::members() {
  if (!take('<')) return wrong("a struct names its members: struct<b int, c text>");
  if (++depth_ > kTypeDepthMax) return wrong("arrays and structs are nested deeper than " + std::to_string(kTypeDepthMax) + "; take jsonb for what is further down");
  const std::string outer = column_;
  arrow::FieldVector fields;
  std::set<std::string> seen;
  do {
    LT_ASSIGN_OR_RETURN(const std::string member, name());
    column_ = outer + "." + member;
    if (!seen.insert(lower(member)).second) return wrong("this name occurs twice (upper and lower case count as the same)");
    take(':');
    LT_ASSIGN_OR_RETURN(auto field, typed());
    LT_ASSIGN_OR_RETURN(field, with_nulls(field->WithName(member)));
    fields.push_back(std::move(field));
  } while (take(','));
  if (!take('>')) return wrong("a comma or > was expected");
  column_ = outer;
  --depth_;
  return arrow::struct_(std::move(fields));
}

Status SchemaParser::unknown_type(const std::string& words) const {
  if (words.empty()) return wrong("a type is missing; for example text, bigint, timestamptz");
  if (words == "array") return wrong("an array is written type[], as in text[] or struct<b int, c text>[]");
  if (words == "row" || words == "record" || words == "object") return wrong("a struct is written struct<b int, c text>");
  if (words == "map") return wrong("there is no type map: write jsonb, whose members need no names in advance");
  const std::string near = nearest_type(words);
  return wrong("there is no type " + words + (near.empty() ? "; for example text, bigint, timestamptz" : "; did you mean " + near + "?"));
}

/// A type that is no array, as a field without a name, so that uuid and jsonb keep their mark.
Result<std::shared_ptr<arrow::Field>> SchemaParser::simple() {
  skip_space();
  const size_t start = at_;
  const std::string words = type_words();
  if (words == "struct") {
    LT_ASSIGN_OR_RETURN(auto type, members());
    return arrow::field("", std::move(type));
  }
  const auto known = std::find_if(kTypeNames.begin(), kTypeNames.end(), [&](const TypeName& t) { return t.spelling == words; });
  if (known == kTypeNames.end()) {
    at_ = start;
    return unknown_type(words);
  }
  std::shared_ptr<arrow::DataType> type;
  if (known->name == "numeric") {
    LT_ASSIGN_OR_RETURN(type, numeric());
  } else {
    if ((known->name == "text" || known->name == "time" || known->name.starts_with("timestamp")) && take('(')) {
      LT_RETURN_IF_ERROR(number().status());  // a length is not kept: text has none here
      if (!take(')')) return wrong("a ) is missing behind the length");
    }
    type = simple_type(known->name);
  }
  return arrow::field("", type, true, metadata_of(known->name));
}

Result<std::shared_ptr<arrow::Field>> SchemaParser::typed() {
  LT_ASSIGN_OR_RETURN(auto field, simple());
  for (int depth = depth_ + 1; take('['); ++depth) {
    if (!take(']')) return wrong("an array is written type[]");
    if (depth > kTypeDepthMax) return wrong("arrays and structs are nested deeper than " + std::to_string(kTypeDepthMax) + "; take jsonb for what is further down");
    field = arrow::field("", arrow::list(field->WithName("item")));
  }
  return field;
}

Result<std::shared_ptr<arrow::Field>> SchemaParser::with_nulls(std::shared_ptr<arrow::Field> field) {
  if (take_word("not")) {
    if (!take_word("null")) return wrong("`not` is followed by `null`");
    return field->WithNullable(false);
  }
  take_word("null");
  return field;
}

Result<std::shared_ptr<arrow::Field>> SchemaParser::column() {
  column_.clear();
  skip_space();
  const size_t start = at_;
  LT_ASSIGN_OR_RETURN(column_, name());
  if (is_pseudo_column(column_)) {
    at_ = start;
    return wrong("this name belongs to a pseudo-column; choose another");
  }
  LT_ASSIGN_OR_RETURN(auto field, typed());
  return with_nulls(field->WithName(column_));
}

Result<Schema> SchemaParser::columns() {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::set<std::string> seen;
  do {
    LT_ASSIGN_OR_RETURN(auto field, column());
    // Delta and PostgreSQL's unquoted names do not tell cases apart.
    if (!seen.insert(lower(field->name())).second) return wrong("this name occurs twice (upper and lower case count as the same)");
    fields.push_back(std::move(field));
  } while (take(','));
  skip_space();
  if (at_ != text_.size()) return wrong("a comma or the end was expected");
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::Field>> SchemaParser::only_type(const std::string& name, bool not_null) {
  column_ = name;
  LT_ASSIGN_OR_RETURN(auto field, typed());
  skip_space();
  if (at_ != text_.size()) return wrong("only a type was expected");
  return field->WithName(name)->WithNullable(!not_null);
}

std::string logical_type(const arrow::Field& field) {
  if (!field.metadata()) return {};
  const int at = field.metadata()->FindKey(kTypeMetadataKey);
  return at < 0 ? std::string() : field.metadata()->value(at);
}

std::string quoted_if_needed(const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), is_word);
  if (plain) return name;
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string columns_text(const arrow::FieldVector& fields) {
  std::string text;
  for (const auto& field : fields) {
    if (!text.empty()) text += ", ";
    text += quoted_if_needed(field->name()) + " " + sql_type_of(*field) + (field->nullable() ? "" : " not null");
  }
  return text;
}

}  // namespace

Result<Schema> parse_schema_text(std::string_view text) { return SchemaParser(text).columns(); }

Result<std::shared_ptr<arrow::Field>> field_of_sql_type(const std::string& name, std::string_view type, bool not_null) {
  return SchemaParser(type).only_type(name, not_null);
}

std::string sql_type_of(const arrow::Field& field) {
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case arrow::Type::BOOL: return "boolean";
    case arrow::Type::INT16: return "smallint";
    case arrow::Type::INT32: return "int";
    case arrow::Type::INT64: return "bigint";
    case arrow::Type::FLOAT: return "real";
    case arrow::Type::DOUBLE: return "double";
    case arrow::Type::BINARY: return "bytea";
    case arrow::Type::DATE32: return "date";
    case arrow::Type::TIME64: return "time";
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? "timestamp" : "timestamptz";
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      return "numeric(" + std::to_string(decimal.precision()) + "," + std::to_string(decimal.scale()) + ")";
    }
    case arrow::Type::LIST: return sql_type_of(*type.field(0)) + "[]";
    case arrow::Type::STRUCT: return "struct<" + columns_text(type.fields()) + ">";
    case arrow::Type::STRING: break;
    default: return type.ToString();
  }
  const std::string logical = logical_type(field);
  return logical.empty() ? "text" : logical;
}

std::string to_schema_text(const arrow::Schema& schema) { return columns_text(schema.fields()); }

bool is_jsonb(const arrow::Field& field) { return logical_type(field) == "jsonb"; }
bool is_uuid(const arrow::Field& field) { return logical_type(field) == "uuid"; }

}  // namespace laketide
