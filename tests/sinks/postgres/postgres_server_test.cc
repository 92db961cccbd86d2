#include "sinks/postgres/postgres_server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace laketide {
namespace {

std::string script() {
  const char* source = std::getenv("LAKETIDE_SOURCE_DIR");
  return std::string(source != nullptr ? source : ".") + "/tests/services/postgres.sh";
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  for (char buffer[256]; std::fgets(buffer, sizeof buffer, pipe) != nullptr;) out += buffer;
  if (pclose(pipe) != 0) return {};
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

// One a process, in a directory that the server's user can traverse.
class Server {
 public:
  static Server& instance() {
    static Server server;
    return server;
  }
  const std::string& url() const { return url_; }
  int next_number() { return ++number_; }

 private:
  Server() {
    std::string name = (std::filesystem::temp_directory_path() / "laketide-postgres-XXXXXX").string();
    directory_ = mkdtemp(name.data());
    chmod(directory_.c_str(), 0755);
    url_ = output_of("LAKETIDE_OWNER=" + std::to_string(getpid()) + " " + script() + " start " + directory_ + " fsync=off");
  }
  ~Server() {
    const int stopped = std::system((script() + " kill " + directory_).c_str());
    std::error_code ignored;
    if (stopped == 0) std::filesystem::remove_all(directory_, ignored);
  }

  std::string directory_;
  std::string url_;
  int number_ = 0;
};

PGresult* execute(PGconn* connection, const std::string& sql) {
  PGresult* result = PQexec(connection, sql.c_str());
  const auto status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << sql << ": " << PQerrorMessage(connection);
  return result;
}

}  // namespace

Database::Database() {
  Server& server = Server::instance();
  EXPECT_FALSE(server.url().empty()) << "PostgreSQL did not start; see tests/services/postgres.sh";
  name_ = "test_" + std::to_string(server.next_number());
  PGconn* admin = PQconnectdb(server.url().c_str());
  PQclear(execute(admin, "CREATE DATABASE " + name_));
  PQfinish(admin);
  url_ = server.url().substr(0, server.url().rfind('/') + 1) + name_;
  connection_ = PQconnectdb(url_.c_str());
}

Database::~Database() {
  PQfinish(connection_);
  PGconn* admin = PQconnectdb(Server::instance().url().c_str());
  PQclear(execute(admin, "DROP DATABASE " + name_ + " WITH (FORCE)"));
  PQfinish(admin);
}

void Database::run(const std::string& sql) const { PQclear(execute(connection_, sql)); }

std::vector<std::string> Database::rows(const std::string& sql) const {
  PGresult* result = execute(connection_, sql);
  std::vector<std::string> rows;
  for (int row = 0; row < PQntuples(result); ++row) {
    std::string line;
    for (int column = 0; column < PQnfields(result); ++column) {
      if (column > 0) line += '|';
      line += PQgetisnull(result, row, column) == 1 ? "NULL" : PQgetvalue(result, row, column);
    }
    rows.push_back(line);
  }
  PQclear(result);
  return rows;
}

std::string Database::value(const std::string& sql) const {
  const auto all = rows(sql);
  EXPECT_EQ(all.size(), 1u) << sql;
  return all.empty() ? "" : all.front();
}

Client::Client(const std::string& url, const std::string& application_name)
    : connection_(PQconnectdb((url + "?application_name=" + application_name).c_str())) {
  EXPECT_EQ(PQstatus(connection_), CONNECTION_OK) << PQerrorMessage(connection_);
}
Client::~Client() { PQfinish(connection_); }
void Client::run(const std::string& sql) const { PQclear(execute(connection_, sql)); }
void Client::send(const std::string& sql) const { EXPECT_EQ(PQsendQuery(connection_, sql.c_str()), 1); }

bool Client::alive() const {
  PGresult* result = PQexec(connection_, "SELECT 1");
  const bool alive = PQresultStatus(result) == PGRES_TUPLES_OK;
  PQclear(result);
  return alive;
}

namespace {

TEST(PostgresServer, GivesEachTestADatabaseOfItsOwn) {
  auto first = std::make_unique<Database>();
  Database second;
  first->run("CREATE TABLE t (a int)");
  EXPECT_EQ(first->value("SELECT to_regclass('t') IS NULL"), "f");
  EXPECT_EQ(second.value("SELECT to_regclass('t') IS NULL"), "t");
}

}  // namespace
}  // namespace laketide
