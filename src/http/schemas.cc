// The API's vocabulary: every object that goes in or out.
#include "http/schema.h"

namespace laketide::http {
namespace {

const std::vector<std::string_view> kStates = {"STARTING", "RUNNING", "PAUSED", "STALLED", "DRAINING",
                                               "STOPPED",  "FINISHED", "FAILED", "FENCED"};

Schema request(std::string_view name, std::string_view doc, std::vector<Property> properties) {
  for (Property& property : properties) property.optional = true;
  return {name, doc, std::move(properties)};
}

std::vector<Schema> requests() {
  return {
      request("StartRequest", "A topic, or a pipeline known by name, or a whole pipeline document.",
              {{"topic", "string", "the configured pipeline of this topic, else the implicit one"},
               {"pipeline", "string", "a pipeline known by name"},
               {"name", "string", "of a whole pipeline"},
               {"source", "any", "one input"},
               {"sources", "object", "inputs by the name of their table"},
               {"sql", "string", "the query; default SELECT * FROM source"},
               {"output_mode", "string", "which rows are emitted"},
               {"trigger", "any", "when epochs close"},
               {"sinks", "array", "outputs"},
               {"tables", "object", "static inputs"},
               {"bad_records", "object", "what to do with records that cannot be used"},
               {"pool", "string", "pool of the engine's share"},
               {"lanes", "any", "parallel copies, or auto"},
               {"autostart", "boolean", "start with the service"}}),
      request("StopRequest", "Nothing: all streams.",
              {{"pipeline", "string", "only this one"},
               {"topic", "string", "only those that read this topic"},
               {"mode", "string", "drain commits what was read; now gives the open epoch up", false, true, {"drain", "now"}}}),
      request("EmptyRequest", "No body, or {}.", {}),
  };
}

std::vector<Schema> stream_schemas() {
  return {
      {"Started", "A stream that was started, or ran already.",
       {{"id", "string", "of this run"},
        {"pipeline", "string", "its name"},
        {"state", "string", "what it does now", false, false, kStates},
        {"topic", "string", "the topic, or all of them with commas between"},
        {"epoch", "integer", "last committed", true},
        {"start", "string", "where it begins if nothing is committed yet"},
        {"error", "StreamError", "why it is stalled or failed", true}}},
      {"StreamError", "Why a stream is stalled or failed.", {{"code", "string", "stable"}, {"detail", "string", "for a person"}}},
      {"Partition", "One partition of a stream's sources.",
       {{"source", "string", "table in SQL"},
        {"topic", "string", ""},
        {"partition", "integer", ""},
        {"committed", "integer", "next offset: the first that is not committed", true},
        {"read", "integer", "next offset to read", true},
        {"end", "integer", "the broker's end, when last heard", true},
        {"lagRecords", "integer", "end less committed", true}}},
      {"Stream", "A stream and how it stands.",
       {{"id", "string", "of the run"},
        {"pipeline", "string", "its name"},
        {"state", "string", "", false, false, kStates},
        {"error", "StreamError", "why it is stalled or failed", true},
        {"topics", "[string]", ""},
        {"sinks", "[string]", "ids"},
        {"epoch", "integer", "last committed", true},
        {"start", "string", "where it begins if nothing is committed yet"},
        {"lagRecords", "integer", "sum over the partitions whose end is known", true},
        {"lagSeconds", "number", "age of the oldest record not committed", true},
        {"rowsIn", "integer", "committed by this process"},
        {"rowsOut", "integer", ""},
        {"quarantined", "integer", ""},
        {"inputRowsPerSecond", "number", "over the last minute's epochs"},
        {"lastCommit", "string", "ISO time", true},
        {"partitions", "[Partition]", ""},
        {"progress", "object", "the last epoch in the form of Spark's StreamingQueryProgress; only of a single stream", true, true}}},
      {"Streams", "", {{"streams", "[Stream]", ""}}},
      {"Range", "Offsets [start, end) of one partition.",
       {{"source", "string", ""}, {"topic", "string", ""}, {"partition", "integer", ""}, {"start", "integer", ""}, {"end", "integer", "exclusive"}}},
      {"SinkCommit", "What one sink holds of an epoch.",
       {{"sink", "string", "id"}, {"commit", "string", "version or transaction"}, {"rows", "integer", ""}, {"quarantined", "integer", ""}}},
      {"Receipt", "What a committed epoch did: rowsIn = rowsOut + filtered + quarantined.",
       {{"epoch", "integer", ""},
        {"openedAt", "string", "ISO time"},
        {"committedAt", "string", "ISO time"},
        {"ranges", "[Range]", ""},
        {"sinks", "[SinkCommit]", ""},
        {"rowsIn", "integer", ""},
        {"rowsOut", "integer", ""},
        {"filtered", "integer", ""},
        {"quarantined", "integer", ""}}},
      {"Receipts", "Newest first.", {{"pipeline", "string", ""}, {"epochs", "[Receipt]", ""}}},
  };
}

std::vector<Schema> service_schemas() {
  return {
      {"Pipeline", "A pipeline and where it comes from.",
       {{"name", "string", ""}, {"origin", "string", "file:…, http or implicit"}, {"document", "object", "snake_case; variables as written"}}},
      {"Pipelines", "", {{"pipelines", "[Pipeline]", ""}}},
      {"State", "", {{"status", "string", "ok, ready or stopping"}}},
      {"Link", "", {{"method", "string", ""}, {"path", "string", ""}, {"summary", "string", ""}}},
      {"Index", "", {{"name", "string", ""}, {"version", "string", ""}, {"links", "[Link]", ""}}},
      {"Problem", "A failure, as RFC 9457 has it.",
       {{"type", "string", "about:blank"},
        {"title", "string", "the status in words"},
        {"status", "integer", ""},
        {"code", "string", "stable; what a program looks at"},
        {"detail", "string", "what happened, and what to do"},
        {"field", "string", "the input at fault", false, true}}},
  };
}

}  // namespace

const std::vector<Schema>& schemas() {
  static const std::vector<Schema> all = [] {
    std::vector<Schema> list = requests();
    for (std::vector<Schema> part : {stream_schemas(), service_schemas()}) {
      for (Schema& schema : part) list.push_back(std::move(schema));
    }
    return list;
  }();
  return all;
}

}  // namespace laketide::http
