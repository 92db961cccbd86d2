// One line of a screen that is drawn over while something goes on.
#pragma once

#include <optional>
#include <string>

#include "cli/terminal.h"

namespace laketide::cli {

/// "[#####-----] 50 %  RUNNING  12 s" on standard error, at most as wide as its screen; gone at the end. Where that is no screen,
/// nothing is drawn. Confined to its task.
class DrawnLine {
 public:
  explicit DrawnLine(const Terminal& terminal) : terminal_(terminal) {}
  ~DrawnLine();
  DrawnLine(const DrawnLine&) = delete;
  DrawnLine& operator=(const DrawnLine&) = delete;

  bool has_screen() const { return terminal_.screen.err_columns > 0; }
  /// `progress`: 0 to 1, as a bar before the words; none: without an end in sight.
  void draw(std::optional<double> progress, const std::string& words);

 private:
  const Terminal& terminal_;
};

}  // namespace laketide::cli
