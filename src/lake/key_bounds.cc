#include "lake/key_bounds.h"

#include <algorithm>
#include <set>
#include <string>

#include <arrow/array.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/partition_value.h"

namespace laketide::lake {
namespace {

using Json = nlohmann::json;

constexpr size_t kValuesMax = 4096;  // beyond so many only the least and the largest are kept

const Json* group_member(const Json& object, const char* name, const std::string& column) {
  if (!object.is_object()) return nullptr;
  const auto group = object.find(name);
  if (group == object.end() || !group->is_object()) return nullptr;
  const auto found = group->find(column);
  return found == group->end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

struct KeyBounds::Column {
  RowKey::Column key;
  bool null = false;           // some key has NULL here
  bool exact = true;           // `values` are all; else the least and the largest
  std::set<std::string, std::less<>> values;

  void take(std::string_view value) {
    if (exact) {
      if (!values.contains(value)) values.emplace(value);
      if (values.size() <= kValuesMax) return;
      exact = false;
      values = {*values.begin(), *values.rbegin()};
      return;
    }
    if (value < *values.begin()) {
      values.erase(values.begin());
    } else if (value > *values.rbegin()) {
      values.erase(std::prev(values.end()));
    } else {
      return;
    }
    values.emplace(value);
  }

  bool any_in(const std::string& low, const std::string& high) const {
    if (values.empty()) return false;
    if (!exact) return *values.begin() <= high && *values.rbegin() >= low;
    const auto from = values.lower_bound(low);
    return from != values.end() && *from <= high;
  }

  bool in_partition(const std::optional<std::string>& text, const std::shared_ptr<arrow::DataType>& type) const {
    if (!text || text->empty()) return null;
    const auto array = partition_array(text, type, 1);
    if (!array.ok() || (*array)->IsNull(0)) return true;
    std::string value;
    key.bytes.append(**array, 0, value);
    return any_in(value, value);
  }

  bool in_statistics(const Json& stats) const {
    const Json* nulls = group_member(stats, "nullCount", key.name);
    const bool may_be_null = nulls == nullptr || !nulls->is_number_integer() || nulls->get<int64_t>() > 0;
    if (null && may_be_null) return true;
    const Json* low = group_member(stats, "minValues", key.name);
    const Json* high = group_member(stats, "maxValues", key.name);
    if (low == nullptr || high == nullptr) {
      const auto rows = stats.is_object() ? stats.find("numRecords") : stats.end();
      const bool all_null = nulls != nullptr && rows != stats.end() && *rows == *nulls;
      return !all_null && !values.empty();
    }
    const auto from = key.bytes.of_bound(*low, false);
    const auto to = key.bytes.of_bound(*high, true);
    return from && to ? any_in(*from, *to) : !values.empty();
  }
};

KeyBounds::KeyBounds(const RowKey& key, const KeyIndex& keys) : columns_(std::make_unique<std::vector<Column>>()) {
  for (const auto& column : key.columns()) columns_->push_back(Column{.key = column});
  for (uint32_t number = 0; number < keys.size(); ++number) {
    const auto values = key.split(keys.key(number));
    for (size_t at = 0; at < values.size(); ++at) {
      Column& column = (*columns_)[at];
      if (values[at]) {
        column.take(*values[at]);
      } else {
        column.null = true;
      }
    }
  }
}
KeyBounds::~KeyBounds() = default;
KeyBounds::KeyBounds(KeyBounds&&) noexcept = default;
KeyBounds& KeyBounds::operator=(KeyBounds&&) noexcept = default;

bool KeyBounds::may_hold(const AddFile& file) const {
  const Json stats = file.stats ? Json::parse(*file.stats, nullptr, false) : Json();
  return std::ranges::all_of(*columns_, [&](const Column& column) {
    const auto partition = file.partition_values.find(column.key.name);
    return partition == file.partition_values.end() ? column.in_statistics(stats) : column.in_partition(partition->second, column.key.bytes.type());
  });
}

}  // namespace laketide::lake
