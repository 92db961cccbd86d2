#include "sinks/postgres/postgres_sink.h"

#include <set>
#include <utility>

#include "sinks/postgres/connection.h"
#include "sinks/postgres/identifier.h"
#include "sinks/postgres/session.h"

namespace laketide {
namespace {

// One target's face of the session.
class PostgresSink final : public Sink {
 public:
  PostgresSink(std::shared_ptr<postgres::Session> session, size_t target, std::string id)
      : session_(std::move(session)), target_(target), id_(std::move(id)) {}
  ~PostgresSink() override { session_->stop(); }

  const std::string& id() const override { return id_; }
  Result<Progress> claim(const Wait& wait) override { return session_->claim(target_, wait); }
  Status bind(const Schema& schema, const Wait& wait) override { return session_->bind(target_, schema, wait); }
  Result<std::optional<Instant>> largest(const std::string& column, const Wait& wait) override { return session_->largest(target_, column, wait); }
  Result<std::unique_ptr<Writer>> open(Context& context) override { return session_->open(target_, context); }
  Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>>, const Wait& wait) override {
    return session_->prepare(target_, plan, wait);
  }
  Result<Commit> commit(const EpochPlan& plan, const Wait& wait) override { return session_->commit(target_, plan, wait); }
  Status abandon(EpochId epoch, const Wait& wait) override { return session_->abandon(epoch, wait); }

 private:
  std::shared_ptr<postgres::Session> session_;
  size_t target_;
  std::string id_;
};

Status check_target(const PostgresTarget& target) {
  using Mode = PostgresTarget::Mode;
  if (target.id.empty()) return Status::user("bad_sink", "a PostgreSQL sink needs an id", "id");
  if (target.mode != Mode::kUpsert && (!target.key.empty() || !target.order_by.empty())) {
    return Status::user("bad_sink", "key and order_by belong to mode upsert: " + target.table, "mode");
  }
  return {};
}

}  // namespace

Result<std::vector<std::unique_ptr<Sink>>> make_postgres_sinks(PostgresSinkOptions options) {
  LT_RETURN_IF_ERROR(postgres::check_url(options.url));
  LT_RETURN_IF_ERROR(postgres::check_identifier(options.schema));
  std::vector<postgres::TableName> names;
  std::vector<std::string> ids;
  std::set<std::string> taken;
  for (const PostgresTarget& target : options.targets) {
    LT_RETURN_IF_ERROR(check_target(target));
    if (!taken.insert(target.id).second) {
      return Status::user("bad_sink", "two sinks of the pipeline have the same id; give one another with id: " + target.id, "id");
    }
    LT_ASSIGN_OR_RETURN(auto name, postgres::parse_table_name(target.table));
    names.push_back(std::move(name));
    ids.push_back(target.id);
  }
  auto session = postgres::make_session(std::move(options), std::move(names));
  std::vector<std::unique_ptr<Sink>> sinks;
  for (size_t at = 0; at < ids.size(); ++at) sinks.push_back(std::make_unique<PostgresSink>(session, at, ids[at]));
  return sinks;
}

}  // namespace laketide
