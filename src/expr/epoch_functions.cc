// The time of the epoch: now() and its other names.
#include <algorithm>
#include <array>

#include <arrow/array/data.h>
#include <arrow/type.h>

#include "expr/civil.h"
#include "expr/function.h"
#include "expr/rows.h"

namespace laketide::expr {
namespace {

template <typename T>
arrow::Status give_one(const Call& call, T value, Column& out) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(sizeof(T), call.memory));
  std::memcpy(buffer->mutable_data(), &value, sizeof(T));
  out.type = call.node.type;
  out.data = arrow::ArrayData::Make(call.node.type.arrow(), 1, {nullptr, std::shared_ptr<arrow::Buffer>(std::move(buffer))}, 0);
  out.constant = true;
  return arrow::Status::OK();
}

// To so many digits behind the second's point, halves away from 1970.
int64_t to_precision(int64_t micros, std::span<const Column> args) {
  constexpr std::array<int64_t, 7> kUnits{1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
  if (args.empty()) return micros;
  const int64_t unit = kUnits[static_cast<size_t>(std::clamp(Reader<int32_t>(args[0])[0], 0, 6))];
  return (micros + (micros < 0 ? -1 : 1) * (unit / 2)) / unit * unit;
}

// Of timestamptz, and of timestamp as a clock of UTC shows it.
arrow::Status instant(const Call& call, std::span<const Column> args, Column& out) { return give_one(call, to_precision(call.now.micros, args), out); }

arrow::Status day(const Call& call, std::span<const Column>, Column& out) {
  return give_one(call, static_cast<int32_t>(floor_divide(call.now.micros, kMicrosPerDay)), out);
}

arrow::Status time_of_day(const Call& call, std::span<const Column> args, Column& out) {
  const int64_t micros = call.now.micros - floor_divide(call.now.micros, kMicrosPerDay) * kMicrosPerDay;
  return give_one(call, to_precision(micros, args), out);
}

Function of_epoch(std::string_view name, std::vector<TypeId> args, TypeId result, Kernel kernel) {
  Function made{name, std::move(args), result, kernel};
  made.of_epoch = true;
  return made;
}

}  // namespace

std::vector<Function> epoch_functions() {
  using enum TypeId;
  std::vector<Function> all;
  for (const char* name : {"now", "transaction_timestamp", "statement_timestamp"}) all.push_back(of_epoch(name, {}, kTimestamptz, &instant));
  all.push_back(of_epoch("current_date", {}, kDate, &day));
  for (const auto& args : {std::vector<TypeId>{}, std::vector<TypeId>{kInt}}) {
    all.push_back(of_epoch("current_timestamp", args, kTimestamptz, &instant));
    all.push_back(of_epoch("localtimestamp", args, kTimestamp, &instant));
    all.push_back(of_epoch("localtime", args, kTime, &time_of_day));
  }
  return all;
}

}  // namespace laketide::expr
