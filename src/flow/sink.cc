#include "flow/sink.h"

namespace laketide {

Result<std::optional<Instant>> Sink::largest(const std::string&, const Wait&) {
  return Status::user("unsupported", "this sink keeps no rows that could be asked for their largest value; start from \"resume\" or name offsets: " + id());
}

}  // namespace laketide
