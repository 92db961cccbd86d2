// Reads the Kafka partitions given to one lane, exactly.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "flow/alarm.h"
#include "flow/source.h"
#include "kafka/consumer.h"

namespace laketide {

/// What one reader needs of its source. Immutable.
struct KafkaReaderOptions {
  std::string source;
  kafka::ConsumerOptions consumer;
  std::optional<int64_t> max_rate_per_partition;  // records per second
  bool fail_on_data_loss = true;
  Alarm alarm;  // needed with max_rate_per_partition; without it a silent partition is only looked at when something else wakes the reader
  /// A partition that must have something (a record, or its end) and gives nothing for so long is assigned anew, after that with a
  /// new client, after that the reader fails `kExternal` source_stuck.
  std::chrono::milliseconds stuck_after{30'000};
  /// A partition at its end is assigned anew after so long without records: assigned consumers sometimes never resume after a
  /// broker's restart, and the end comes again at once if they do.
  std::chrono::milliseconds probe_after{60'000};
};

/// A reader with a client of its own. Its rule, per partition:
///
///     event            meaning                                  next
///     record >= next   handed out, if below the range's end     its offset + 1
///     record <  next   never explained: dropped, counted, said  same
///     end of log at x  all before x seen: markers, aborted      max(next, x)
///                      records, holes of compaction
///     next >= end      range done, partition paused             end
///     position gone    ask where the log begins, by starting    fail data_loss with the exact range, or say it,
///                      there; the next event tells              count it and go on there
///
/// librdkafka's own position() is never asked: it moves one too far in some releases, and not over aborted records in others.
Result<std::unique_ptr<Reader>> make_kafka_reader(KafkaReaderOptions options, Context& context);

}  // namespace laketide
