#include "cli/stream_text.h"

#include <nlohmann/json.hpp>

#include "cli/answer_table.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

void print_stream_error(const Json& stream, const Terminal& terminal) {
  const Json error = stream.value("error", Json());
  if (error.is_object()) terminal.out << stream.value("pipeline", "") << ": " << error.value("detail", "") << " (" << error.value("code", "") << ")\n";
}

void print_streams(const Json& answer, const Terminal& terminal) {
  const Json streams = answer.value("streams", Json::array());
  if (streams.empty()) {
    terminal.out << "no streams\n";
    return;
  }
  print_table(streams, {{"pipeline", "pipeline"}, {"state", "state"}, {"topics", "topics"}, {"epoch", "epoch"}, {"lag", "lagRecords"},
                        {"rows/s", "inputRowsPerSecond"}, {"rows in", "rowsIn"}, {"quarantined", "quarantined"}, {"last commit", "lastCommit"}}, terminal);
  for (const Json& stream : streams) print_stream_error(stream, terminal);
}

}  // namespace laketide::cli
