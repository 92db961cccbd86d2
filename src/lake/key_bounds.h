// Which data files can hold rows of given keys, as far as the log tells.
#pragma once

#include <memory>
#include <vector>

#include "lake/actions.h"
#include "lake/key_index.h"
#include "lake/row_key.h"

namespace laketide::lake {

/// The values that the keys have in each key column, against a file's partition values and statistics. Says yes where the log does not
/// tell. Immutable.
class KeyBounds {
 public:
  KeyBounds(const RowKey& key, const KeyIndex& keys);
  ~KeyBounds();
  KeyBounds(KeyBounds&&) noexcept;
  KeyBounds& operator=(KeyBounds&&) noexcept;

  bool may_hold(const AddFile& file) const;

 private:
  struct Column;
  std::unique_ptr<std::vector<Column>> columns_;
};

}  // namespace laketide::lake
