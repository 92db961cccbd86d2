// What the system knows of this process, for Prometheus.
#pragma once

#include "base/metrics.h"

namespace laketide {

/// Under the names that every client library of Prometheus gives them; what cannot be read is left out. And which build this is.
Readings process_readings();

}  // namespace laketide
