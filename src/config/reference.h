// Every key of both kinds of files, from the tables that read them.
#pragma once

#include <string>

namespace laketide::config {

/// Markdown: for each section a table of keys with type, limits, default, other spellings and meaning. It is conf/reference.md.
std::string reference();

}  // namespace laketide::config
