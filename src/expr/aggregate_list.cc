#include <algorithm>
#include <optional>
#include <string>

#include "expr/any_values.h"
#include "expr/byte_slots.h"

namespace laketide::expr {
namespace {

/// One row of a list: where it stands among all, and its arguments' values; none: NULL. Views into the group's bytes.
struct Entry {
  std::string_view rank;
  std::vector<std::optional<std::string_view>> values;
};

void put(std::string& to, std::string_view bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  to.append(reinterpret_cast<const char*>(&size), sizeof size);
  to.append(bytes);
}
constexpr uint32_t kNullSize = UINT32_MAX;
void put_null(std::string& to) { to.append(reinterpret_cast<const char*>(&kNullSize), sizeof kNullSize); }
std::optional<std::string_view> taken(std::string_view& from) {
  uint32_t size;
  std::memcpy(&size, from.data(), sizeof size);
  from.remove_prefix(sizeof size);
  if (size == kNullSize) return std::nullopt;
  const std::string_view bytes = from.substr(0, size);
  from.remove_prefix(size);
  return bytes;
}

/// Keeps rows to give them in the order of their ranks: a group's state is its entries one behind the other, each a rank and the
/// arguments with their sizes. Confined to its task.
class ListAccumulator : public Accumulator {
 public:
  ListAccumulator(const AggregateTypes& types, arrow::MemoryPool* memory) : types_(types), entries_(memory) {}

  static std::vector<Type> partial_types(const AggregateTypes& types) {
    std::vector<Type> columns{list_of(TypeId::kBytea)};
    for (const Type& arg : types.args) columns.push_back(list_of(arg));
    return columns;
  }

  Status resize(int64_t count) override { return entries_.reserve(count); }
  Status update(const Arrays& args, Groups groups, const arrow::BooleanArray* take, const arrow::Array* order) override {
    const arrow::Array* wanted = skips_null() ? args[0].get() : nullptr;
    const Source source(args, *order);
    Status status;
    visit_taken(static_cast<int64_t>(groups.size()), wanted, take, [&](int64_t row) {
      if (status.ok()) status = entries_.append(groups[static_cast<size_t>(row)], source.entry(row, entry_));
    });
    return status;
  }
  Status merge(const Arrays& partial, Groups groups) override {
    const StateLists ranks(*partial[0]);
    Arrays values;
    for (size_t arg = 1; arg < partial.size(); ++arg) values.push_back(StateLists(*partial[arg]).shared_values());
    const Source source(values, ranks.values());
    for (size_t i = 0; i < groups.size(); ++i) {
      for (int64_t at = ranks.begin(static_cast<int64_t>(i)); at < ranks.end(static_cast<int64_t>(i)); ++at) {
        LT_RETURN_IF_ERROR(entries_.append(groups[i], source.entry(at, entry_)));
      }
    }
    return {};
  }
  Result<Arrays> partial(Groups groups, arrow::MemoryPool* memory) const override {
    std::vector<int32_t> offsets{0};
    std::vector<Entry> all;
    for (const uint32_t group : groups) {
      for (Entry& entry : entries_of(group)) all.push_back(std::move(entry));
      offsets.push_back(static_cast<int32_t>(all.size()));
    }
    const auto rows = static_cast<int64_t>(all.size());
    Arrays columns;
    LT_ASSIGN_OR_RETURN(auto ranks, memory_result(bytes_column(TypeId::kBytea, rows, memory, [&](int64_t row, std::string_view& out) {
      out = all[static_cast<size_t>(row)].rank;
      return true;
    })));
    LT_ASSIGN_OR_RETURN(auto rank_lists, memory_result(list_column(list_of(TypeId::kBytea), offsets, std::move(ranks), {}, memory)));
    columns.push_back(std::move(rank_lists));
    for (size_t arg = 0; arg < types_.args.size(); ++arg) {
      LT_ASSIGN_OR_RETURN(auto values, values_of(all, arg, memory));
      LT_ASSIGN_OR_RETURN(auto lists, memory_result(list_column(list_of(types_.args[arg]), offsets, std::move(values), {}, memory)));
      columns.push_back(std::move(lists));
    }
    return columns;
  }
  void clear(Groups groups) override {
    for (const uint32_t group : groups) entries_.clear(group);
  }
  int64_t bytes() const override { return entries_.bytes(); }

 protected:
  virtual bool skips_null() const = 0;

  std::vector<Entry> entries_of(uint32_t group) const {
    std::vector<Entry> entries;
    for (std::string_view rest = entries_[group]; !rest.empty();) {
      Entry entry{.rank = *taken(rest), .values = {}};
      for (size_t arg = 0; arg < types_.args.size(); ++arg) entry.values.push_back(taken(rest));
      entries.push_back(std::move(entry));
    }
    // Rows of one rank come from one record, and stay in the order in which they came.
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& left, const Entry& right) { return left.rank < right.rank; });
    return entries;
  }
  Result<std::shared_ptr<arrow::Array>> values_of(const std::vector<Entry>& entries, size_t arg, arrow::MemoryPool* memory) const {
    return memory_result(any_column(types_.args[arg], static_cast<int64_t>(entries.size()), memory, [&](int64_t row, std::string_view& out) {
      const auto& value = entries[static_cast<size_t>(row)].values[arg];
      if (value) out = *value;
      return value.has_value();
    }));
  }

  const AggregateTypes types_;
  ByteSlots entries_;

 private:
  /// Columns that entries are made of. Confined to its task.
  class Source {
   public:
    Source(const Arrays& args, const arrow::Array& order) : args_(args), ranks_(order) {
      for (const auto& arg : args) values_.emplace_back(*arg);
    }
    std::string_view entry(int64_t row, std::string& room) const {
      room.clear();
      put(room, ranks_[row]);
      for (size_t arg = 0; arg < args_.size(); ++arg) {
        if (args_[arg]->IsNull(row)) put_null(room);
        else put(room, values_[arg][row]);
      }
      return room;
    }

   private:
    const Arrays& args_;
    const Values<std::string_view> ranks_;
    std::vector<AnyValues> values_;
  };
  std::string entry_;
};

/// array_agg(x), with its NULLs. Confined to its task.
class ArrayAgg final : public ListAccumulator {
 public:
  using ListAccumulator::ListAccumulator;

  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    std::vector<int32_t> offsets{0};
    std::vector<bool> valid;
    std::vector<Entry> all;
    for (const uint32_t group : groups) {
      for (Entry& entry : entries_of(group)) all.push_back(std::move(entry));
      valid.push_back(static_cast<int32_t>(all.size()) > offsets.back());
      offsets.push_back(static_cast<int32_t>(all.size()));
    }
    LT_ASSIGN_OR_RETURN(auto values, values_of(all, 0, memory));
    return memory_result(list_column(types_.result, offsets, std::move(values), valid, memory));
  }

 private:
  bool skips_null() const override { return false; }
};

/// string_agg(x, delimiter): a row's delimiter stands before its value, but for the first row. Confined to its task.
class StringAgg final : public ListAccumulator {
 public:
  using ListAccumulator::ListAccumulator;

  Result<std::shared_ptr<arrow::Array>> finish(Groups groups, arrow::MemoryPool* memory) const override {
    std::string text;
    return memory_result(bytes_column(types_.result, static_cast<int64_t>(groups.size()), memory, [&](int64_t row, std::string_view& out) {
      const std::vector<Entry> entries = entries_of(groups[static_cast<size_t>(row)]);
      text.clear();
      for (size_t i = 0; i < entries.size(); ++i) {
        if (i > 0) text += entries[i].values[1].value_or(std::string_view());
        text += *entries[i].values[0];
      }
      out = text;
      return !entries.empty();
    }));
  }

 private:
  bool skips_null() const override { return true; }
};

template <typename Made>
Aggregate list_aggregate(std::string_view name, std::vector<TypeId> args, TypeId result) {
  Aggregate list{.name = name, .args = std::move(args), .result = result, .ordered = true};
  list.partial = [](const AggregateTypes& types) { return ListAccumulator::partial_types(types); };
  list.make = [](const AggregateTypes& types, arrow::MemoryPool* memory) -> std::unique_ptr<Accumulator> { return std::make_unique<Made>(types, memory); };
  return list;
}

}  // namespace

std::vector<Aggregate> list_aggregates() {
  std::vector<Aggregate> all{list_aggregate<StringAgg>("string_agg", {TypeId::kText, TypeId::kText}, TypeId::kText),
                             list_aggregate<StringAgg>("string_agg", {TypeId::kBytea, TypeId::kBytea}, TypeId::kBytea)};
  for (const TypeId type : plain_types()) {
    all.push_back(list_aggregate<ArrayAgg>("array_agg", {type}, TypeId::kArray));
    all.back().result_type = [](const std::vector<Type>& args) { return list_of(args[0]); };
  }
  return all;
}

}  // namespace laketide::expr
