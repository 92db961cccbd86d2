// One client's connection, from accept to close. The only file that sees Beast is connection.cc.
#pragma once

#include <atomic>
#include <memory>

#include "http/limits.h"
#include "http/probe_places.h"
#include "http/router.h"
#include "http/worker_set.h"

// A socket as Asio declares it: its header would cost every file that sees this one seconds.
namespace boost::asio {
class any_io_executor;
template <typename Protocol, typename Executor>
class basic_stream_socket;
namespace ip {
class tcp;
}
}  // namespace boost::asio

namespace laketide::http {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>;

/// Which clients a listener serves. Immutable.
struct Door {
  bool probes_only = false;
  bool is_loopback = true;
};

/// How full the house was when a connection came: served, served only as a probe, told 503, or closed.
enum class Admission { kServed, kProbesOnly, kRefused, kClosed };

/// What all connections share. Owned by the server, outlives them. Thread-safe.
class Hall {
 public:
  Hall(const Router& router, const Limits& limits)
      : router(router), limits(limits),
        workers(std::make_unique<WorkerSet>("http-work", limits.workers, limits.workers + limits.calls_waiting)),
        probe_workers(std::make_unique<WorkerSet>("http-probe", 1, limits.probe_connections + limits.connections)) {}

  const Router& router;
  const Limits& limits;
  std::atomic<int> connections{0};
  std::atomic<int> requests{0};  // between their first byte read and their last byte written
  std::atomic<bool> closing{false};
  ProbePlaces probe_places;  // the sockets' thread alone looks at it
  // Calls that wait in them hold connections: gone before the connections' io_context is, which is gone before this.
  std::unique_ptr<WorkerSet> workers;
  std::unique_ptr<WorkerSet> probe_workers;
};

/// Serves a connection until it ends; counts it in `hall` meanwhile. Runs on the socket's executor; returns at once.
///
///   loop: wait for a byte (idle) → head (5 s) → judge it → body (15 s) → perform on a worker → write (15 s)
///
/// A request that was refused before its end is known ends the connection: what follows cannot be trusted to be a request.
void start_connection(TcpSocket&& socket, Hall& hall, const Door& door, Admission admission);

}  // namespace laketide::http
