#include "http/probe_places.h"

#include <utility>

namespace laketide::http {

void ProbePlaces::add(std::weak_ptr<ProbeGuest> guest) {
  std::erase_if(guests_, [](const auto& one) { return one.expired(); });
  guests_.push_back(std::move(guest));
}

bool ProbePlaces::make_room() {
  for (auto guest = guests_.begin(); guest != guests_.end(); ++guest) {
    const auto there = guest->lock();
    if (!there || !there->give_way()) continue;
    guests_.erase(guest);
    return true;
  }
  return false;
}

}  // namespace laketide::http
