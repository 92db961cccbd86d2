// How wide what a command prints to is.
#pragma once

namespace laketide::cli {

/// Columns of the screens that results and messages go to; 0: that is no screen, so nothing is cut and nothing is drawn
/// over. Immutable.
struct Screen {
  int out_columns = 0;
  int err_columns = 0;
};

/// Of standard output and standard error as they are now.
Screen screen_of_process();

}  // namespace laketide::cli
