// What is refused before anything is written, names in SQL, and the rules of errors.
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "sinks/postgres/identifier.h"
#include "sinks/postgres/pipeline.h"
#include "sinks/postgres/server_error.h"

namespace laketide::options_test {
namespace {

using postgres::ServerError;

PostgresTarget target() { return {.id = "t", .table = "t"}; }
Status refused(PostgresSinkOptions options) { return make_postgres_sinks(std::move(options)).status(); }
PostgresSinkOptions options(PostgresTarget one) {
  PostgresSinkOptions options;
  options.url = "postgresql://localhost/d";
  options.targets = {std::move(one)};
  return options;
}

TEST(PostgresOptions, RefusesAUrlWithoutShowingIt) {
  auto wrong = options(target());
  wrong.url = "postgresql://me:s3cret%zz@host/d";
  const Status status = refused(wrong);
  EXPECT_EQ(status.code(), "bad_url");
  EXPECT_EQ(status.detail().find("s3cret"), std::string::npos);
  wrong.url = "jdbc:postgresql://host/d?currentSchema=x";
  EXPECT_EQ(refused(wrong).code(), "bad_url");
  wrong.url = "host=localhost dbname=d";
  EXPECT_TRUE(refused(wrong).ok());
}

TEST(PostgresOptions, RefusesWhatIsNoSink) {
  auto one = target();
  one.mode = PostgresTarget::Mode::kOverwrite;
  EXPECT_TRUE(refused(options(one)).ok());
  one.order_by = "v";
  EXPECT_EQ(refused(options(one)).field(), "mode");
  one.order_by = "";
  one = target();
  one.key = {"id"};
  EXPECT_EQ(refused(options(one)).field(), "mode");
  one = target();
  one.table = std::string(64, 'x');
  EXPECT_EQ(refused(options(one)).code(), "bad_identifier");
  auto twice = options(target());
  twice.targets.push_back(target());
  EXPECT_EQ(refused(twice).field(), "id");
}

TEST(PostgresIdentifier, ReadsTablesAsSqlDoes) {
  const auto plain = [](std::string_view text) {
    auto name = postgres::parse_table_name(text);
    return name.ok() ? name->quoted() : std::string(name.status().code());
  };
  EXPECT_EQ(plain("Events"), R"("public"."events")");
  EXPECT_EQ(plain("app.Events"), R"("app"."events")");
  EXPECT_EQ(plain(R"("My App"."a.b""c")"), R"("My App"."a.b""c")");
  EXPECT_EQ(plain("a.b.c"), "bad_identifier");
  EXPECT_EQ(plain(""), "bad_identifier");
  EXPECT_EQ(plain("\"open"), "bad_identifier");
  EXPECT_EQ(plain(std::string(63, 'x')), "\"public\".\"" + std::string(63, 'x') + "\"");
}

TEST(PostgresIdentifier, ApplicationNamesSurviveTheServersLimit) {
  EXPECT_EQ(postgres::application_name("p", "postgres:public.t"), "laketide/p/postgres:public.t");
  EXPECT_EQ(postgres::application_name("a/b", "ü"), "laketide/a%2Fb/%C3%BC");
  const std::string first = postgres::application_name(std::string(60, 'p'), "first");
  const std::string second = postgres::application_name(std::string(60, 'p'), "second");
  EXPECT_EQ(first.size(), 63u);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.substr(0, 46), second.substr(0, 46));
  EXPECT_EQ(first[46], '~');
}

TEST(PostgresServerError, TellsWhoseFaultItIs) {
  const auto fault = [](const char* state) { return postgres::to_status(ServerError{.sqlstate = state}, "x").fault(); };
  for (const char* state : {"", "08006", "57P01", "57P03", "53300", "58030", "40001", "40P01", "55P03", "25006", "57014", "53100", "53200"}) {
    EXPECT_EQ(fault(state), Fault::kExternal) << state;
  }
  for (const char* state : {"22021", "23505", "21000", "42P01", "42501", "28P01", "3D000", "3F000", "57P04", "0A000", "P0001"}) {
    EXPECT_EQ(fault(state), Fault::kUser) << state;
  }
  for (const char* state : {"XX000", "22P04", "25P02"}) EXPECT_EQ(fault(state), Fault::kInternal) << state;
}

TEST(PostgresServerError, NamesTheLineOfACopy) {
  ServerError error;
  error.context = "COPY t, line 17, column a";
  EXPECT_EQ(error.copy_line(), 17);
  error.context = "SQL statement \"SELECT 1\"";
  EXPECT_FALSE(error.copy_line());
}

}  // namespace
}  // namespace laketide::options_test
