#include "flow/actor_sink.h"

#include <optional>

namespace laketide {
namespace {

/// Caller synchronises.
class ActorSink final : public Sink {
 public:
  ActorSink(IoActor actor, std::unique_ptr<Sink> sink) : actor_(std::move(actor)), sink_(std::move(sink)) {}
  ~ActorSink() override {
    actor_.post([sink = std::shared_ptr<Sink>(std::move(sink_))] {});
  }

  const std::string& id() const override { return sink_->id(); }
  bool keeps_progress() const override { return sink_->keeps_progress(); }
  Result<Progress> claim(const Wait& wait) override {
    return call<Result<Progress>>([&] { return sink_->claim(wait); });
  }
  Status bind(const Schema& schema, const Wait& wait) override {
    return call<Status>([&] { return sink_->bind(schema, wait); });
  }
  Result<std::optional<Instant>> largest(const std::string& column, const Wait& wait) override {
    return call<Result<std::optional<Instant>>>([&] { return sink_->largest(column, wait); });
  }
  Result<std::unique_ptr<Writer>> open(Context& context) override { return sink_->open(context); }
  Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>> staged, const Wait& wait) override {
    return call<Status>([&] { return sink_->prepare(plan, staged, wait); });
  }
  Result<Commit> commit(const EpochPlan& plan, const Wait& wait) override {
    return call<Result<Commit>>([&] { return sink_->commit(plan, wait); });
  }
  Status abandon(EpochId epoch, const Wait& wait) override {
    return call<Status>([&] { return sink_->abandon(epoch, wait); });
  }

 private:
  template <typename Answer, typename Work>
  Answer call(Work work) {
    std::optional<Answer> answer;
    actor_.run([&] { answer.emplace(work()); });
    if (answer) return *std::move(answer);
    return Status::internal("internal", "a call of the sink ended with an exception, which is in the log, or was dropped when the service ended: " + id());
  }

  IoActor actor_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace

std::unique_ptr<Sink> on_actor(IoActor actor, std::unique_ptr<Sink> sink) {
  return std::make_unique<ActorSink>(std::move(actor), std::move(sink));
}

}  // namespace laketide
