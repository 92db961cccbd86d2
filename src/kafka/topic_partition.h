// A partition of a topic.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace laketide::kafka {

/// Immutable.
struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

}  // namespace laketide::kafka
