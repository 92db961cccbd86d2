// The command line as a person uses it, and a service for it to talk to.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "support/api_server.h"

namespace laketide::cli {

/// What a command printed, and how it ended. Immutable.
struct Ended {
  int code;
  std::string out, err;
};

inline Ended run(const std::vector<std::string>& arguments, Screen screen = {}) {
  std::ostringstream out, err;
  const int code = run_program(arguments, out, err, screen);
  return {code, out.str(), err.str()};
}

/// Commands against a server over a fake engine. Confined to its task.
class Remote : public testing::Test {
 protected:
  Ended call(std::vector<std::string> arguments, Screen screen = {}) {
    arguments.insert(arguments.end(), {"--url", "http://127.0.0.1:" + std::to_string(api_.server->port())});
    return run(arguments, screen);
  }
  ApiServer api_;
};

}  // namespace laketide::cli
