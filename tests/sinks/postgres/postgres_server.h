// A real PostgreSQL for the tests of this room: one server a process, one database a test.
#pragma once

#include <string>
#include <vector>

#include <libpq-fe.h>

namespace laketide {

/// A database of its own on the process's server, which is started with the first and ends with the process. Missing
/// binaries fail the test. Caller synchronises.
class Database {
 public:
  Database();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& url() const { return url_; }
  /// Runs statements; what goes wrong fails the test.
  void run(const std::string& sql) const;
  /// All rows, cells joined by '|', NULL as "NULL".
  std::vector<std::string> rows(const std::string& sql) const;
  /// The single cell of a query.
  std::string value(const std::string& sql) const;

 private:
  std::string name_;
  std::string url_;
  PGconn* connection_ = nullptr;
};

/// A client of its own, for what another program does meanwhile. Caller synchronises.
class Client {
 public:
  Client(const std::string& url, const std::string& application_name);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  void run(const std::string& sql) const;
  /// Sends a statement and does not wait for it.
  void send(const std::string& sql) const;
  /// Whether the server still talks to it.
  bool alive() const;

 private:
  PGconn* connection_;
};

}  // namespace laketide
