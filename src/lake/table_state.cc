#include "lake/table_state.h"

#include <utility>

#include "lake/delta_schema.h"

namespace laketide::lake {

Status TableState::apply(Action action, int64_t table_version, const std::string& commit_txn_id) {
  if (auto* txn = std::get_if<SetTransaction>(&action)) {
    progress[txn->app_id] = Progression{txn->version, txn->updated_ms, table_version, commit_txn_id};
  } else if (auto* info = std::get_if<CommitInfo>(&action)) {
    in_commit_timestamp_ms = info->in_commit_timestamp_ms;
  } else if (auto* new_protocol = std::get_if<Protocol>(&action)) {
    protocol = std::move(*new_protocol);
  } else if (auto* new_metadata = std::get_if<Metadata>(&action)) {
    LT_ASSIGN_OR_RETURN(schema, from_schema_string(new_metadata->schema_string));
    metadata = std::move(*new_metadata);
  } else if (auto* domain = std::get_if<DomainMetadata>(&action)) {
    if (domain->removed) {
      domains.erase(domain->domain);
    } else {
      domains[domain->domain] = std::move(domain->configuration);
    }
  }
  return {};
}

Status TableState::apply_commit(int64_t commit_version, std::vector<Action> actions) {
  std::string txn_id;
  for (const auto& action : actions) {
    if (const auto* info = std::get_if<CommitInfo>(&action)) txn_id = info->txn_id;
  }
  for (auto& action : actions) LT_RETURN_IF_ERROR(apply(std::move(action), commit_version, txn_id));
  if (!schema) return Status::user("broken_log", "the log does not say what the table is: it begins without its metaData");
  version = commit_version;
  return {};
}

}  // namespace laketide::lake
