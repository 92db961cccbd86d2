// Numbers that must not be mixed up: each is a type of its own.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace laketide {

/// An int64 that only compares with its own kind; `Tag` names the kind. Immutable.
template <typename Tag>
struct Number {
  int64_t value = 0;
  constexpr Number() = default;
  constexpr explicit Number(int64_t v) : value(v) {}
  constexpr auto operator<=>(const Number&) const = default;
};

/// The first offset not yet done; the end of a range. Ranges are [start, end).
using NextOffset = Number<struct NextOffsetTag>;

/// A record's own offset. Only `next()` leads from it to a NextOffset, so that "off by one" does not compile. Immutable.
struct RecordOffset : Number<struct RecordOffsetTag> {
  using Number::Number;
  constexpr NextOffset next() const { return NextOffset(value + 1); }
};

/// Number of an epoch of one pipeline, from 0, never going back.
using EpochId = Number<struct EpochIdTag>;
constexpr EpochId after(EpochId epoch) { return EpochId(epoch.value + 1); }

/// Raised by each owner of a sink's progress; a writer that finds a larger one than its own is fenced.
using Generation = Number<struct GenerationTag>;

}  // namespace laketide
