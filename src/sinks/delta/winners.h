// Of the rows of one epoch, the one that stays for each key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "lake/key_index.h"
#include "laketide/status.h"

namespace laketide {

/// What decides between rows of one key: the larger `order` (bytes of lake::ValueBytes; empty: NULL, the least), then the later
/// (topic, partition, offset), then the later arrival.
struct RowRank {
  std::string_view order;
  std::string_view topic;
  int32_t partition = -1;
  int64_t offset = -1;
  uint32_t lane = 0;
  uint32_t row = 0;  // number of the row among those of its lane
};

/// The best row of each key met so far. Memory comes from the pool and grows with the keys. Confined to its task.
class Winners {
 public:
  enum class Kind : uint8_t {
    kRow,
    kDelete,     // with a rank like any row
    kDeleteKey,  // only its key is known: nothing can outrank it in the table
  };
  struct Winner {
    Kind kind = Kind::kRow;
    int32_t topic = -1;  // index into the topics met
    int32_t partition = -1;
    uint32_t lane = 0;
    uint32_t row = 0;
    int64_t offset = -1;
    int64_t order_at = 0;  // into the orders' bytes
    int64_t order_size = 0;
  };

  explicit Winners(arrow::MemoryPool* memory);
  ~Winners();
  Winners(Winners&&) noexcept;

  Status offer(std::string_view key, const RowRank& rank, Kind kind);
  /// Offers all that `other` has.
  Status offer_all(const Winners& other);

  const lake::KeyIndex& keys() const { return keys_; }
  const Winner& winner(uint32_t key) const;
  std::string_view order(uint32_t key) const;

 private:
  struct Tables;
  RowRank rank_of(const Winner& winner) const;
  Result<Winner> keep(const RowRank& rank, Kind kind, const Winner* replaced);

  lake::KeyIndex keys_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace laketide
