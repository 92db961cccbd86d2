#include "http/job_request.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <nlohmann/json.hpp>

#include "base/quantity.h"
#include "http/schema.h"

namespace laketide::http {
namespace {

using std::chrono::milliseconds;
using Document = nlohmann::ordered_json;

constexpr std::array kEnvelope = {"startOffset", "startingOffsets", "endOffset", "endingOffsets", "pool", "atomic", "allowRepeats",
                                  "idempotencyKey", "deadline", "overlap"};
constexpr size_t kKeyBytesMax = 255;

/// A text that is not empty; "" if the member is not there.
Result<std::string> word(const Document& body, const std::string& name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::string();
  if (found->get_ref<const std::string&>().empty()) return Status::user("bad_value", "\"" + name + "\" must not be empty; leave it out for its default", name);
  return found->get<std::string>();
}

Result<std::string> offset(const Document& body, const std::string& name, const std::string& alias) {
  if (body.contains(name) && body.contains(alias)) {
    return Status::user("conflicting_fields", "\"" + name + "\" and \"" + alias + "\" are the same; give one of them only", alias);
  }
  const std::string& given = body.contains(alias) ? alias : name;
  const auto found = body.find(given);
  if (found == body.end()) return std::string();
  if (found->is_string()) return word(body, given);
  return offsets_text(*found, given);
}

Result<std::optional<milliseconds>> duration(const Document& body, const std::string& name, milliseconds least) {
  LT_ASSIGN_OR_RETURN(const std::string text, word(body, name));
  if (text.empty()) return std::optional<milliseconds>();
  const auto value = parse_duration(text);
  if (value && *value >= least) return std::optional(std::chrono::ceil<milliseconds>(*value));
  return Status::user("bad_value", "\"" + name + "\" must be a duration such as \"10m\"" + (least.count() > 0 ? ", at least " + duration_text(least) : std::string()), name);
}

Result<std::string> idempotency_key(const Document& body, const std::string& of_head) {
  LT_ASSIGN_OR_RETURN(const std::string of_body, word(body, "idempotencyKey"));
  if (!of_body.empty() && !of_head.empty() && of_body != of_head) {
    return Status::user("idempotency_keys_differ", "\"idempotencyKey\" and the field Idempotency-Key of the request's head differ; give one of them", "idempotencyKey");
  }
  const std::string& key = of_body.empty() ? of_head : of_body;
  if (key.size() <= kKeyBytesMax) return key;
  return Status::user("bad_value", "an idempotency key has at most " + std::to_string(kKeyBytesMax) + " bytes", "idempotencyKey");
}

/// Topic, pipeline or document: what is left when the envelope is taken off says which.
Status read_subject(const Document& body, const std::string& text, JobRequest& request) {
  Document rest = body;
  for (const char* name : kEnvelope) rest.erase(name);
  LT_ASSIGN_OR_RETURN(request.topic, word(body, "topic"));
  LT_ASSIGN_OR_RETURN(request.pipeline, word(body, "pipeline"));
  if (rest.empty()) {
    return Status::user("missing_field", "say what to run: {\"topic\": \"events\"}, {\"pipeline\": \"name\"}, or a whole pipeline", "topic");
  }
  if (request.topic.empty() && request.pipeline.empty()) {
    request.document = rest.size() == body.size() ? text : rest.dump();
    return {};
  }
  if (rest.size() == 1) return {};
  const bool both = !request.topic.empty() && !request.pipeline.empty();
  return Status::user("conflicting_fields", "give a topic, or a pipeline's name, or a whole pipeline, but one of them only",
                      both || request.topic.empty() ? "pipeline" : "topic");
}

}  // namespace

Result<JobRequest> job_request(const Call& call) {
  // Read again in its own order: a document's sources and sinks stay in the order in which they were written.
  const Document body = call.body->empty() ? Document::object() : Document::parse(call.text);
  JobRequest request;
  LT_RETURN_IF_ERROR(read_subject(body, call.text, request));
  LT_ASSIGN_OR_RETURN(request.start_offset, offset(body, "startOffset", "startingOffsets"));
  LT_ASSIGN_OR_RETURN(request.end_offset, offset(body, "endOffset", "endingOffsets"));
  LT_ASSIGN_OR_RETURN(request.pool, word(body, "pool"));
  LT_ASSIGN_OR_RETURN(request.deadline, duration(body, "deadline", milliseconds(1)));
  LT_ASSIGN_OR_RETURN(request.overlap, duration(body, "overlap", milliseconds(0)));
  LT_ASSIGN_OR_RETURN(request.idempotency_key, idempotency_key(body, call.idempotency_key));
  request.atomic = body.value("atomic", true);
  request.allow_repeats = body.value("allowRepeats", false);
  return request;
}

}  // namespace laketide::http
