// Counters and gauges, served as Prometheus text.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace laketide {

using Labels = std::map<std::string, std::string>;

/// Only grows. Get one at set-up time and keep it: looking it up locks. Thread-safe.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount) = 0;
};

/// Goes up and down. Thread-safe.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};

/// Distribution of values over fixed bounds, in the unit its name ends with. Thread-safe.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// A value that somebody keeps anyway, as it is when metrics are asked for. Immutable.
struct Reading {
  enum class Kind { kCounter, kGauge };
  Kind kind = Kind::kGauge;
  std::string name, help;
  Labels labels;
  double value = 0;
};
using Readings = std::vector<Reading>;

/// The process's metrics. Names are `laketide_<noun>_<unit>[_total]`; `help` is used at the first call for a name. A
/// handed-out metric unregisters its series when destroyed, so a deleted pipeline leaves nothing behind. Thread-safe.
class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual std::shared_ptr<Counter> counter(const std::string& name, const std::string& help, const Labels&) = 0;
  virtual std::shared_ptr<Gauge> gauge(const std::string& name, const std::string& help, const Labels&) = 0;
  virtual std::shared_ptr<Histogram> histogram(const std::string& name, const std::string& help, const Labels&,
                                               const std::vector<double>& bounds) = 0;
  /// `read` is called by each `text`, on its thread and with no lock of this held, until the answer is destroyed; what it looks at
  /// must outlive calls of `text` that run then. Its names are no other metric's.
  virtual std::shared_ptr<void> watch(std::function<Readings()> read) = 0;
  /// Prometheus text exposition format 0.0.4.
  virtual std::string text() const = 0;
};
std::shared_ptr<Metrics> make_metrics();

}  // namespace laketide
