// From a request to its answer: who may, which operation, with what; without any socket.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "http/access.h"
#include "http/message.h"
#include "http/route.h"
#include "http/service.h"

namespace laketide::http {

/// A request whose head was let in; its body is still to come. Immutable.
struct Admitted {
  const Route* route = nullptr;
  std::map<std::string, std::string> path;
  Query query;
  std::string idempotency_key;
};

/// Owned by the server, as long as its connections. Thread-safe.
class Router {
 public:
  /// Without tokens the probes' listener shows metrics only on loopback, or if `allow_unauthenticated`.
  Router(Service& service, Access access, bool allow_unauthenticated)
      : service_(service), access_(std::make_shared<const Access>(std::move(access))), allow_unauthenticated_(allow_unauthenticated) {}

  /// From the next request on these tokens count.
  void set_access(Access access);

  bool is_stopping() const { return service_.is_stopping(); }

  /// Judges a head, so that nothing is read of a body that would be refused. In this order: origin and host, token,
  /// path, method, scope, query.
  std::variant<Admitted, Response> admit(const Head& head) const;

  /// Checks the body and performs the operation. May block as long as the engine does; never throws.
  Reply perform(const Admitted& admitted, const std::string& body) const;

 private:
  std::shared_ptr<const Access> access() const;

  Service& service_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Access> access_;  // guarded by mutex_
  const bool allow_unauthenticated_;
};

/// Carries a reply's waiting on: calls `again`, never throws.
Reply perform_again(const Reply& reply);

}  // namespace laketide::http
