#include <csignal>
#include <cstdlib>
#include <iostream>

#include "cli/program.h"

// What jemalloc, where it is linked, begins with. By itself it makes four arenas a core, and memory freed in one is of no use to another:
// here few threads take what others give back, and each arena's pages would have to be touched for the first time.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas_ratio:1";
}

int main(int argc, char** argv) {
  // One allocator for all: Arrow's own gives pages back to the kernel between two batches, to be cleared and mapped anew, and keeps for each
  // thread that ever encoded a file what the largest one took. Read by Arrow at its first allocation; who sets it otherwise has his way.
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 0);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of that write, not the end of the process
  return laketide::cli::run_program({argv + 1, argv + argc}, std::cout, std::cerr, laketide::cli::screen_of_process());
}
