// Conversions of arrays: elements of another type, and PostgreSQL's text, {a,"b c",NULL}.
#include <algorithm>
#include <optional>

#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/data.h>
#include <arrow/type.h>

#include "expr/cast.h"
#include "expr/lists.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_null_word(Text text) {
  return text.size() == 4 && (text[0] | 32) == 'n' && (text[1] | 32) == 'u' && (text[2] | 32) == 'l' && (text[3] | 32) == 'l';
}

/// Reads the text of one array without arrays in it (arrayfuncs.c, array_in). Confined to its task.
class ArrayText {
 public:
  explicit ArrayText(Text text) : rest_(text) {}

  /// False: it is no array. Elements: nullopt for NULL.
  bool read(std::vector<std::optional<std::string>>& elements) {
    skip();
    if (!take('{')) return false;
    skip();
    if (take('}')) return ends();
    do {
      auto& element = elements.emplace_back();
      if (!read_element(element)) return false;
    } while (take(','));
    return take('}') && ends();
  }

 private:
  void skip() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool ends() {
    skip();
    return rest_.empty();
  }

  bool read_element(std::optional<std::string>& element) {
    skip();
    if (take('"')) return read_quoted(element);
    std::string text;
    size_t kept = 0;  // blanks at the end do not count, unless they were escaped
    bool escaped = false;
    while (!rest_.empty() && rest_.front() != ',' && rest_.front() != '}') {
      char c = rest_.front();
      if (c == '{' || c == '"') return false;
      rest_.remove_prefix(1);
      const bool escape = c == '\\';
      if (escape) {
        if (rest_.empty()) return false;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      escaped |= escape;
      text += c;
      if (escape || !is_blank(c)) kept = text.size();
    }
    text.resize(kept);
    if (text.empty()) return false;
    if (escaped || !is_null_word(text)) element = std::move(text);
    return true;
  }

  bool read_quoted(std::optional<std::string>& element) {
    element.emplace();
    while (!take('"')) {
      if (take('\\') && rest_.empty()) return false;
      if (rest_.empty()) return false;
      *element += rest_.front();
      rest_.remove_prefix(1);
    }
    skip();
    return !rest_.empty() && (rest_.front() == ',' || rest_.front() == '}');
  }

  Text rest_;
};

// Errors of elements as errors of the rows that have them.
RowErrors row_errors(const RowErrors& of_elements, const int32_t* offsets, int64_t rows) {
  RowErrors all;
  int64_t row = 0;
  for (const RowError& error : of_elements) {
    while (row < rows && offsets[row + 1] <= error.row) ++row;
    if (!all.empty() && all.back().row == row) continue;
    all.push_back(error);
    all.back().row = row;
  }
  return all;
}

arrow::Status parse_arrays(const Call& call, std::span<const Column> args, Column& out) {
  const Reader<Text> texts(args[0]);
  const Validity text_valid(args[0]);
  arrow::StringBuilder elements(call.memory);
  arrow::TypedBufferBuilder<int32_t> offsets(call.memory);
  ARROW_RETURN_NOT_OK(offsets.Reserve(call.rows + 1));
  offsets.UnsafeAppend(0);
  RowErrors errors;
  for (int64_t row = 0; row < call.rows; ++row) {
    std::vector<std::optional<std::string>> read;
    if (text_valid[row] && !ArrayText(texts[row]).read(read)) {
      errors.push_back({row, ErrorCode::kInvalidTextRepresentation, &call.node, failed_text(texts[row])});
      read.clear();
    }
    for (const auto& element : read) ARROW_RETURN_NOT_OK(element ? elements.Append(*element) : elements.AppendNull());
    offsets.UnsafeAppend(static_cast<int32_t>(elements.length()));
  }
  std::shared_ptr<arrow::ArrayData> values;
  ARROW_RETURN_NOT_OK(elements.FinishInternal(&values));
  ARROW_ASSIGN_OR_RAISE(Column converted, convert_elements(call, Column{TypeId::kText, values, false, {}}, *call.node.type.element));
  ARROW_ASSIGN_OR_RAISE(const auto ends, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto valid, valid_in_all(call, args));
  errors = merge(std::move(errors), row_errors(converted.errors, reinterpret_cast<const int32_t*>(ends->data()), call.rows));
  set_lists(call, std::move(valid), ends, std::move(converted.data), out);
  out.errors = merge(errors_of(args), std::move(errors));
  return arrow::Status::OK();
}

arrow::Status convert_arrays(const Call& call, std::span<const Column> args, Column& out) {
  const Lists lists(args[0]);
  ARROW_ASSIGN_OR_RAISE(Column converted, convert_elements(call, lists.elements(), *call.node.type.element));
  arrow::TypedBufferBuilder<int32_t> offsets(call.memory);
  ARROW_RETURN_NOT_OK(offsets.Reserve(call.rows + 1));
  for (int64_t row = 0; row < call.rows; ++row) offsets.UnsafeAppend(static_cast<int32_t>(lists.begin(row) - lists.first()));
  offsets.UnsafeAppend(static_cast<int32_t>(call.rows == 0 ? 0 : lists.end(call.rows - 1) - lists.first()));
  ARROW_ASSIGN_OR_RAISE(const auto ends, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto valid, valid_in_all(call, args));
  RowErrors errors = row_errors(converted.errors, reinterpret_cast<const int32_t*>(ends->data()), call.rows);
  if (valid) std::erase_if(errors, [&](const RowError& error) { return !arrow::bit_util::GetBit(valid->data(), error.row); });
  set_lists(call, std::move(valid), ends, std::move(converted.data), out);
  out.errors = merge(errors_of(args), std::move(errors));
  return arrow::Status::OK();
}

void append_element(Text text, TextWriter& out) {
  const auto special = [](char c) { return c == '{' || c == '}' || c == '"' || c == '\\' || c == ',' || is_blank(c); };
  if (!text.empty() && !is_null_word(text) && std::none_of(text.begin(), text.end(), special)) {
    out.append(text);
    return;
  }
  out.append('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.append('\\');
    out.append(c);
  }
  out.append('"');
}

arrow::Status print_arrays(const Call& call, std::span<const Column> args, Column& out) {
  const Lists lists(args[0]);
  const bool nested = lists.element.id == TypeId::kArray;
  ARROW_ASSIGN_OR_RAISE(const Column texts, element_texts(call, lists));
  const Reader<Text> elements(texts);
  const Validity element_valid(texts);
  TextWriter writer(call.memory);
  ARROW_RETURN_NOT_OK(writer.reserve(call.rows, call.rows * 16));
  for (int64_t row = 0; row < call.rows; ++row) {
    if (lists.valid[row]) {
      writer.append('{');
      for (int64_t i = lists.begin(row) - lists.first(), first = i, end = lists.end(row) - lists.first(); i < end; ++i) {
        if (i > first) writer.append(',');
        if (!element_valid[i]) {
          writer.append("NULL");
        } else if (nested) {
          writer.append(elements[i]);
        } else {
          append_element(elements[i], writer);
        }
      }
      writer.append('}');
    }
    writer.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes;
  ARROW_RETURN_NOT_OK(writer.finish(offsets, bytes));
  ARROW_ASSIGN_OR_RAISE(auto valid, valid_in_all(call, args));
  set_result(call, {std::move(valid), std::move(offsets), std::move(bytes)}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

}  // namespace

// PostgreSQL writes the booleans of an array as it does those of a row: t and f.
arrow::Result<Column> element_texts(const Call& call, const Lists& lists) {
  const Column elements = lists.elements();
  if (lists.element.id != TypeId::kBoolean) return convert_elements(call, elements, TypeId::kText);
  const Reader<bool> values(elements);
  const Validity valid(elements);
  arrow::StringBuilder texts(call.memory);
  for (int64_t i = 0; i < elements.data->length; ++i) ARROW_RETURN_NOT_OK(valid[i] ? texts.Append(values[i] ? "t" : "f") : texts.AppendNull());
  Column out{TypeId::kText, nullptr, false, {}};
  ARROW_RETURN_NOT_OK(texts.FinishInternal(&out.data));
  return out;
}

std::vector<Function> array_casts() {
  using enum TypeId;
  return {
      conversion(kText, kArray, &parse_arrays, true),
      conversion(kArray, kArray, &convert_arrays, true),
      conversion(kArray, kText, &print_arrays, false),
  };
}

}  // namespace laketide::expr
