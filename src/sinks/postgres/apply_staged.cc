#include "sinks/postgres/apply_staged.h"

#include <algorithm>

namespace laketide::postgres {
namespace {

// The target that the server means, or as many as there are.
Status check_constraints(Connection& connection, const std::vector<Target>& targets, size_t& blamed, const Wait& wait) {
  const Status checked = connection.run("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED", wait);
  if (checked.ok()) return {};
  const ServerError& error = connection.last_error();
  blamed = targets.size();
  for (size_t at = 0; at < targets.size(); ++at) {
    if (targets[at].staging && targets[at].name.schema == error.schema && targets[at].name.table == error.table) blamed = at;
  }
  return checked;
}

Status try_apply(Connection& connection, std::vector<Target>& targets, const std::vector<size_t>& careful, size_t& blamed, const Wait& wait) {
  for (size_t at = 0; at < targets.size(); ++at) {
    Target& target = targets[at];
    if (!target.staging) continue;
    target.rows = 0;
    target.refused.clear();
    if (std::ranges::find(careful, at) != careful.end()) continue;
    blamed = at;
    LT_RETURN_IF_ERROR(target.staging->apply(connection, target.holds(), wait, target.rows));
  }
  LT_RETURN_IF_ERROR(check_constraints(connection, targets, blamed, wait));
  for (const size_t at : careful) {
    Target& target = targets[at];
    blamed = at;
    LT_RETURN_IF_ERROR(target.staging->apply_with_care(connection, target.holds(), wait, target.rows, target.refused));
  }
  return check_constraints(connection, targets, blamed, wait);
}

}  // namespace

Status apply_staged(Connection& connection, std::vector<Target>& targets, const Wait& wait) {
  if (std::ranges::none_of(targets, [](const Target& target) { return target.staging.has_value(); })) return {};
  LT_RETURN_IF_ERROR(connection.run("SAVEPOINT lt_apply", wait));
  std::vector<size_t> careful;
  for (;;) {
    size_t blamed = targets.size();
    const Status applied = try_apply(connection, targets, careful, blamed, wait);
    if (applied.ok()) return {};
    if (!connection.usable() || !connection.last_error().is_data() || blamed == targets.size()) return applied;
    if (std::ranges::find(careful, blamed) != careful.end()) return applied;
    careful.push_back(blamed);
    LT_RETURN_IF_ERROR(connection.run("ROLLBACK TO SAVEPOINT lt_apply", wait));
  }
}

}  // namespace laketide::postgres
