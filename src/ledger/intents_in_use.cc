#include "ledger/intents_in_use.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ledger/sqlite.h"

namespace laketide {

Result<std::map<std::string, std::string>> intents_in_use(const std::string& state_dir) {
  std::map<std::string, std::string> wants;
  const int fd = open((state_dir + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return wants;
  if (fd < 0) {
    return Status::user("state_dir", "the state directory of the service cannot be looked into, and so not what it runs; do this as the service's user: " + state_dir + ": " +
                                         std::strerror(errno), "state.dir");
  }
  const bool in_use = flock(fd, LOCK_SH | LOCK_NB) != 0;
  close(fd);
  if (!in_use) return wants;
  LT_ASSIGN_OR_RETURN(const auto file, SqliteFile::open(state_dir + "/ledger.sqlite"));
  LT_RETURN_IF_ERROR(file->run("SELECT pipeline, want FROM intents", {}, [&](const auto& row) { wants[text_of(row[0])] = text_of(row[1]); }));
  return wants;
}

}  // namespace laketide
