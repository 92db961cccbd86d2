#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "http/handlers.h"
#include "http/problem.h"
#include "http/schema.h"
#include "http/service.h"
#include "http/stream_json.h"

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDrainPoll{25};

std::string text_member(const Call& call, const char* name) {
  const auto found = call.body->find(name);
  return found == call.body->end() ? std::string() : found->get<std::string>();
}

/// What to start: the body's members say which of the three forms it has.
Result<StreamRequest> stream_request(const Call& call) {
  const bool by_topic = call.body->contains("topic");
  const bool by_pipeline = call.body->contains("pipeline");
  if (call.body->empty()) {
    return Status::user("missing_field", "say what to start: {\"topic\": \"events\"}, {\"pipeline\": \"name\"}, or a whole pipeline", "topic");
  }
  if (!by_topic && !by_pipeline) return StreamRequest{"", "", call.text};
  if (call.body->size() > 1) {
    return Status::user("conflicting_fields", "give a topic, or a pipeline's name, or a whole pipeline, but one of them only",
                        by_topic && by_pipeline ? "pipeline" : by_topic ? "topic" : "pipeline");
  }
  const char* name = by_topic ? "topic" : "pipeline";
  if (text_member(call, name).empty()) return Status::user("bad_value", std::string("\"") + name + "\" must not be empty", name);
  return StreamRequest{text_member(call, "topic"), text_member(call, "pipeline"), ""};
}

Response streams_response(int status, const std::vector<StreamStatus>& streams) {
  Json list = Json::array();
  for (const StreamStatus& stream : streams) list.push_back(stream_json(stream));
  return json_response(status, {{"streams", list}});
}

/// Brings `streams` up to date. A stream that is gone or was started anew counts as it stood last: that run is over.
bool refresh(const Engine& engine, std::vector<StreamStatus>& streams) {
  bool all_at_rest = true;
  for (StreamStatus& stream : streams) {
    if (is_at_rest(stream.state)) continue;
    const Result<StreamStatus> now = engine.stream(stream.pipeline);
    if (!now.ok() || now->id != stream.id) {
      stream.state = StreamState::kStopped;
      continue;
    }
    stream = *now;
    all_at_rest = all_at_rest && is_at_rest(stream.state);
  }
  return all_at_rest;
}

/// Looks again and again until all have drained or it is time to say that they have not. Holds no thread in between.
Reply await_drained(const std::shared_ptr<Engine>& engine, std::vector<StreamStatus> streams, Clock::time_point deadline) {
  const bool drained = refresh(*engine, streams);
  if (drained || Clock::now() >= deadline) return {streams_response(drained ? 200 : 202, streams)};
  Reply reply;
  reply.after = kDrainPoll;
  reply.again = [engine, streams = std::move(streams), deadline] { return await_drained(engine, streams, deadline); };
  return reply;
}

/// As await_drained, for one stream that is to be PAUSED.
Reply await_paused(const std::shared_ptr<Engine>& engine, StreamStatus stream, Clock::time_point deadline) {
  if (const Result<StreamStatus> now = engine->stream(stream.pipeline); now.ok()) stream = *now;
  const bool drains = stream.state == StreamState::kDraining;
  if (!drains || Clock::now() >= deadline) return {json_response(drains ? 202 : 200, stream_json(stream))};
  Reply reply;
  reply.after = kDrainPoll;
  reply.again = [engine, stream = std::move(stream), deadline] { return await_paused(engine, stream, deadline); };
  return reply;
}

}  // namespace

Reply start_stream(Service& service, const Call& call) {
  if (service.is_stopping()) return {problem(Status::user("stopping", "the service is stopping and begins no new work"))};
  const Result<StreamRequest> request = stream_request(call);
  if (!request.ok()) return {problem(request.status())};
  const Result<StreamStatus> started = service.engine()->start_stream(*request);
  return {started.ok() ? json_response(200, started_json(*started)) : problem(started.status())};
}

Reply stop_streams(Service& service, const Call& call) {
  const std::string pipeline = text_member(call, "pipeline");
  const std::string topic = text_member(call, "topic");
  if (!pipeline.empty() && !topic.empty()) {
    return {problem(Status::user("conflicting_fields", "give a pipeline or a topic, but one of them only", "topic"))};
  }
  for (const char* name : {"pipeline", "topic"}) {
    // An empty name would mean all of them to the engine.
    if (call.body->contains(name) && text_member(call, name).empty()) {
      return {problem(Status::user("bad_value", std::string("\"") + name + "\" must not be empty; leave it out to stop all streams", name))};
    }
  }
  const auto engine = service.engine();
  const auto stopped = engine->stop_streams(pipeline, topic, text_member(call, "mode") == "now", std::chrono::milliseconds(0));
  if (!stopped.ok()) return {problem(stopped.status())};
  return await_drained(engine, *stopped, Clock::now() + service.limits().drain);
}

Reply list_streams(Service& service, const Call&) { return {streams_response(200, service.engine()->streams())}; }

Reply show_stream(Service& service, const Call& call) {
  const auto engine = service.engine();
  const Result<StreamStatus> stream = engine->stream(call.path.at("name"));
  if (!stream.ok()) return {problem(stream.status())};
  Json body = stream_json(*stream);
  const Result<std::string> progress = engine->progress(stream->pipeline);
  const Json parsed = progress.ok() && !progress->empty() ? Json::parse(*progress, nullptr, false) : Json(nullptr);
  body["progress"] = parsed.is_discarded() ? Json(nullptr) : parsed;
  return {json_response(200, body)};
}

Reply list_epochs(Service& service, const Call& call) {
  const std::string& name = call.path.at("name");
  const auto limit = static_cast<size_t>(call.query.numbers.at("limit"));
  const int64_t before = call.query.numbers.at("before");
  // One more tells whether there is a next page.
  const auto receipts = service.engine()->epochs(name, before < 0 ? INT64_MAX : before, static_cast<int>(limit) + 1);
  if (!receipts.ok()) return {problem(receipts.status())};
  Json list = Json::array();
  for (size_t i = 0; i < std::min(limit, receipts->size()); ++i) list.push_back(receipt_json((*receipts)[i]));
  const Json next = receipts->size() > limit ? Json((*receipts)[limit - 1].epoch) : Json(nullptr);
  return {json_response(200, {{"pipeline", name}, {"epochs", list}, {"next", next}})};
}

Reply pause_stream(Service& service, const Call& call) {
  const auto engine = service.engine();
  const Result<StreamStatus> paused = engine->pause_stream(call.path.at("name"));
  return paused.ok() ? await_paused(engine, *paused, Clock::now() + service.limits().drain) : Reply{problem(paused.status())};
}

Reply resume_stream(Service& service, const Call& call) {
  if (service.is_stopping()) return {problem(Status::user("stopping", "the service is stopping and begins no new work"))};
  const Result<StreamStatus> resumed = service.engine()->resume_stream(call.path.at("name"));
  return {resumed.ok() ? json_response(200, stream_json(*resumed)) : problem(resumed.status())};
}

Reply reset_stream(Service& service, const Call& call) {
  const auto start = call.body->find("start");
  if (start == call.body->end()) {
    return {problem(Status::user("missing_field", "say where to begin: {\"start\": \"earliest\"}, \"latest\", {\"0\": 100}, a time, or milliseconds since 1970", "start"))};
  }
  const Result<std::string> text = offsets_text(*start, "start");
  if (!text.ok()) return {problem(text.status())};
  const auto report = service.engine()->reset_stream(call.path.at("name"), *text);
  return {report.ok() ? json_response(200, reset_json(*report)) : problem(report.status())};
}

}  // namespace laketide::http
