#include "base/metrics.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "base/mutex.h"

namespace laketide {
namespace {

/// A number that many threads add to or set. Thread-safe.
class AtomicNumber {
 public:
  void add(double amount) {
    double seen = value_.load(std::memory_order_relaxed);
    while (!value_.compare_exchange_weak(seen, seen + amount, std::memory_order_relaxed)) {
    }
  }
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// One series: it can say what Prometheus wants to hear. Thread-safe.
class Series {
 public:
  virtual ~Series() = default;
  virtual void fill(prometheus::ClientMetric& metric) const = 0;
};

/// Thread-safe.
class AtomicCounter final : public Counter, public Series {
 public:
  void add(double amount) override { number_.add(amount); }
  void fill(prometheus::ClientMetric& metric) const override { metric.counter.value = number_.get(); }

 private:
  AtomicNumber number_;
};

/// Thread-safe.
class AtomicGauge final : public Gauge, public Series {
 public:
  void set(double value) override { number_.set(value); }
  void fill(prometheus::ClientMetric& metric) const override { metric.gauge.value = number_.get(); }

 private:
  AtomicNumber number_;
};

/// Thread-safe.
class AtomicHistogram final : public Histogram, public Series {
 public:
  explicit AtomicHistogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
  void observe(double value) override {
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    counts_[static_cast<size_t>(bucket)].add(1);
    sum_.add(value);
  }
  void fill(prometheus::ClientMetric& metric) const override {
    double below = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i].get();
      const double bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({static_cast<uint64_t>(below), bound});
    }
    metric.histogram.sample_count = static_cast<uint64_t>(below);
    metric.histogram.sample_sum = sum_.get();
  }

 private:
  const std::vector<double> bounds_;
  std::vector<AtomicNumber> counts_;
  AtomicNumber sum_;
};

/// Series are owned by whoever counts with them; this only remembers where they are. Thread-safe.
class SharedMetrics final : public Metrics {
 public:
  std::shared_ptr<Counter> counter(const std::string& name, const std::string& help, const Labels& labels) override {
    return get<AtomicCounter>(name, help, prometheus::MetricType::Counter, labels);
  }
  std::shared_ptr<Gauge> gauge(const std::string& name, const std::string& help, const Labels& labels) override {
    return get<AtomicGauge>(name, help, prometheus::MetricType::Gauge, labels);
  }
  std::shared_ptr<Histogram> histogram(const std::string& name, const std::string& help, const Labels& labels,
                                       const std::vector<double>& bounds) override {
    return get<AtomicHistogram>(name, help, prometheus::MetricType::Histogram, labels, bounds);
  }

  std::shared_ptr<void> watch(std::function<Readings()> read) override {
    auto watcher = std::make_shared<Watcher>(std::move(read));
    const MutexLock lock(mutex_);
    std::erase_if(watchers_, [](const auto& one) { return one.expired(); });
    watchers_.push_back(watcher);
    return watcher;
  }

  std::string text() const override {
    std::vector<prometheus::MetricFamily> out = read_watched();
    const MutexLock lock(mutex_);
    for (const auto& [name, family] : families_) {
      prometheus::MetricFamily one{name, family.help, family.type, {}};
      for (const auto& [labels, series] : family.series) {
        const auto held = series.lock();
        if (!held) continue;
        prometheus::ClientMetric metric;
        for (const auto& [key, value] : labels) metric.label.push_back({key, value});
        held->fill(metric);
        one.metric.push_back(std::move(metric));
      }
      if (!one.metric.empty()) out.push_back(std::move(one));
    }
    return prometheus::TextSerializer().Serialize(out);
  }

 private:
  using Watcher = std::function<Readings()>;
  static constexpr size_t kSeriesSwept = 64;

  std::vector<prometheus::MetricFamily> read_watched() const {
    std::vector<std::shared_ptr<Watcher>> watchers;
    {
      const MutexLock lock(mutex_);
      for (const auto& one : watchers_) {
        if (auto held = one.lock()) watchers.push_back(std::move(held));
      }
    }
    std::map<std::string, prometheus::MetricFamily> families;
    for (const auto& watcher : watchers) {
      for (const auto& reading : (*watcher)()) {
        const bool is_counter = reading.kind == Reading::Kind::kCounter;
        auto& family = families.try_emplace(reading.name, prometheus::MetricFamily{
            reading.name, reading.help, is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge, {}}).first->second;
        prometheus::ClientMetric metric;
        for (const auto& [key, value] : reading.labels) metric.label.push_back({key, value});
        (is_counter ? metric.counter.value : metric.gauge.value) = reading.value;
        family.metric.push_back(std::move(metric));
      }
    }
    std::vector<prometheus::MetricFamily> out;
    for (auto& [name, family] : families) out.push_back(std::move(family));
    return out;
  }

  struct Family {
    std::string help;
    prometheus::MetricType type;
    std::map<Labels, std::weak_ptr<Series>> series;
    size_t swept_at = kSeriesSwept;  // so many are there when the dead are looked for
  };

  // Pipelines come and go: what is left of dead series, their labels and their memory, is never more than the living take.
  static void sweep(Family& family) {
    std::erase_if(family.series, [](const auto& one) { return one.second.expired(); });
    family.swept_at = std::max(kSeriesSwept, family.series.size() * 2);
  }

  template <typename Kind, typename... Args>
  std::shared_ptr<Kind> get(const std::string& name, const std::string& help, prometheus::MetricType type, const Labels& labels, Args&&... args) {
    const MutexLock lock(mutex_);
    Family& family = families_.try_emplace(name, Family{help, type, {}}).first->second;
    if (family.series.size() >= family.swept_at) sweep(family);
    std::weak_ptr<Series>& slot = family.series[labels];
    if (auto held = std::dynamic_pointer_cast<Kind>(slot.lock())) return held;
    auto made = std::make_shared<Kind>(std::forward<Args>(args)...);
    slot = made;
    return made;
  }

  mutable Mutex mutex_;
  std::map<std::string, Family> families_ LT_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Watcher>> watchers_ LT_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<Metrics> make_metrics() { return std::make_shared<SharedMetrics>(); }

}  // namespace laketide
