// Pipelines as an engine keeps them, without any check.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "laketide/engine.h"

namespace laketide {

/// "one" comes from a file; "refused" is a name that no document may take. Thread-safe.
class FakePipelines {
 public:
  std::vector<PipelineInfo> list() const {
    const std::lock_guard lock(mutex_);
    std::vector<PipelineInfo> all;
    for (const auto& [name, info] : pipelines_) all.push_back(info);
    return all;
  }
  Result<PipelineInfo> find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return Status::user("unknown_pipeline", "no such pipeline: " + name, "name");
    return found->second;
  }
  Result<PipelineChange> plan(const std::string& name, const std::string& document) const {
    PipelineChange change;
    change.name = name;
    change.is_new = !find(name).ok();
    change.kind = name == "refused" ? PipelineChange::Kind::kRefused : change.is_new ? PipelineChange::Kind::kNew : PipelineChange::Kind::kKeepsOffsets;
    change.document = document;
    change.query_plan = "scan\n";
    if (name == "refused") change.reason = "because";
    if (name == "refused") change.way_out = "another name";
    return change;
  }
  Result<PipelineChange> put(const std::string& name, const std::string& document) {
    LT_ASSIGN_OR_RETURN(PipelineChange change, plan(name, document));
    if (name == "one") return Status::user("pipeline_read_only", "change the file");
    if (name == "refused") return Status::user("change_refused", "because; another name");
    const std::lock_guard lock(mutex_);
    pipelines_[name] = {name, "http", document, false, ""};
    return change;
  }
  Status remove(const std::string& name) {
    LT_RETURN_IF_ERROR(find(name).status());
    if (name == "one") return Status::user("pipeline_read_only", "change the file");
    const std::lock_guard lock(mutex_);
    pipelines_.erase(name);
    return {};
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, PipelineInfo> pipelines_{{"one", {"one", "file:conf/pipelines/one.yaml", R"({"name":"one"})", true, ""}}};
};

}  // namespace laketide
