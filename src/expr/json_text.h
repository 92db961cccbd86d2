// JSON as the text of a jsonb value: checked, taken apart.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "expr/row_error.h"

namespace laketide::expr {

/// Reads JSON texts one after the other. Views it gives live until its next call. Confined to its task.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;

  /// `text` without blanks between its tokens, if it is JSON that jsonb can hold; else kInvalidTextRepresentation.
  ErrorCode compact(std::string_view text, std::string& out);
  /// The JSON text of an object's member (the last of that name), or of an array's element (from 0; from the end below 0). None if
  /// `json` has no such part.
  std::optional<std::string_view> member(std::string_view json, std::string_view name);
  std::optional<std::string_view> element(std::string_view json, int32_t index);
  /// What a value is as text: a string without quotes and escapes, a number as numeric prints it, true, false, the JSON of the
  /// rest. None for JSON's null.
  std::optional<std::string_view> text(std::string_view json);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace laketide::expr
