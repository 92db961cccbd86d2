// A commit of a Delta log: refused as broken, or every action of it survives being written again; and the log that begins with it opens or is refused.
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "fuzz/target.h"
#include "lake/actions.h"
#include "lake/delta_log.h"
#include "lake/log_segment.h"
#include "support/forgetful_store.h"

namespace laketide::fuzz {
namespace {

std::vector<std::string> lines_of(std::string_view text, lake::Detail detail, Status& status) {
  std::vector<std::string> lines;
  status = lake::parse_commit(text, detail, [&](lake::Action&& action) -> Status {
    lines.push_back(lake::to_line(action));
    return {};
  });
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

void check_actions(std::string_view text) {
  Status status, again;
  const auto lines = lines_of(text, lake::Detail::kFiles, status);
  must_be_refusal(status);
  const auto repeated = lines_of(joined(lines), lake::Detail::kFiles, again);
  must(again.ok(), "what was written cannot be read", again.to_string());
  must(lines == repeated, "an action changed by being written", joined(lines) + "became\n" + joined(repeated));
  if (!status.ok()) return;
  Status brief;
  const auto state = lines_of(text, lake::Detail::kState, brief);
  must(brief.ok(), "read without its files it is broken", brief.to_string());
  must(state.size() <= lines.size(), "there are more actions without the files");
}

void check_table(std::string_view text) {
  const auto store = make_forgetful_store();
  must(store->put_if_absent(lake::commit_path("t", 0), text).ok(), "the store refused");
  lake::DeltaLog log(store, "t", system_clock());
  const Status status = log.refresh(Wait{});
  must_be_refusal(status);
  must(status.ok() || status.fault() == Fault::kUser, "a damaged log would be tried for ever", status.to_string());
}

}  // namespace

void read_bytes(std::string_view bytes) {
  check_actions(bytes);
  check_table(bytes);
}

}  // namespace laketide::fuzz
