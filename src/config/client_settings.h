// What may be handed to the client libraries: librdkafka's settings and libpq's connection texts.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/field.h"

namespace laketide::config {

/// `client:` of Kafka: any librdkafka setting as text, but none that loads code or runs a command, none that Laketide
/// decides itself, and, from a request, none that names a file or another host. In a pipeline (`secrets_visible`: its
/// document is stored and shown) a secret must be a variable.
Field kafka_client_field(std::map<std::string, std::string>& into, bool secrets_visible);
/// "host:port[,host:port…]".
Field kafka_brokers_field(std::string& into);

/// A libpq URL or "host=… dbname=…"; a jdbc: prefix is taken off. Its text is never shown in a problem. In a pipeline
/// the password must be a variable, and a request may name no file.
Field postgres_url_field(std::string& into, bool secrets_visible);

}  // namespace laketide::config
