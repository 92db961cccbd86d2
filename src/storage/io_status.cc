#include "storage/io_status.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace laketide::storage {

namespace {

struct Words {
  const char* code;
  const char* advice;
};

Words words_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return {"disk_full", "free some space on that disk; it is tried again"};
    case EROFS:
      return {"read_only", "the file system is mounted read-only; see the kernel's log for why"};
    case EACCES:
    case EPERM:
      return {"permission_denied", "give the process's user the right to that path"};
    case EMFILE:
    case ENFILE:
      return {"too_many_open_files", "raise the limit on open files (LimitNOFILE, ulimit -n)"};
    case ENOENT:
      return {"not_found", "it was expected to be there"};
    case EEXIST:
      return {"already_exists", "it was expected not to be there"};
    case ENAMETOOLONG:
      return {"name_too_long", "choose shorter names"};
    default:
      return {"io_error", "see the kernel's log for the device"};
  }
}

}  // namespace

Status io_status(int error, std::string_view did, std::string_view path) {
  const Words words = words_of(error);
  std::string detail = "could not " + std::string(did) + ", " + words.advice + ": " + std::generic_category().message(error) +
                       ": " + std::string(path);
  // Trying again makes no name shorter.
  if (error == ENAMETOOLONG) return Status::user(words.code, std::move(detail));
  return Status::external(words.code, std::move(detail));
}

}  // namespace laketide::storage
