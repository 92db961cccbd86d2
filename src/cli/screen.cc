#include "cli/screen.h"

#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace laketide::cli {
namespace {

constexpr int kColumnsUnknown = 80;

int columns_of_terminal(int fd) {
  const char* kind = std::getenv("TERM");
  if (isatty(fd) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return 0;
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kColumnsUnknown;
}

}  // namespace

Screen screen_of_process() { return {columns_of_terminal(STDOUT_FILENO), columns_of_terminal(STDERR_FILENO)}; }

}  // namespace laketide::cli
