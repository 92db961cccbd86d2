// A sink whose calls run on an io actor, because it also works there between calls.
#pragma once

#include <memory>

#include "flow/sink.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// Forwards every call to `sink` as a closure of `actor` and waits for it, except `open` and `id`, which may come from any thread. Sinks
/// that share a connection share the actor. The sink is destroyed there too. Caller synchronises.
std::unique_ptr<Sink> on_actor(IoActor actor, std::unique_ptr<Sink> sink);

}  // namespace laketide
