#include "cli/answer_table.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "sinks/console/text_table.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kCellWidthMax = 60, kCellWidthMin = 12;

/// On one line, however long.
std::string whole_text(const Json& value) {
  if (value.is_string()) return to_cell(value.get<std::string>(), 0);
  if (!value.is_array()) return value.dump();
  std::string joined;
  for (const Json& item : value) joined += (joined.empty() ? "" : ",") + (item.is_string() ? item.get<std::string>() : item.dump());
  return to_cell(joined, 0);
}

std::string cell(const Json& object, const char* name) {
  const Json value = object.value(name, Json());
  return value.is_null() ? "-" : to_columns(whole_text(value), kCellWidthMax);
}

/// Cells below heads, made narrower until they fit. Confined to its task.
class Grid {
 public:
  Grid(const Json& rows, const std::vector<Column>& columns) {
    for (const Column& column : columns) {
      head_.emplace_back(column.head);
      cuttable_.push_back(!column.whole);
    }
    for (const Json& row : rows) {
      cells_.emplace_back();
      for (size_t i = 0; i < columns.size(); ++i) {
        cells_.back().push_back(cell(row, columns[i].member));
        if (row.value(columns[i].member, Json()).is_number()) cuttable_[i] = false;
      }
    }
  }

  std::string text() const { return format_table(head_, cells_); }

  void fit(int64_t columns) {
    while (least_width() > columns && head_.size() > 1) drop_last();
    while (width() > columns && cut_widest()) continue;
  }

 private:
  /// Of every column, as the first line of the table has them between its crosses.
  std::vector<int64_t> widths() const {
    std::vector<int64_t> widths;
    const std::string table = text();
    const std::string line = table.substr(0, table.find('\n'));
    for (size_t at = 1; at < line.size();) {
      const size_t end = line.find('+', at);
      widths.push_back(static_cast<int64_t>(end - at));
      at = end + 1;
    }
    return widths;
  }
  int64_t width() const { return static_cast<int64_t>(text().find('\n')); }

  /// The width once everything is cut that may be.
  int64_t least_width() const {
    const std::vector<int64_t> all = widths();
    int64_t least = 1;
    for (size_t i = 0; i < all.size(); ++i) {
      const int64_t cut = std::max(static_cast<int64_t>(head_[i].size()), kCellWidthMin);
      least += (cuttable_[i] ? std::min(all[i], cut) : all[i]) + 1;
    }
    return least;
  }

  bool cut_widest() {
    const std::vector<int64_t> all = widths();
    int64_t widest = kCellWidthMin;
    size_t chosen = all.size();
    for (size_t i = 0; i < all.size(); ++i) {
      const bool by_head = static_cast<int64_t>(head_[i].size()) >= all[i];
      if (!cuttable_[i] || by_head || all[i] <= widest) continue;
      widest = all[i];
      chosen = i;
    }
    if (chosen == all.size()) return false;
    for (auto& row : cells_) row[chosen] = to_columns(row[chosen], widest - 1);
    return true;
  }

  void drop_last() {
    head_.pop_back();
    cuttable_.pop_back();
    for (auto& row : cells_) row.pop_back();
  }

  std::vector<std::string> head_;
  std::vector<bool> cuttable_;
  std::vector<std::vector<std::string>> cells_;
};

}  // namespace

void print_table(const Json& rows, const std::vector<Column>& columns, const Terminal& terminal) {
  Grid grid(rows, columns);
  if (terminal.screen.out_columns > 0) grid.fit(terminal.screen.out_columns);
  terminal.out << grid.text();
}

std::string short_time(const Json& time) {
  std::string text = time.is_string() ? time.get<std::string>().substr(0, sizeof "2026-01-02T03:04:05" - 1) : std::string();
  if (const size_t at = text.find('T'); at != std::string::npos) text[at] = ' ';
  return text;
}

std::string short_size(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text;
}

std::string short_count(int64_t count) {
  std::string text = std::to_string(count);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) text.insert(static_cast<size_t>(at), 1, ',');
  return text;
}

}  // namespace laketide::cli
