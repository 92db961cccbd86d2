// SQL types, and the Arrow types that hold them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

namespace laketide::expr {

/// kUnknown is a literal in quotes, or NULL, whose type its neighbours decide. kOther is a type that can be named and passed
/// on, and nothing else (structs).
enum class TypeId : uint8_t {
  kUnknown,
  kBoolean,
  kSmallint,
  kInt,
  kBigint,
  kNumeric,
  kReal,
  kDouble,
  kText,
  kBytea,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kUuid,
  kJsonb,
  kInterval,
  kArray,
  kOther,
};

/// The largest number of digits a numeric can have here.
inline constexpr int kNumericDigits = 38;
/// Key of the field metadata that tell uuid and jsonb from text.
inline constexpr const char* kTypeMark = "laketide.type";

/// A type with what belongs to it: digits of a numeric, elements of an array, the Arrow type of kOther. Immutable.
struct Type {
  TypeId id = TypeId::kUnknown;
  uint8_t precision = 0;
  uint8_t scale = 0;
  std::shared_ptr<const Type> element;     // kArray; null: an array of anything, as a function's argument
  std::shared_ptr<arrow::DataType> other;  // kOther; kArray: how a batch holds it, if it came from one

  Type() = default;
  Type(TypeId type) : id(type) {}  // NOLINT(google-explicit-constructor): a TypeId is a type without modifiers
  /// numeric(precision, scale)
  static Type numeric(int precision, int scale);
  /// element[]
  static Type array(Type element);
  /// What a field of a batch holds.
  static Type of(const arrow::Field& field);

  /// As PostgreSQL's messages and this product's schemas spell it: `numeric(10,2)`, `double`, `timestamptz`.
  std::string name() const;
  std::shared_ptr<arrow::DataType> arrow() const;
  std::shared_ptr<arrow::Field> field(std::string name, bool nullable) const;
  bool operator==(const Type& right) const;
};

/// A type's name without modifiers, in any spelling PostgreSQL or this product's schemas know, in lower case ("int4",
/// "double precision"); none if there is no such type.
std::optional<TypeId> type_id_of(std::string_view name);
const char* to_string(TypeId id);

bool is_integer(TypeId id);
/// Integers, numeric and floats.
bool is_number(TypeId id);
/// Held as bytes with offsets: text, bytea, uuid, jsonb.
bool is_bytes(TypeId id);

/// The type that CASE, COALESCE, IN and the like give values of both types (PostgreSQL: "UNION, CASE, and Related Constructs");
/// none if they do not go together.
std::optional<Type> common_type(const Type& left, const Type& right);

}  // namespace laketide::expr
