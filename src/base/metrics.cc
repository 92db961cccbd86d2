#include "base/metrics.h"

#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace laketide {
namespace {

/// One series of a family; leaves the family with its last owner. Thread-safe.
template <typename Metric>
class Series {
 public:
  Series(std::shared_ptr<prometheus::Registry> registry, prometheus::Family<Metric>& family, Metric& metric)
      : registry_(std::move(registry)), family_(family), metric_(metric) {}
  ~Series() { family_.Remove(&metric_); }
  Metric& metric() { return metric_; }

 private:
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<Metric>& family_;
  Metric& metric_;
};

/// Thread-safe.
class PrometheusCounter final : public Counter {
 public:
  template <typename... Args>
  explicit PrometheusCounter(Args&&... args) : series_(std::forward<Args>(args)...) {}
  void add(double amount) override { series_.metric().Increment(amount); }

 private:
  Series<prometheus::Counter> series_;
};

/// Thread-safe.
class PrometheusGauge final : public Gauge {
 public:
  template <typename... Args>
  explicit PrometheusGauge(Args&&... args) : series_(std::forward<Args>(args)...) {}
  void set(double value) override { series_.metric().Set(value); }

 private:
  Series<prometheus::Gauge> series_;
};

/// Thread-safe.
class PrometheusHistogram final : public Histogram {
 public:
  template <typename... Args>
  explicit PrometheusHistogram(Args&&... args) : series_(std::forward<Args>(args)...) {}
  void observe(double value) override { series_.metric().Observe(value); }

 private:
  Series<prometheus::Histogram> series_;
};

/// Keeps one live object per (name, labels), so that two askers share a series. Thread-safe.
class PrometheusMetrics final : public Metrics {
 public:
  std::shared_ptr<Counter> counter(const std::string& name, const std::string& help, const Labels& labels) override {
    return shared<Counter>(name, labels, [&] {
      auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(*registry_);
      return std::make_shared<PrometheusCounter>(registry_, family, family.Add(labels));
    });
  }
  std::shared_ptr<Gauge> gauge(const std::string& name, const std::string& help, const Labels& labels) override {
    return shared<Gauge>(name, labels, [&] {
      auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(*registry_);
      return std::make_shared<PrometheusGauge>(registry_, family, family.Add(labels));
    });
  }
  std::shared_ptr<Histogram> histogram(const std::string& name, const std::string& help, const Labels& labels,
                                       const std::vector<double>& bounds) override {
    return shared<Histogram>(name, labels, [&] {
      auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(*registry_);
      return std::make_shared<PrometheusHistogram>(registry_, family, family.Add(labels, bounds));
    });
  }
  std::string text() const override { return prometheus::TextSerializer().Serialize(registry_->Collect()); }

 private:
  template <typename Kind, typename Make>
  std::shared_ptr<Kind> shared(const std::string& name, const Labels& labels, Make make) {
    std::lock_guard lock(mutex_);
    std::weak_ptr<void>& slot = live_[{name, labels}];
    if (auto held = std::static_pointer_cast<Kind>(slot.lock())) return held;
    std::shared_ptr<Kind> made = make();
    slot = made;
    return made;
  }

  std::mutex mutex_;
  std::shared_ptr<prometheus::Registry> registry_ =
      std::make_shared<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge);
  std::map<std::pair<std::string, Labels>, std::weak_ptr<void>> live_;
};

}  // namespace

std::shared_ptr<Metrics> make_metrics() { return std::make_shared<PrometheusMetrics>(); }

}  // namespace laketide
