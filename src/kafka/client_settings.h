// Settings of librdkafka: which a user may give, which are ours, and how a configuration is made of both, and a client.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "kafka/handles.h"
#include "laketide/status.h"

namespace laketide::kafka {

/// Names and values as librdkafka writes them, from `client:` of the service and of the source.
using Settings = std::map<std::string, std::string>;

/// Success if every one of `client` may be set. Refuses, as `kUser` `bad_setting` with the setting as field: what loads code
/// or runs commands (plug-ins, engines, kinit), what the engine decides itself (positions, commits, isolation), names
/// that librdkafka does not have (with the nearest one it has), and values it does not take. Values are never repeated
/// in the message.
Status check_settings(const Settings& client);

/// A configuration for `brokers`: `ours` first, then `client` on top (checked as above), logging into base/log.h.
Result<ConfHandle> make_conf(const std::string& brokers,
                             std::initializer_list<std::pair<const char*, std::string>> ours, const Settings& client);

/// A client of `conf`, if that could be made. Each call has its own answer, so errors that belong to none are dropped; the library would queue them for nobody.
Result<ClientHandle> make_client(rd_kafka_type_t type, Result<ConfHandle> conf);

/// The version of the library in use, for `laketide version`.
std::string library_version();

}  // namespace laketide::kafka
