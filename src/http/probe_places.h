// Who sits on the places that are kept for probes.
#pragma once

#include <memory>
#include <vector>

namespace laketide::http {

/// A connection in such a place. Confined to its task.
class ProbeGuest {
 public:
  virtual ~ProbeGuest() = default;
  /// Ends at once if it waits for its client: for a request, for its body, or for an answer to be read. False while it is being answered.
  virtual bool give_way() = 0;
};

/// The guests in the order in which they came. When all places are taken, who has sat longest gives way to who comes: a client that
/// connects and says nothing, a thousand times, takes no place from a probe, which says at once what it wants. Confined to its task.
class ProbePlaces {
 public:
  void add(std::weak_ptr<ProbeGuest> guest);
  /// False: all who sit there are being answered.
  bool make_room();

 private:
  std::vector<std::weak_ptr<ProbeGuest>> guests_;
};

}  // namespace laketide::http
