// The API's vocabulary: every object that goes in or out.
#include <algorithm>
#include <utility>

#include "http/schema.h"

namespace laketide::http {
namespace {

const std::vector<std::string_view> kStates = {"STARTING", "RUNNING", "PAUSED", "STALLED", "DRAINING",
                                               "STOPPED",  "FINISHED", "FAILED", "FENCED"};

Schema request(std::string_view name, std::string_view doc, std::vector<Property> properties) {
  for (Property& property : properties) property.optional = true;
  return {name, doc, std::move(properties), {}, {}};
}

/// The members of a whole pipeline.
std::vector<Property> pipeline_members() {
  return {{"name", "string", "of a whole pipeline", false, true, {}, "name"},
          {"source", "object", "one input"},
          {"sources", "object", "inputs by the name of their table"},
          {"sql", "string", "the query; default SELECT * FROM source"},
          {"output_mode", "string", "which rows are emitted", false, true, {}, "word"},
          {"trigger", "any", "when epochs close"},
          {"sinks", "array", "outputs"},
          {"tables", "object", "static inputs"},
          {"late_rows", "object", "where rows go that came after their window had ended"},
          {"state", "string", "whether what is remembered must have a bound", false, true, {}, "word"},
          {"bad_records", "object", "what to do with records that cannot be used"},
          {"pool", "string", "pool of the engine's share", false, true, {}, "name"},
          {"lanes", "any", "parallel copies, or auto"},
          {"autostart", "boolean", "start with the service"}};
}

std::vector<Property> by_topic() { return {{"topic", "string", "the configured pipeline of this topic, else the implicit one", false, false, {}, "name"}}; }
std::vector<Property> by_name() { return {{"pipeline", "string", "a pipeline known by name", false, false, {}, "name"}}; }

/// What POST /batch/run takes beside the pipeline.
std::vector<Property> envelope() {
  return {{"startOffset", "any", "{\"0\":100,\"1\":-2}, the same as text, earliest, latest, an ISO time, milliseconds, resume, sink:max(column); default earliest", false, true, {}, "offsets"},
          {"startingOffsets", "any", "the same as startOffset", false, true, {}, "offsets"},
          {"endOffset", "any", "as startOffset; exclusive; default latest, fixed when the job starts", false, true, {}, "offsets"},
          {"endingOffsets", "any", "the same as endOffset", false, true, {}, "offsets"},
          {"atomic", "boolean", "one commit at the end (default), or commits as it goes"},
          {"allowRepeats", "boolean", "also into a table that has these ranges already"},
          {"idempotencyKey", "string", "the same as the header Idempotency-Key", false, true, {}, "key"},
          {"deadline", "string", "such as 10m, from now on; default batch_defaults.deadline", false, true, {}, "duration"},
          {"overlap", "string", "such as 5m: how far sink:max(column) goes back", false, true, {}, "duration"}};
}

std::vector<Property> joined_members(std::vector<std::vector<Property>> parts) {
  std::vector<Property> all;
  for (auto& part : parts) {
    for (Property& property : part) {
      const bool is_there = std::ranges::any_of(all, [&](const Property& other) { return other.name == property.name; });
      if (!is_there) all.push_back(property);
    }
  }
  return all;
}

/// One form of a request: members of the subject that are needed stay so.
Schema form(std::string_view name, std::string_view doc, std::vector<Property> subject, std::vector<Property> more, std::string_view example) {
  for (Property& property : more) property.optional = true;
  return {name, doc, joined_members({std::move(subject), std::move(more)}), {}, example};
}

std::vector<Property> document_subject() {
  std::vector<Property> members = pipeline_members();
  for (Property& member : members) member.optional = member.name != "name" && member.name != "sinks";
  return members;
}

Schema with(Schema schema, std::vector<std::string_view> forms, std::string_view example = {}) {
  schema.forms = std::move(forms);
  schema.example = example;
  return schema;
}

constexpr std::string_view kDocument =
    R"({"name":"sensor","source":{"kafka":{"topic":"events"},"format":{"json":{"schema":"id int, value double"}}},"sinks":[{"delta":{"path":"sensor"}}]})";
constexpr std::string_view kJobDocument =
    R"({"name":"sensor","source":{"kafka":{"topic":"events"},"format":{"json":{}}},"sinks":[{"delta":{"path":"sensor_batch"}}],"startOffset":{"0":100},"endOffset":"latest"})";

std::vector<Schema> start_requests() {
  return {
      with(request("StartRequest", "A topic, or a pipeline known by name, or a whole pipeline document.", joined_members({by_topic(), by_name(), pipeline_members()})),
           {"StartByTopic", "StartByName", "StartByDocument"}),
      form("StartByTopic", "The configured pipeline of a topic, else the implicit one.", by_topic(), {}, R"({"topic":"events"})"),
      form("StartByName", "A pipeline known by name.", by_name(), {}, R"({"pipeline":"sensor"})"),
      form("StartByDocument", "A whole pipeline document.", document_subject(), {}, kDocument),
      with(request("RunRequest", "A topic, or a pipeline known by name, or a whole pipeline document; and over which range, and how.",
                   joined_members({by_topic(), by_name(), pipeline_members(), envelope()})),
           {"RunByTopic", "RunByName", "RunByDocument"}),
      form("RunByTopic", "The configured pipeline of a topic, else the implicit one into a table of its own.", by_topic(),
           joined_members({envelope(), {{"pool", "string", "pool of the engine's share", false, true, {}, "name"}}}),
           R"({"topic":"events","startOffset":"{\"p0\":100}","endOffset":"{\"p0\":500}"})"),
      form("RunByName", "A pipeline known by name.", by_name(), joined_members({envelope(), {{"pool", "string", "pool of the engine's share", false, true, {}, "name"}}}),
           R"({"pipeline":"sensor","startOffset":"resume"})"),
      form("RunByDocument", "A whole pipeline document.", document_subject(), envelope(), kJobDocument),
  };
}

std::vector<Schema> requests() {
  return {
      with(request("PoolRequest", "What to change of a pool, one member at least; what is not named stays.",
                   {{"weight", "number", "its part of what all pools want", false, true, {}, "above zero"},
                    {"minShare", "number", "cores it gets if it has work", false, true, {}, "zero or more"},
                    {"maxShare", "number", "cores it never exceeds; null: no limit", true, true, {}, "above zero"}}),
           {}, R"({"weight":2})"),
      with(request("StopRequest", "Nothing: all streams.",
                   {{"pipeline", "string", "only this one", false, true, {}, "name"},
                    {"topic", "string", "only those that read this topic", false, true, {}, "name"},
                    {"mode", "string", "drain commits what was read; now gives the open epoch up", false, true, {"drain", "now"}}}),
           {}, R"({"pipeline":"sensor"})"),
      {"ResetRequest", "Where the next start begins.",
       {{"start", "any", "{\"0\":100,\"1\":-2}, the same as text, earliest, latest, an ISO time, or milliseconds", false, false, {}, "offsets"}}, {}, R"({"start":"earliest"})"},
      with(request("PipelineRequest", "A whole pipeline document; `name` may be left out, else it is that of the path.", pipeline_members()), {}, kDocument),
      request("EmptyRequest", "No body, or {}.", {}),
  };
}

Schema static_table_schema() {
  return {"StaticTable", "A static table as a stream sees it.",
          {{"table", "string", "its name in SQL"},
           {"loadedAt", "string", "ISO time of the content that the next epoch sees", true},
           {"rows", "integer", ""},
           {"error", "StreamError", "why it is older than it should be", true}}};
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
        {"lagRecords", "integer", "end less committed", true},
        {"lateRows", "integer", "committed by this process: too late for a window, a join or deduplicate"}}},
      static_table_schema(),
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
        {"lateRows", "integer", "sum over the partitions"},
        {"inputRowsPerSecond", "number", "over the last minute's epochs"},
        {"lastCommit", "string", "ISO time", true},
        {"tables", "[StaticTable]", "that it joins with"},
        {"watermark", "string", "ISO time, after the last epoch; null without event time", true},
        {"stateRows", "integer", "that the query remembers"},
        {"stateBytes", "integer", "that they take in memory"},
        {"partitions", "[Partition]", ""},
        {"progress", "object", "the last epoch in the form of Spark's StreamingQueryProgress; only of a single stream", true, true}}},
      {"Streams", "", {{"streams", "[Stream]", ""}}},
  };
}

std::vector<Schema> epoch_schemas() {
  return {
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
      {"Receipts", "Newest first.",
       {{"pipeline", "string", ""}, {"epochs", "[Receipt]", ""}, {"next", "integer", "give it as `before` for the next page; null: this is the last", true}}},
      {"Reset", "What the next start of a stream that was reset does.",
       {{"pipeline", "string", ""},
        {"state", "string", "STOPPED"},
        {"start", "string", "as it was given"},
        {"epoch", "integer", "the last one before it; numbers go on behind it", true},
        {"repeats", "[Range]", "what the sinks have and will be read again, as far as the broker still has it"},
        {"notes", "[string]", "what that means for each sink"}}},
  };
}

const std::vector<std::string_view> kJobStates = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"};

std::vector<Schema> job_schemas() {
  return {
      {"JobError", "Why a job failed: a problem document.",
       {{"type", "string", "about:blank"},
        {"title", "string", "the status in words"},
        {"status", "integer", ""},
        {"code", "string", "stable; what a program looks at"},
        {"detail", "string", "what happened, and what to do"},
        {"available", "object", "what the broker can serve, as range", false, true}}},
      {"Job", "A batch job and how it stands. Offsets are {\"0\":[start,end]} per partition, end exclusive; below the topic's name if there are several topics.",
       {{"jobId", "string", ""},
        {"status", "string", "", false, false, kJobStates},
        {"statusUrl", "string", "path of its status"},
        {"pipeline", "string", ""},
        {"topics", "[string]", ""},
        {"sinks", "[string]", "ids"},
        {"pool", "string", ""},
        {"reason", "string", "why it waits", true},
        {"attempt", "integer", "1 at its first start"},
        {"atomic", "boolean", "one commit at the end"},
        {"startOffset", "string", "as it was given"},
        {"endOffset", "string", "as it was given"},
        {"submittedAt", "string", "ISO time", true},
        {"startedAt", "string", "ISO time", true},
        {"finishedAt", "string", "ISO time", true},
        {"range", "object", "what it reads, once that is fixed", true},
        {"snapshot", "object", "of a table or of files: version, files, rows that it reads; where there are several sources, by their names", true},
        {"progress", "number", "0 to 1, of the range"},
        {"rowsIn", "integer", "committed"},
        {"rowsOut", "integer", ""},
        {"filtered", "integer", ""},
        {"quarantined", "integer", ""},
        {"error", "JobError", "of a FAILED job", true},
        {"committedOffsets", "object", "what is in, of a job that commits as it goes", true},
        {"advice", "string", "a better way to ask for the same", true}}},
      {"Jobs", "Newest first.", {{"jobs", "[Job]", ""}, {"next", "string", "give it as `before` for the next page; null: this is the last", true}}},
      {"JobReceipt", "Newest first.", {{"jobId", "string", ""}, {"pipeline", "string", ""}, {"epochs", "[Receipt]", ""}}},
  };
}

std::vector<Schema> pool_schemas() {
  return {
      {"Pool", "A share of the engine. Shares are parts of the attributed CPU time, 0 to 1.",
       {{"name", "string", ""},
        {"weight", "number", ""},
        {"minShare", "number", "cores"},
        {"maxShare", "number", "cores; null: no limit", true},
        {"policy", "string", "how its runs are ordered", false, false, {"FAIR", "FIFO"}},
        {"share", "number", "over the last second"},
        {"shareMinute", "number", "over the last minute"},
        {"entitlement", "number", "cores, among the pools that have work now"},
        {"cpuSeconds", "number", "since start"},
        {"runs", "integer", "that have tasks"},
        {"tasks", "integer", "lanes and upkeep"},
        {"waiting", "integer", "tasks that could run and do not"},
        {"longestWaitMs", "integer", "starvation: the longest that such a task waited in the last minute"},
        {"memoryBytes", "integer", "held now"},
        {"memoryBytesMax", "integer", "its budget"},
        {"warning", "string", "minima that had to be scaled down", true},
        {"note", "string", "how long a change holds; only in the answer to one", false, true}}},
      {"Pools", "", {{"pools", "[Pool]", ""}}},
  };
}

std::vector<Schema> service_schemas() {
  return {
      {"Pipeline", "A pipeline and where it comes from.",
       {{"name", "string", ""},
        {"origin", "string", "file:…, http or implicit"},
        {"readOnly", "boolean", "it is changed by changing its file"},
        {"state", "string", "of its stream; null: never started", true, false, kStates},
        {"document", "object", "snake_case; variables as written"}}},
      {"Pipelines", "",
       {{"pipelines", "[Pipeline]", ""}, {"next", "string", "give it as `after` for the next page; null: this is the last", true}}},
      {"Change", "What becomes of a pipeline, its progress and its stream when a document takes the place of its own.",
       {{"name", "string", ""},
        {"change", "string", "new: nothing was written under this name; keeps_offsets: it goes on where it is", false, false,
         {"new", "unchanged", "keeps_offsets", "refused"}},
        {"stream", "string", "restarts: the open epoch is committed, then it goes on under the new document", false, false,
         {"none", "starts", "restarts", "at_next_start"}},
        {"changed", "[string]", "members of the document"},
        {"notes", "[string]", "what may not be expected"},
        {"reason", "string", "of a refusal", true},
        {"wayOut", "string", "of a refusal", true},
        {"queryPlan", "string", "each sink's query as steps, from the last down to the source", true},
        {"document", "object", "as it is stored: variables as written"}}},
      {"Deleted", "", {{"name", "string", ""}, {"deleted", "boolean", "true"}, {"note", "string", "what stays"}}},
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
    for (std::vector<Schema> part : {start_requests(), stream_schemas(), epoch_schemas(), job_schemas(), pool_schemas(), service_schemas()}) {
      for (Schema& schema : part) list.push_back(std::move(schema));
    }
    return list;
  }();
  return all;
}

}  // namespace laketide::http
