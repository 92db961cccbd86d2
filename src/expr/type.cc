#include "expr/type.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

namespace laketide::expr {
namespace {

constexpr std::array<std::pair<std::string_view, TypeId>, 34> kNames{{
    {"boolean", TypeId::kBoolean},
    {"bool", TypeId::kBoolean},
    {"smallint", TypeId::kSmallint},
    {"int2", TypeId::kSmallint},
    {"int", TypeId::kInt},
    {"int4", TypeId::kInt},
    {"integer", TypeId::kInt},
    {"bigint", TypeId::kBigint},
    {"int8", TypeId::kBigint},
    {"numeric", TypeId::kNumeric},
    {"decimal", TypeId::kNumeric},
    {"dec", TypeId::kNumeric},
    {"real", TypeId::kReal},
    {"float4", TypeId::kReal},
    {"double", TypeId::kDouble},
    {"double precision", TypeId::kDouble},
    {"float8", TypeId::kDouble},
    {"float", TypeId::kDouble},
    {"text", TypeId::kText},
    {"varchar", TypeId::kText},
    {"character varying", TypeId::kText},
    {"bytea", TypeId::kBytea},
    {"date", TypeId::kDate},
    {"time", TypeId::kTime},
    {"time without time zone", TypeId::kTime},
    {"timestamp", TypeId::kTimestamp},
    {"timestamp without time zone", TypeId::kTimestamp},
    {"timestamptz", TypeId::kTimestamptz},
    {"timestamp with time zone", TypeId::kTimestamptz},
    {"uuid", TypeId::kUuid},
    {"jsonb", TypeId::kJsonb},
    {"interval", TypeId::kInterval},
    {"anyarray", TypeId::kArray},
    {"unknown", TypeId::kUnknown},
}};

TypeId marked_text(const arrow::Field& field) {
  if (!field.metadata()) return TypeId::kText;
  const auto mark = field.metadata()->Get(kTypeMark);
  if (!mark.ok()) return TypeId::kText;
  return *mark == "uuid" ? TypeId::kUuid : *mark == "jsonb" ? TypeId::kJsonb : TypeId::kText;
}

TypeId timestamp_id(const arrow::DataType& type) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
  if (timestamp.unit() != arrow::TimeUnit::MICRO) return TypeId::kOther;
  return timestamp.timezone().empty() ? TypeId::kTimestamp : TypeId::kTimestamptz;
}

TypeId id_of(const arrow::Field& field) {
  switch (field.type()->id()) {
    case arrow::Type::BOOL: return TypeId::kBoolean;
    case arrow::Type::INT16: return TypeId::kSmallint;
    case arrow::Type::INT32: return TypeId::kInt;
    case arrow::Type::INT64: return TypeId::kBigint;
    case arrow::Type::FLOAT: return TypeId::kReal;
    case arrow::Type::DOUBLE: return TypeId::kDouble;
    case arrow::Type::STRING: return marked_text(field);
    case arrow::Type::BINARY: return TypeId::kBytea;
    case arrow::Type::DATE32: return TypeId::kDate;
    case arrow::Type::TIMESTAMP: return timestamp_id(*field.type());
    case arrow::Type::INTERVAL_MONTH_DAY_NANO: return TypeId::kInterval;
    case arrow::Type::LIST: return TypeId::kArray;
    case arrow::Type::TIME64: {
      const auto unit = static_cast<const arrow::Time64Type&>(*field.type()).unit();
      return unit == arrow::TimeUnit::MICRO ? TypeId::kTime : TypeId::kOther;
    }
    default: return TypeId::kOther;
  }
}

// How far a number's type reaches; the type of two numbers is the farther one's.
int rank(TypeId id) {
  switch (id) {
    case TypeId::kSmallint: return 1;
    case TypeId::kInt: return 2;
    case TypeId::kBigint: return 3;
    case TypeId::kNumeric: return 4;
    case TypeId::kReal: return 5;
    case TypeId::kDouble: return 6;
    default: return 0;
  }
}

int digits_of(const Type& type) {
  switch (type.id) {
    case TypeId::kSmallint: return 5;
    case TypeId::kInt: return 10;
    case TypeId::kBigint: return 19;
    default: return type.precision - type.scale;
  }
}

int time_rank(TypeId id) {
  return id == TypeId::kDate ? 1 : id == TypeId::kTimestamp ? 2 : id == TypeId::kTimestamptz ? 3 : 0;
}

std::string struct_name(const arrow::DataType& type) {
  std::string members;
  for (const auto& field : type.fields()) members += (members.empty() ? "" : ", ") + field->name() + " " + Type::of(*field).name();
  return "struct<" + members + ">";
}

}  // namespace

Type Type::numeric(int precision, int scale) {
  Type type(TypeId::kNumeric);
  type.precision = static_cast<uint8_t>(std::clamp(precision, 1, kNumericDigits));
  type.scale = static_cast<uint8_t>(std::clamp(scale, 0, kNumericDigits));
  return type;
}

Type Type::array(Type element) {
  Type type(TypeId::kArray);
  type.element = std::make_shared<const Type>(std::move(element));
  return type;
}

Type Type::of(const arrow::Field& field) {
  if (field.type()->id() == arrow::Type::DECIMAL128) {
    const auto& decimal = static_cast<const arrow::Decimal128Type&>(*field.type());
    if (decimal.scale() >= 0) return numeric(decimal.precision(), decimal.scale());
  }
  Type type(id_of(field));
  if (type.id == TypeId::kArray) {
    type = array(of(*static_cast<const arrow::ListType&>(*field.type()).value_field()));
    type.other = field.type();
  }
  if (type.id == TypeId::kOther) type.other = field.type();
  return type;
}

std::string Type::name() const {
  if (id == TypeId::kNumeric) return "numeric(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
  if (id == TypeId::kArray && element) return element->name() + "[]";
  if (id == TypeId::kOther && other && other->id() == arrow::Type::STRUCT) return struct_name(*other);
  if (id == TypeId::kOther && other) return other->ToString();
  return to_string(id);
}

std::shared_ptr<arrow::DataType> Type::arrow() const {
  switch (id) {
    case TypeId::kBoolean: return arrow::boolean();
    case TypeId::kSmallint: return arrow::int16();
    case TypeId::kInt: return arrow::int32();
    case TypeId::kBigint: return arrow::int64();
    case TypeId::kNumeric: return arrow::decimal128(precision, scale);
    case TypeId::kReal: return arrow::float32();
    case TypeId::kDouble: return arrow::float64();
    case TypeId::kBytea: return arrow::binary();
    case TypeId::kDate: return arrow::date32();
    case TypeId::kTime: return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeId::kTimestamp: return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeId::kTimestamptz: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeId::kInterval: return arrow::month_day_nano_interval();
    case TypeId::kArray:
      if (other) return other;
      return arrow::list(element ? element->field("item", true) : arrow::field("item", arrow::utf8()));
    case TypeId::kOther: return other;
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kUuid:
    case TypeId::kJsonb: break;
  }
  return arrow::utf8();
}

std::shared_ptr<arrow::Field> Type::field(std::string name, bool nullable) const {
  std::shared_ptr<arrow::KeyValueMetadata> metadata;
  if (id == TypeId::kUuid || id == TypeId::kJsonb) metadata = arrow::key_value_metadata({kTypeMark}, {to_string(id)});
  return arrow::field(std::move(name), arrow(), nullable, std::move(metadata));
}

bool Type::operator==(const Type& right) const {
  if (id != right.id || precision != right.precision || scale != right.scale) return false;
  if (id == TypeId::kArray) return element && right.element ? *element == *right.element : element == right.element;
  return id != TypeId::kOther || (other && right.other && other->Equals(*right.other));
}

std::optional<TypeId> type_id_of(std::string_view name) {
  const auto found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& one) { return one.first == name; });
  if (name.empty() || found == kNames.end() || found->second == TypeId::kArray) return std::nullopt;
  return found->second;
}

const char* to_string(TypeId id) {
  const auto found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& one) { return one.second == id; });
  return found == kNames.end() ? "other" : found->first.data();
}

bool is_integer(TypeId id) { return id == TypeId::kSmallint || id == TypeId::kInt || id == TypeId::kBigint; }
bool is_number(TypeId id) { return rank(id) > 0; }
bool is_bytes(TypeId id) {
  return id == TypeId::kText || id == TypeId::kBytea || id == TypeId::kUuid || id == TypeId::kJsonb || id == TypeId::kUnknown;
}

std::optional<Type> common_type(const Type& left, const Type& right) {
  if (left == right || right.id == TypeId::kUnknown) return left;
  if (left.id == TypeId::kUnknown) return right;
  if (is_number(left.id) && is_number(right.id)) {
    const TypeId farther = rank(left.id) > rank(right.id) ? left.id : right.id;
    if (farther != TypeId::kNumeric) return Type(farther);
    const int scale = std::max<int>(left.scale, right.scale);
    return Type::numeric(std::max(digits_of(left), digits_of(right)) + scale, scale);
  }
  if (left.id == TypeId::kArray && right.id == TypeId::kArray && left.element && right.element) {
    const auto element = common_type(*left.element, *right.element);
    if (element) return Type::array(*element);
  }
  if (time_rank(left.id) > 0 && time_rank(right.id) > 0) {
    return time_rank(left.id) > time_rank(right.id) ? left : right;
  }
  return std::nullopt;
}

}  // namespace laketide::expr
