#include "sinks/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace laketide::postgres {
namespace {

constexpr std::chrono::milliseconds kStopCheck{50};  // how soon a stop token is seen
constexpr size_t kPieceBytes = 64 << 10;             // bounds what libpq buffers of a COPY, and stays in the server's cache until it is parsed

struct ConnectionEnd {
  void operator()(PGconn* handle) const { PQfinish(handle); }
};
struct ResultEnd {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ResultEnd>;

std::string libpq_url(const std::string& url) {
  constexpr std::string_view kJdbc = "jdbc:";
  return url.rfind(kJdbc, 0) == 0 ? url.substr(kJdbc.size()) : url;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

std::string one_line(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// While connecting libpq keeps no error fields; with verbose errors the text holds them: `…: FATAL:  28P01: what`.
ServerError connect_error(PGconn* handle) {
  ServerError error;
  error.message = PQerrorMessage(handle);
  for (size_t at = error.message.find(":  "); at != std::string::npos; at = error.message.find(":  ", at + 1)) {
    const std::string code = error.message.substr(at + 3, 5);
    const bool is_code = code.size() == 5 && std::all_of(code.begin(), code.end(), [](unsigned char c) {
                           return std::isdigit(c) != 0 || std::isupper(c) != 0;
                         });
    if (!is_code || error.message.compare(at + 8, 1, ":") != 0) continue;
    error.sqlstate = code;
    const auto end = error.message.find('\n', at);
    error.message = one_line(error.message.substr(at + 9, end == std::string::npos ? end : end - at - 9));
    error.message.erase(0, error.message.find_first_not_of(' '));
    return error;
  }
  error.message = one_line(std::move(error.message));
  return error;
}

class LibpqConnection final : public Connection {
 public:
  LibpqConnection(PGconn* handle, StopToken stop) : handle_(handle), stop_(std::move(stop)) {}

  Status connect(const Wait& wait) {
    if (!handle_) return Status::internal("no_memory", "libpq could not make a connection");
    PQsetErrorVerbosity(handle_.get(), PQERRORS_VERBOSE);
    PostgresPollingStatusType state = PQstatus(handle_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
      LT_RETURN_IF_ERROR(wait_for(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, wait));
      state = PQconnectPoll(handle_.get());
    }
    if (state != PGRES_POLLING_OK) {
      error_ = connect_error(handle_.get());
      usable_ = false;
      return to_status(error_, "connecting to PostgreSQL");
    }
    PQsetErrorVerbosity(handle_.get(), PQERRORS_DEFAULT);
    PQsetNoticeProcessor(handle_.get(), [](void*, const char*) {}, nullptr);
    if (PQsetnonblocking(handle_.get(), 1) != 0) return lost("connecting to PostgreSQL");
    return {};
  }

  Status run(const std::string& sql, const Wait& wait) override {
    LT_RETURN_IF_ERROR(send(sql, wait));
    return receive(wait);
  }

  Status ask(const std::string& sql, Rows& rows, const Wait& wait) override {
    LT_RETURN_IF_ERROR(send(sql, wait));
    return read_all(wait, &rows);
  }

  Result<Rows> query(const std::string& sql, const std::vector<std::optional<std::string>>& parameters,
                     const Wait& wait) override {
    LT_RETURN_IF_ERROR(ready());
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
    if (PQsendQueryParams(handle_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                          nullptr, 0) != 1) {
      return lost("sending a query");
    }
    Rows rows;
    LT_RETURN_IF_ERROR(flush(wait));
    LT_RETURN_IF_ERROR(read_all(wait, &rows));
    return rows;
  }

  Status copy(const std::string& sql, std::span<const std::string_view> parts, Rows& rows, const Wait& wait) override {
    LT_RETURN_IF_ERROR(send(sql, wait));
    bool copying = false;
    LT_RETURN_IF_ERROR(read_until_copy(rows, wait, copying));
    if (!copying) return Status::internal("postgres_protocol", "a COPY statement did not start a copy");
    size_t unsent = 0;  // what is small goes with what follows: each sending wakes the server
    for (std::string_view part : parts) {
      while (!part.empty()) {
        const std::string_view piece = part.substr(0, kPieceBytes);
        part.remove_prefix(piece.size());
        LT_RETURN_IF_ERROR(put(piece, wait));
        unsent += piece.size();
        if (unsent < kPieceBytes) continue;
        LT_RETURN_IF_ERROR(flush(wait));
        unsent = 0;
      }
    }
    int ended = 0;
    while ((ended = PQputCopyEnd(handle_.get(), nullptr)) == 0) LT_RETURN_IF_ERROR(wait_both(wait));
    if (ended < 0) return lost("ending a copy");
    LT_RETURN_IF_ERROR(flush(wait));
    return read_all(wait, nullptr);
  }

  Status send(const std::string& sql, const Wait& wait) override {
    LT_RETURN_IF_ERROR(ready());
    if (PQsendQuery(handle_.get(), sql.c_str()) != 1) return lost("sending a statement");
    return flush(wait);
  }

  Status receive(const Wait& wait) override {
    LT_RETURN_IF_ERROR(ready());
    return read_all(wait, nullptr);
  }
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  const std::string& tag() const override { return tag_; }
  const ServerError& last_error() const override { return error_; }
  bool usable() const override { return usable_ && PQstatus(handle_.get()) == CONNECTION_OK; }
  void cut() override {
    ::shutdown(PQsocket(handle_.get()), SHUT_RDWR);
    usable_ = false;  // what came in before could still be read
  }
  int server_version() const override { return PQserverVersion(handle_.get()); }

 private:
  Status ready() {
    error_ = {};
    if (usable()) return {};
    error_.message = "it was closed before";
    return to_status(error_, "using the connection to PostgreSQL");
  }

  Status lost(std::string_view doing) {
    error_ = {};
    error_.message = one_line(PQerrorMessage(handle_.get()));
    usable_ = false;
    return to_status(error_, doing);
  }

  // libpq 15 can only cancel by a call that blocks. Closing does as well: a server that waits for us notices at once, one
  // that computes within its client_connection_check_interval, and rolls back.
  Status give_up() {
    cut();
    error_ = {};
    error_.message = "given up by us";
    usable_ = false;
    return Status::cancelled("PostgreSQL did not answer before the stop or the deadline; the connection was closed");
  }

  Status wait_for(short events, const Wait& wait) {
    for (;;) {
      if (wait.over() || stop_.stop_requested()) return give_up();
      pollfd descriptor{PQsocket(handle_.get()), events, 0};
      if (descriptor.fd < 0) return lost("waiting for PostgreSQL");
      const auto slice = std::max(wait.left(kStopCheck), std::chrono::milliseconds(1));
      const int ready = ::poll(&descriptor, 1, static_cast<int>(slice.count()));
      if (ready > 0 || (ready < 0 && errno != EINTR)) return {};
    }
  }

  // The server may speak while we still send; not reading then would block both sides.
  Status wait_both(const Wait& wait) {
    LT_RETURN_IF_ERROR(wait_for(POLLIN | POLLOUT, wait));
    return PQconsumeInput(handle_.get()) == 1 ? Status() : lost("sending to PostgreSQL");
  }

  Status flush(const Wait& wait) {
    int left = 0;
    while ((left = PQflush(handle_.get())) == 1) LT_RETURN_IF_ERROR(wait_both(wait));
    return left == 0 ? Status() : lost("sending to PostgreSQL");
  }

  Status put(std::string_view piece, const Wait& wait) {
    int taken = 0;
    while ((taken = PQputCopyData(handle_.get(), piece.data(), static_cast<int>(piece.size()))) == 0) {
      LT_RETURN_IF_ERROR(wait_both(wait));
    }
    return taken < 0 ? lost("copying to PostgreSQL") : Status();
  }

  Result<ResultHandle> next_result(const Wait& wait) {
    while (PQisBusy(handle_.get()) == 1) {
      LT_RETURN_IF_ERROR(wait_for(POLLIN, wait));
      if (PQconsumeInput(handle_.get()) != 1) return lost("reading from PostgreSQL");
    }
    return ResultHandle(PQgetResult(handle_.get()));
  }

  Status keep_error(const PGresult* result) {
    error_ = {};
    error_.sqlstate = field(result, PG_DIAG_SQLSTATE);
    error_.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    error_.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    error_.context = field(result, PG_DIAG_CONTEXT);
    error_.schema = field(result, PG_DIAG_SCHEMA_NAME);
    error_.table = field(result, PG_DIAG_TABLE_NAME);
    if (error_.connection_lost()) error_.message = one_line(PQresultErrorMessage(result));
    // A backend that is told to go says so with a code and then closes the socket.
    if (error_.connection_lost() || PQstatus(handle_.get()) != CONNECTION_OK) usable_ = false;
    return to_status(error_, "a statement of the PostgreSQL sink");
  }

  Status read_all(const Wait& wait, Rows* rows) {
    Status outcome;
    for (;;) {
      LT_ASSIGN_OR_RETURN(auto result, next_result(wait));
      if (!result) break;
      if (Status taken = take(*result, rows); !taken.ok() && outcome.ok()) outcome = std::move(taken);
    }
    if (PQstatus(handle_.get()) != CONNECTION_OK) {
      usable_ = false;
      if (outcome.ok()) return lost("reading from PostgreSQL");
    }
    return outcome;
  }

  Status take(const PGresult& result, Rows* rows) {
    switch (PQresultStatus(&result)) {
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        tag_ = PQcmdStatus(const_cast<PGresult*>(&result));
        return {};
      case PGRES_TUPLES_OK:
        tag_ = PQcmdStatus(const_cast<PGresult*>(&result));
        if (rows != nullptr) append_rows(result, *rows);
        keep_columns(result);
        return {};
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
        usable_ = false;
        return Status::internal("postgres_protocol", "a statement started a copy that nobody asked for");
      default:
        return keep_error(&result);
    }
  }

  void keep_columns(const PGresult& result) {
    columns_.clear();
    for (int column = 0; column < PQnfields(&result); ++column) columns_.push_back({PQfname(&result, column), PQftype(&result, column), PQfmod(&result, column)});
  }

  static void append_rows(const PGresult& result, Rows& rows) {
    for (int row = 0; row < PQntuples(&result); ++row) {
      auto& cells = rows.emplace_back();
      for (int column = 0; column < PQnfields(&result); ++column) {
        if (PQgetisnull(&result, row, column) == 1) {
          cells.emplace_back();
        } else {
          cells.emplace_back(std::in_place, PQgetvalue(&result, row, column), PQgetlength(&result, row, column));
        }
      }
    }
  }

  Status read_until_copy(Rows& rows, const Wait& wait, bool& copying) {
    for (;;) {
      LT_ASSIGN_OR_RETURN(auto result, next_result(wait));
      if (!result) return {};
      if (PQresultStatus(result.get()) == PGRES_COPY_IN) {
        copying = true;
        return {};
      }
      if (Status taken = take(*result, &rows); !taken.ok()) {
        const ServerError cause = error_;
        Status rest = read_all(wait, nullptr);
        error_ = cause;
        return rest.is_cancelled() ? rest : taken;
      }
    }
  }

  std::unique_ptr<PGconn, ConnectionEnd> handle_;
  const StopToken stop_;
  ServerError error_;
  std::string tag_;
  std::vector<ResultColumn> columns_;
  bool usable_ = true;
};

}  // namespace

Status check_url(const std::string& url) {
  char* why = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(libpq_url(url).c_str(), &why);
  PQfreemem(why);
  if (parsed == nullptr) {
    return Status::user("bad_url",
                        "libpq cannot read the postgres url (it is not shown, it may hold a password); write "
                        "postgresql://user@host:5432/database?sslmode=prefer or host=… dbname=…, with libpq's own parameter names, "
                        "and percent-encode special characters",
                        "url");
  }
  PQconninfoFree(parsed);
  return {};
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options, const Wait& wait) {
  LT_RETURN_IF_ERROR(check_url(options.url));
  const std::string url = libpq_url(options.url);
  // What stands before dbname is a default that the URL may override, what stands behind is fixed.
  const std::array<const char*, 8> keywords{"keepalives_idle",  "keepalives_interval", "keepalives_count",
                                             "tcp_user_timeout", "dbname",              "application_name",
                                             "client_encoding",  nullptr};
  const std::array<const char*, 8> values{"30",  "10", "3", "60000", url.c_str(), options.application_name.c_str(), "UTF8", nullptr};
  auto connection =
      std::make_unique<LibpqConnection>(PQconnectStartParams(keywords.data(), values.data(), /*expand_dbname=*/1), options.stop);
  Wait connecting{wait.stop, std::min(wait.deadline, std::chrono::steady_clock::now() + options.connect_timeout)};
  if (Status connected = connection->connect(connecting); !connected.ok()) {
    if (!connected.is_cancelled() || wait.over()) return connected;
    return Status::external("postgres_unavailable", "connecting to PostgreSQL took longer than the connect time-out");
  }
  LT_RETURN_IF_ERROR(connection->run(
      "SET standard_conforming_strings = on; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; "
      "SET idle_in_transaction_session_timeout = 0",
      connecting));
  // From version 14, and only where the server's kernel can tell: no reason to fail without it.
  const Status checked = connection->run("SET client_connection_check_interval = '1s'", connecting);
  if (!connection->usable()) return checked;
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace laketide::postgres
