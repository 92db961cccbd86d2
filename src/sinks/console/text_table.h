// Rows as a table of characters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace laketide {

/// `text` on one line and cut to `width_max` characters (0: whole), the last three being "..."; control characters and
/// bytes that are no UTF-8 become '?', so that a record cannot steer the terminal.
std::string to_cell(const std::string& text, int64_t width_max);

/// The same cut to `columns_max` columns of a screen (0: whole), of which an East Asian wide character takes two.
std::string to_columns(const std::string& text, int64_t columns_max);

/// A head and its rows, every column as wide as its widest cell, values to the right, between lines of '+' and '-'. Every row
/// has as many cells as the head. East Asian wide characters count two columns.
std::string format_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);

}  // namespace laketide
