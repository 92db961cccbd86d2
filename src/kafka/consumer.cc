#include "kafka/consumer.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <map>

#include "base/begin_thread.h"
#include "base/mutex.h"
#include "kafka/client_closer.h"
#include "kafka/error.h"
#include "kafka/fetch_gate.h"
#include "kafka/handles.h"

namespace laketide::kafka {

std::vector<std::pair<std::string_view, std::optional<std::string_view>>> MessageView::headers() const {
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> all;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message_, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    all.emplace_back(name, value ? std::optional(std::string_view(static_cast<const char*>(value), size)) : std::nullopt);
  }
  return all;
}

namespace {

constexpr int16_t kFetchRequest = 1;  // Kafka protocol, API key of Fetch

/// CPU clocks of the client's threads. Written by those threads, read by anyone. Thread-safe.
class ThreadClocks {
 public:
  void started() {
    clockid_t clock{};
    if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return;
    const MutexLock lock(mutex_);
    live_[pthread_self()] = clock;
  }
  void exited() {
    const MutexLock lock(mutex_);
    const auto found = live_.find(pthread_self());
    if (found == live_.end()) return;
    past_ += read(found->second);
    live_.erase(found);
  }
  std::chrono::nanoseconds total() const {
    const MutexLock lock(mutex_);
    auto sum = past_;
    for (const auto& [thread, clock] : live_) sum += read(clock);
    return sum;
  }

 private:
  static std::chrono::nanoseconds read(clockid_t clock) {
    timespec t{};
    return clock_gettime(clock, &t) == 0 ? std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)
                                         : std::chrono::nanoseconds(0);
  }

  mutable Mutex mutex_;
  std::map<pthread_t, clockid_t> live_ LT_GUARDED_BY(mutex_);
  std::chrono::nanoseconds past_ LT_GUARDED_BY(mutex_){0};
};

}  // namespace

/// Where the client's callbacks land. `gate`, `clocks`, `wake()` and `away` are met by the client's threads; the rest is the owner's.
/// Thread-safe.
struct Consumer::State {
  State(int64_t prefetch_bytes_max, std::function<void()> wake) : gate(prefetch_bytes_max), owner_wake(std::move(wake)) {}

  void hook_into(rd_kafka_conf_t* conf);
  void listen_to(rd_kafka_queue_t* of) {
    rd_kafka_queue_cb_event_enable(
        of, [](rd_kafka_t*, void* self) { static_cast<State*>(self)->wake(); }, this);
  }
  void wake() {
    const MutexLock lock(wake_mutex);
    if (owner_wake) owner_wake();
  }
  /// From now on nothing of the owner's is used; a wake-up under way is waited for.
  void leave_owner() {
    gate.close();
    const MutexLock lock(wake_mutex);
    owner_wake = nullptr;
  }
  void drop_partition_queues() {
    for (QueueHandle& one : partition_queues) rd_kafka_queue_cb_event_enable(one.get(), nullptr, nullptr);
    partition_queues.clear();
  }
  void on_request(int16_t api_key) {
    if (api_key != kFetchRequest) return;
    if (away.exchange(false, std::memory_order_relaxed)) wake();
    gate.pass();
  }
  void on_error(int error, const char* text) {
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) away.store(true, std::memory_order_relaxed);
    Status status = to_status(static_cast<rd_kafka_resp_err_t>(error), text);
    if (status.fault() == Fault::kUser) failure = std::move(status);
  }

  FetchGate gate;
  ThreadClocks clocks;
  Mutex wake_mutex;
  std::function<void()> owner_wake LT_GUARDED_BY(wake_mutex);
  std::atomic<bool> away{false};
  bool queue_per_partition = false;
  bool prompt = false;
  Status failure;
  ClientHandle client;
  QueueHandle queue;
  std::vector<QueueHandle> partition_queues;  // by index of the assignment
};

void Consumer::State::hook_into(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int error, const char* text, void* self) {
    static_cast<State*>(self)->on_error(error, text);
  });
  rd_kafka_conf_interceptor_add_on_new(
      conf, "laketide",
      [](rd_kafka_t* client, const rd_kafka_conf_t*, void* self, char*, size_t) {
        rd_kafka_interceptor_add_on_request_sent(
            client, "laketide",
            [](rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t, int32_t, size_t, void* of) {
              static_cast<State*>(of)->on_request(api_key);
              return RD_KAFKA_RESP_ERR_NO_ERROR;
            },
            self);
        rd_kafka_interceptor_add_on_thread_start(
            client, "laketide",
            [](rd_kafka_t*, rd_kafka_thread_type_t, const char*, void* of) {
              static_cast<State*>(of)->clocks.started();
              if (static_cast<State*>(of)->prompt) let_in_soon();
              return RD_KAFKA_RESP_ERR_NO_ERROR;
            },
            self);
        return rd_kafka_interceptor_add_on_thread_exit(
            client, "laketide",
            [](rd_kafka_t*, rd_kafka_thread_type_t, const char*, void* of) {
              static_cast<State*>(of)->clocks.exited();
              return RD_KAFKA_RESP_ERR_NO_ERROR;
            },
            self);
      },
      this);
}

namespace {

PartitionList make_list(size_t size) {
  return PartitionList(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

}  // namespace

Result<std::unique_ptr<Consumer>> Consumer::open(const ConsumerOptions& options, std::function<void()> wake) {
  const int64_t fuse_kbytes = std::max<int64_t>(32 << 10, options.prefetch_bytes_max * 4 >> 10);
  const int64_t messages = options.queue_per_partition ? options.prefetch_messages : 10'000'000;
  auto made_conf = make_conf(options.brokers,
                             {{"group.id", options.group_id},
                              {"auto.offset.reset", "error"},
                              {"enable.auto.commit", "false"},
                              {"enable.auto.offset.store", "false"},
                              {"enable.partition.eof", "true"},
                              {"isolation.level", "read_committed"},
                              {"check.crcs", "true"},
                              {"allow.auto.create.topics", "false"},
                              {"socket.nagle.disable", "true"},
                              {"socket.keepalive.enable", "true"},
                              {"log.connection.close", "false"},
                              {"max.poll.interval.ms", "86400000"},
                              {"fetch.wait.max.ms", std::to_string(options.fetch_wait.count())},
                              // Small: what is decoded was fetched just before and is still in the cache, and a buffer of this size is used again
                              // instead of being mapped and cleared anew. A longer record still comes whole.
                              {"fetch.message.max.bytes", "131072"},
                              {"fetch.max.bytes", "4194304"},
                              {"queued.min.messages", std::to_string(messages)},
                              {"queued.max.messages.kbytes", std::to_string(fuse_kbytes)}},
                             options.client);
  LT_ASSIGN_OR_RETURN(ConfHandle conf, std::move(made_conf));

  auto state = std::make_unique<State>(options.prefetch_bytes_max, std::move(wake));
  state->queue_per_partition = options.queue_per_partition;
  state->prompt = options.prompt;
  state->hook_into(conf.get());
  std::array<char, 512> reason{};
  state->client.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), reason.data(), reason.size()));
  if (!state->client) return Status::user("bad_setting", std::string("no Kafka client can be made: ") + reason.data());
  (void)conf.release();  // the client has it now

  rd_kafka_poll_set_consumer(state->client.get());
  state->queue.reset(rd_kafka_queue_get_consumer(state->client.get()));
  state->listen_to(state->queue.get());
  if (!options.queue_per_partition) state->gate.watch(state->queue.get());
  return std::unique_ptr<Consumer>(new Consumer(std::move(state)));
}

Consumer::Consumer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Consumer::~Consumer() {
  state_->leave_owner();
  // Callbacks come with the state as their target until the client is gone.
  ClientCloser::instance().close([state = std::shared_ptr<State>(std::move(state_))] {
    rd_kafka_queue_cb_event_enable(state->queue.get(), nullptr, nullptr);
    state->drop_partition_queues();
    state->queue.reset();
    state->client.reset();
  });
}

Status Consumer::assign(const std::vector<PartitionStart>& starts) {
  rd_kafka_t* client = state_->client.get();
  state_->drop_partition_queues();
  PartitionList list = make_list(starts.size());
  for (const PartitionStart& start : starts) {
    rd_kafka_topic_partition_list_add(list.get(), start.topic.c_str(), start.partition)->offset = start.offset;
    if (!state_->queue_per_partition) continue;
    // Before the assignment, so that no message of it goes to the common queue.
    QueueHandle own(rd_kafka_queue_get_partition(client, start.topic.c_str(), start.partition));
    rd_kafka_queue_forward(own.get(), nullptr);
    state_->listen_to(own.get());
    state_->partition_queues.push_back(std::move(own));
  }
  return to_status(rd_kafka_assign(client, list.get()), "assigning partitions");
}

void Consumer::pause(const std::string& topic, int32_t partition) {
  PartitionList list = make_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  rd_kafka_pause_partitions(state_->client.get(), list.get());
}

void Consumer::take(size_t messages_max, Fetched& out) { take_out_of(state_->queue.get(), 0, messages_max, out); }

void Consumer::take_from(size_t index, size_t messages_max, Fetched& out) {
  take_out_of(state_->partition_queues[index].get(), 0, messages_max, out);
}

void Consumer::wait(std::chrono::milliseconds at_most, size_t messages_max, Fetched& out) {
  take_out_of(state_->queue.get(), static_cast<int>(at_most.count()), messages_max, out);
}

void Consumer::take_out_of(rd_kafka_queue_t* queue, int timeout_ms, size_t messages_max, Fetched& out) {
  out.clear();
  out.messages_.resize(messages_max);
  const ssize_t taken = rd_kafka_consume_batch_queue(queue, timeout_ms, out.messages_.data(), messages_max);
  out.messages_.resize(taken > 0 ? static_cast<size_t>(taken) : 0);
  if (state_->queue_per_partition) return;
  int64_t bytes = 0;
  for (const rd_kafka_message_t* message : out.messages_) bytes += static_cast<int64_t>(message->len + message->key_len);
  state_->gate.drained(static_cast<int64_t>(out.size()), bytes);
}

bool Consumer::is_broker_away() const { return state_->away.load(std::memory_order_relaxed); }
Status Consumer::failure() const { return state_->failure; }
std::chrono::nanoseconds Consumer::client_cpu() const { return state_->clocks.total(); }

}  // namespace laketide::kafka
