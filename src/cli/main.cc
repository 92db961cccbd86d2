#include <csignal>
#include <iostream>

#include "cli/program.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of that write, not the end of the process
  return laketide::cli::run_program({argv + 1, argv + argc}, std::cout, std::cerr, laketide::cli::screen_of_process());
}
