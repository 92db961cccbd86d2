#include "config/client_settings.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "base/quantity.h"
#include "config/expansion.h"

namespace laketide::config {
namespace {

constexpr std::string_view kSecretHint =
    "a secret must not stand in a pipeline's document, which is stored and shown: write ${NAME} or ${file:/path} in a file, "
    "or set it in the service file";

struct RefusedSetting {
  std::string_view name;
  std::string_view reason;
};
constexpr RefusedSetting kRefusedKafka[] = {
    {"plugin.library.paths", "it loads code into this process"},
    {"ssl.engine.location", "it loads code into this process"},
    {"ssl.engine.id", "it loads code into this process"},
    {"ssl.providers", "it loads code into this process"},
    {"sasl.kerberos.kinit.cmd", "it runs a command"},
    {"bootstrap.servers", "write it as `brokers`"},
    {"metadata.broker.list", "write it as `brokers`"},
    {"group.id", "write it as `group_id` of the source"},
    {"auto.offset.reset", "the engine decides where to read: use `start` and `fail_on_data_loss`"},
    {"enable.auto.commit", "the engine commits offsets with its epochs"},
    {"enable.auto.offset.store", "the engine commits offsets with its epochs"},
    {"isolation.level", "the engine always reads committed records"},
    {"enable.partition.eof", "the engine needs it as it is"}};
constexpr std::string_view kKafkaSecrets[] = {"sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
                                              "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"};

bool is_secret(std::string_view setting) {
  return std::find(std::begin(kKafkaSecrets), std::end(kKafkaSecrets), setting) != std::end(kKafkaSecrets);
}

bool names_file_or_host(std::string_view setting) {
  return setting.ends_with(".location") || setting.ends_with(".keytab") || setting.ends_with(".url") || setting.ends_with(".path");
}

/// True if the text holds nothing but variables without a default: nothing of a secret stands in it.
bool is_reference(std::string_view text) {
  while (text.starts_with("${")) {
    const size_t close = text.find('}');
    if (close == std::string_view::npos || text.substr(0, close).find(":-") != std::string_view::npos) return false;
    text.remove_prefix(close + 1);
    if (text.empty()) return true;
  }
  return false;
}

std::string why_refused(std::string_view setting, bool is_file) {
  for (const RefusedSetting& refused : kRefusedKafka) {
    if (refused.name == setting) return "refused: " + std::string(refused.reason);
  }
  if (setting.empty() || setting.ends_with("_cb")) return "refused: not a setting that has a text";
  if (!is_file && names_file_or_host(setting)) return "refused over HTTP: it names a file or another host; set it in the service file";
  return {};
}

std::string read_kafka_client(Reader& reader, const Node& node, const std::string& path, bool secrets_visible,
                              std::map<std::string, std::string>& into) {
  if (!reader.expect_mapping(node, path, "{ security.protocol: SASL_SSL }")) return {};
  std::map<std::string, std::string> canonical;
  for (const Node::Member& member : node.members) {
    const std::string member_path = path_of(path, member.key);
    if (const std::string reason = why_refused(member.key, reader.is_file()); !reason.empty()) {
      reader.refuse(member.key_place, member_path, reason);
      continue;
    }
    if (member.value.is_null()) continue;
    const bool secret = is_secret(member.key);
    if (secret && secrets_visible && !(reader.is_file() && is_reference(member.value.text))) {
      reader.refuse(member.value.place, member_path, std::string(kSecretHint));
      continue;
    }
    if (const auto text = reader.scalar(member.value, member_path, "text")) into[member.key] = *text;
    canonical[member.key] = secret && !secrets_visible ? "" : json_text(member.value.text);
  }
  return json_object(canonical);
}

std::string check_brokers(const std::string& text) {
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view broker = rest.substr(0, comma);
    const size_t colon = broker.rfind(':');
    const auto port = colon == std::string_view::npos ? std::nullopt : parse_integer(broker.substr(colon + 1));
    const bool blank = broker.find_first_of(" \t") != std::string_view::npos;
    if (!port || *port < 1 || *port > 65535 || colon == 0 || blank) {
      return "expected host:port, or several with commas between, such as \"127.0.0.1:9092\"";
    }
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

/// A libpq parameter named in a connection text, and where its value begins; in both of libpq's spellings.
std::string_view value_of_parameter(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool starts_word = at == 0 || text[at - 1] == ' ' || text[at - 1] == '?' || text[at - 1] == '&';
    size_t equals = at + name.size();
    while (equals < text.size() && text[equals] == ' ') ++equals;
    if (!starts_word || equals >= text.size() || text[equals] != '=') continue;
    const size_t begin = std::min(text.find_first_not_of(' ', equals + 1), text.size());
    return text.substr(begin, text.find_first_of(" &", begin) - begin);
  }
  return {};
}

std::string_view url_password(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view authority = url.substr(scheme + 3, url.find_first_of("/?", url.rfind('@')) - scheme - 3);
  const size_t at = authority.rfind('@');
  const size_t colon = authority.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) return {};
  return authority.substr(colon + 1, at - colon - 1);
}

bool shows_password(std::string_view written) {
  for (const std::string_view secret : {url_password(written), value_of_parameter(written, "password"),
                                        value_of_parameter(written, "sslpassword")}) {
    if (!secret.empty() && !is_reference(secret)) return true;
  }
  return false;
}

bool names_file(std::string_view text) {
  for (const std::string_view name : {"sslkey", "sslcert", "sslrootcert", "sslcrl", "sslcrldir", "passfile", "service", "servicefile"}) {
    if (!value_of_parameter(text, name).empty()) return true;
  }
  const std::string_view host = value_of_parameter(text, "host");
  return host.starts_with('/') || host.starts_with("%2");
}

std::string read_postgres_url(Reader& reader, const Node& node, const std::string& path, bool secrets_visible, std::string& into) {
  constexpr std::string_view kWhat = "a libpq URL or keywords, such as postgresql://user@host:5432/database";
  if (secrets_visible && shows_password(node.text)) {
    reader.refuse(node.place, path, std::string(kSecretHint));
    return {};
  }
  const auto text = reader.scalar(node, path, kWhat);
  if (!text) return {};
  const std::string url = text->starts_with("jdbc:") ? text->substr(5) : *text;
  const bool is_url = url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (!is_url && (url.find("://") != std::string::npos || url.find('=') == std::string::npos)) {
    reader.refuse(node.place, path, "expected " + std::string(kWhat));
  } else if (!reader.is_file() && names_file(url)) {
    reader.refuse(node.place, path, "refused over HTTP: it names a file; set postgres.url in the service file");
  } else {
    into = url;
  }
  return secrets_visible ? json_text(node.text) : std::string();
}

}  // namespace

Field kafka_client_field(std::map<std::string, std::string>& into, bool secrets_visible) {
  return with_type({"client", "any librdkafka setting, such as security.protocol: SASL_SSL",
          [&into, secrets_visible](Reader& reader, const Node& node, const std::string& path) {
            return read_kafka_client(reader, node, path, secrets_visible, into);
          }}, "texts by name");
}

Field kafka_brokers_field(std::string& into) {
  return text_field("brokers", into, "the Kafka brokers to ask first: host:port[,host:port]", check_brokers);
}

Field postgres_url_field(std::string& into, bool secrets_visible) {
  return with_type({"url", "libpq URL or keywords; a jdbc:postgresql:// prefix is accepted",
          [&into, secrets_visible](Reader& reader, const Node& node, const std::string& path) {
            return read_postgres_url(reader, node, path, secrets_visible, into);
          }}, "text");
}

}  // namespace laketide::config
