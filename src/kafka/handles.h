// Owners of librdkafka's objects: each frees what it holds, in the way the library wants it.
#pragma once

#include <memory>

#include <librdkafka/rdkafka.h>

namespace laketide::kafka {

/// Frees by calling `Function`. Immutable.
template <auto Function>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};

using ConfHandle = std::unique_ptr<rd_kafka_conf_t, Freed<rd_kafka_conf_destroy>>;
using QueueHandle = std::unique_ptr<rd_kafka_queue_t, Freed<rd_kafka_queue_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Freed<rd_kafka_topic_destroy>>;
using EventHandle = std::unique_ptr<rd_kafka_event_t, Freed<rd_kafka_event_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Freed<rd_kafka_topic_partition_list_destroy>>;
using MetadataHandle = std::unique_ptr<const rd_kafka_metadata_t, Freed<rd_kafka_metadata_destroy>>;

/// Consumers here only assign; the group protocol's farewell would be a wait for a coordinator that was never used. Immutable.
struct ClientFreed {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
};
using ClientHandle = std::unique_ptr<rd_kafka_t, ClientFreed>;

}  // namespace laketide::kafka
