// A ledger's file: refused by name, or everything that it holds can be read and more be written.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "fuzz/target.h"
#include "ledger/ledger.h"
#include "support/temp_dir.h"

namespace laketide::fuzz {
namespace {

void read_all(Ledger& ledger) {
  const auto intents = ledger.intents();
  if (!intents.ok()) return must_be_refusal(intents.status());
  for (const auto& intent : *intents) {
    if (const auto row = ledger.last_epoch(intent.pipeline); !row.ok()) must_be_refusal(row.status());
    if (const auto reset = ledger.reset(intent.pipeline); !reset.ok()) must_be_refusal(reset.status());
  }
  if (const auto jobs = ledger.jobs({}); !jobs.ok()) must_be_refusal(jobs.status());
  if (const auto jobs = ledger.unfinished_jobs(); !jobs.ok()) must_be_refusal(jobs.status());
  if (const auto rows = ledger.committed_epochs("p", 100); !rows.ok()) must_be_refusal(rows.status());
  if (const auto schema = ledger.pinned_schema("t"); !schema.ok()) must_be_refusal(schema.status());
  must_be_refusal(ledger.plan_epoch("fuzz", EpochId(1), "{}"));
}

}  // namespace

void read_bytes(std::string_view bytes) {
  static const TempDir directory;
  const std::string state = directory.path() + "/state";
  std::filesystem::remove_all(state);
  std::filesystem::create_directory(state);
  std::ofstream(state + "/ledger.sqlite", std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto ledger = Ledger::open(state);
  if (!ledger.ok()) return must_be_refusal(ledger.status());
  read_all(**ledger);
}

}  // namespace laketide::fuzz
