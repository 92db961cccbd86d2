// The store that is a directory of this machine.
#pragma once

#include <memory>

#include "storage/store.h"

namespace laketide::storage {

/// Paths are the operating system's. put_if_absent writes a temporary name beside the object, syncs it, and gives it the
/// final name by link(2), which refuses a taken one; so it holds between processes of one machine, and over NFS.
std::shared_ptr<Store> make_local_store();

/// Temporary names look like `.<name>.<uuid>.tmp`; a crash may leave one behind.
bool is_temporary_name(std::string_view name);

}  // namespace laketide::storage
