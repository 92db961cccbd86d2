# stamp_version.cmake: writes version.cc when version or commit changed. Run as a script at build time (-P).
#   SOURCE_DIR  the clone     OUTPUT  the file     VERSION  major.minor.patch     STAMP  whether the commit is named
set(commit unknown)
if(STAMP)
  execute_process(COMMAND git -C "${SOURCE_DIR}" describe --always --dirty --abbrev=12 --exclude "*"
                  OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit "${described}")
  endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[
#include "laketide/version.h"

namespace laketide {

const char* version() noexcept { return "@VERSION@"; }
const char* commit() noexcept { return "@commit@"; }

}  // namespace laketide
]])
