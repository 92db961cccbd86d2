// Pipelines and their changes as the engine's face shows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "laketide/status.h"

namespace laketide {

/// A pipeline as GET /pipelines shows it. Immutable.
struct PipelineInfo {
  std::string name;
  std::string origin;      // "file:conf/pipelines/a.yaml", "http", "implicit"
  std::string document;    // JSON, unexpanded: no secret is ever in it
  bool read_only = false;  // of a file that is there: it is changed by changing the file
  std::string state;       // of its stream; empty: never started
};

/// What becomes of a pipeline, its progress and its stream when a document takes its place. Immutable.
struct PipelineChange {
  enum class Kind { kNew, kUnchanged, kKeepsOffsets, kRefused };
  enum class Effect {
    kNone,      // no stream is touched
    kStarts,    // autostart: the stream starts
    kRestarts,  // the open epoch is committed, then the stream goes on under the new document
    kLater      // the stream is at rest or paused: the document holds from its next start on
  };
  std::string name;
  bool is_new = false;               // there was no pipeline of this name, though perhaps progress of one
  Kind kind = Kind::kNew;
  Effect effect = Effect::kNone;
  std::vector<std::string> changed;  // members of the document, such as "sql"
  std::vector<std::string> notes;    // what the user may not expect, for a person
  std::string reason, way_out;       // of a refusal
  std::string document;              // JSON, as it is stored
  std::string query_plan;            // text, a line a step; of plan_pipeline
};
const char* to_string(PipelineChange::Kind kind);
const char* to_string(PipelineChange::Effect effect);

/// Offsets [start, end) of one partition whose rows are in the sinks and would be read again. Immutable.
struct RepeatedRange {
  std::string source, topic;
  int32_t partition = 0;
  int64_t start = 0, end = 0;
};

/// What a reset does at the next start. Immutable.
struct ResetReport {
  std::string pipeline;
  std::string start;                    // as given
  std::optional<int64_t> epoch;         // the last one before it; numbers go on behind it. None: nothing was committed
  std::vector<RepeatedRange> repeats;   // as far as the broker still has them
  std::vector<std::string> notes;       // what that means for each sink, for a person
};

/// What reading the files again did. Immutable.
struct ReloadReport {
  Status problem;                        // set: that part of the files was refused as a whole, and nothing of it taken
  std::vector<std::string> changed;      // for a person, each a sentence
  std::vector<std::string> not_live;     // what differs and is not taken, why, and what to do
};

}  // namespace laketide
