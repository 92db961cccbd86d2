#include "cli/drawn_line.h"

#include <algorithm>
#include <cmath>

namespace laketide::cli {
namespace {

constexpr std::string_view kClear = "\r\x1b[K";
constexpr int kBarMax = 40;

std::string bar(double progress, int width) {
  const auto filled = static_cast<size_t>(std::floor(std::clamp(progress, 0.0, 1.0) * width));
  return "[" + std::string(filled, '#') + std::string(static_cast<size_t>(width) - filled, '-') + "] ";
}

}  // namespace

DrawnLine::~DrawnLine() {
  if (has_screen()) terminal_.err << kClear << std::flush;
}

void DrawnLine::draw(std::optional<double> progress, const std::string& words) {
  if (!has_screen()) return;
  const int columns = terminal_.screen.err_columns;
  const std::string before = progress ? bar(*progress, std::clamp(columns - static_cast<int>(words.size()) - 4, 10, kBarMax)) : "";
  // One column is left free: a line that fills the screen's last one would wrap, and could not be drawn over.
  terminal_.err << kClear << to_cell(before + words, columns - 1) << std::flush;
}

}  // namespace laketide::cli
