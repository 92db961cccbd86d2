// Every library whose symbols could be mistaken for another's, at work in one process: TLS by librdkafka, libpq and libssl,
// simdjson beside Parquet's copy, libpg_query beside libpq, snappy and zstd inside and outside Arrow.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <pg_query.h>
#include <simdjson.h>

#include <array>
#include <memory>
#include <string>

namespace {

/// A key and a certificate it signed itself.
struct Identity {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};

  Identity() {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
  }
};

TEST(OneProcess, LibsslShakesHandsWithItself) {
  const Identity identity;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> server_context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  ASSERT_EQ(SSL_CTX_use_certificate(server_context.get(), identity.certificate.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(server_context.get(), identity.key.get()), 1);
  std::unique_ptr<SSL, decltype(&SSL_free)> server(SSL_new(server_context.get()), SSL_free);
  std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(client_context.get()), SSL_free);
  BIO* server_side = nullptr;
  BIO* client_side = nullptr;
  ASSERT_EQ(BIO_new_bio_pair(&server_side, 0, &client_side, 0), 1);
  SSL_set_bio(server.get(), server_side, server_side);
  SSL_set_bio(client.get(), client_side, client_side);
  SSL_set_accept_state(server.get());
  SSL_set_connect_state(client.get());
  for (int round = 0; round < 10 && !(SSL_is_init_finished(server.get()) && SSL_is_init_finished(client.get())); ++round) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  EXPECT_STREQ(SSL_get_version(client.get()), "TLSv1.3");
  ASSERT_EQ(SSL_write(client.get(), "tide", 4), 4);
  std::array<char, 8> received{};
  ASSERT_EQ(SSL_read(server.get(), received.data(), received.size()), 4);
  EXPECT_STREQ(received.data(), "tide");
}

TEST(OneProcess, LibrdkafkaOpensATlsClient) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  ASSERT_EQ(rd_kafka_conf_set(settings, "security.protocol", "ssl", error.data(), error.size()), RD_KAFKA_CONF_OK) << error.data();
  ASSERT_EQ(rd_kafka_conf_set(settings, "compression.codec", "zstd", error.data(), error.size()), RD_KAFKA_CONF_OK) << error.data();
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, error.data(), error.size());
  ASSERT_NE(client, nullptr) << error.data();
  rd_kafka_destroy(client);
}

TEST(OneProcess, LibpqAnswersForItsOwnTls) {
  // Port 1 of the loopback answers nobody: the refusal is libpq's own, after it has read the TLS settings.
  PGconn* connection = PQconnectdb("host=127.0.0.1 port=1 sslmode=require connect_timeout=5 dbname=none user=none");
  EXPECT_EQ(PQstatus(connection), CONNECTION_BAD);
  EXPECT_NE(std::string(PQerrorMessage(connection)).find("refused"), std::string::npos) << PQerrorMessage(connection);
  PQfinish(connection);
}

TEST(OneProcess, SimdjsonParses) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string text(std::string(R"({"id": 7, "source": "north"})"));
  simdjson::ondemand::document document;
  ASSERT_EQ(parser.iterate(text).get(document), simdjson::SUCCESS);
  int64_t id = 0;
  ASSERT_EQ(document["id"].get_int64().get(id), simdjson::SUCCESS);
  EXPECT_EQ(id, 7);
}

TEST(OneProcess, LibpgQueryParses) {
  PgQueryParseResult parsed = pg_query_parse("SELECT window_start, avg(value) FROM events GROUP BY tumble(ts, INTERVAL '10 seconds'), id");
  EXPECT_EQ(parsed.error, nullptr);
  EXPECT_NE(std::string(parsed.parse_tree).find("tumble"), std::string::npos);
  pg_query_free_parse_result(parsed);
  parsed = pg_query_parse("SELECT FROM WHERE");
  EXPECT_NE(parsed.error, nullptr);
  pg_query_free_parse_result(parsed);
}

class ParquetCompression : public testing::TestWithParam<parquet::Compression::type> {};

TEST_P(ParquetCompression, RoundTrips) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.AppendValues({"ebb", "flow", "ebb"}).ok());
  const auto column = builder.Finish().ValueOrDie();
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("tide", arrow::utf8())}), {column});
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto properties = parquet::WriterProperties::Builder().compression(GetParam())->build();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 1024, properties).ok());
  const auto input = std::make_shared<arrow::io::BufferReader>(sink->Finish().ValueOrDie());
  const auto reader = parquet::arrow::OpenFile(input, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(reader->ReadTable().ValueOrDie()->Equals(*table));
}

INSTANTIATE_TEST_SUITE_P(OneProcess, ParquetCompression,
                         testing::Values(parquet::Compression::SNAPPY, parquet::Compression::ZSTD, parquet::Compression::GZIP));

}  // namespace
