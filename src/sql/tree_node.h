// What any node of the grammar's tree tells: where it stands, and its last name.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace laketide::sql {

/// A node's own place, in bytes; the tree leaves out what is 0.
int place_of(const nlohmann::json& node);
/// The first place that anything below a node has; -1: none. Without recursion: it is asked about what is nested too deeply.
int first_place(const nlohmann::json& root);
/// The last of a list of names: pg_catalog.timezone is timezone.
std::string last_name(const nlohmann::json& names);

}  // namespace laketide::sql
