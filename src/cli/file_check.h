// What is wrong with service and pipeline files, and where.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/service_config.h"
#include "engine/review.h"

namespace laketide::cli {

/// A pipeline whose document has a right form. Immutable.
struct CheckedPipeline {
  std::string file;
  config::PipelineSpec spec;
  std::vector<std::string> steps;  // as of Review
};

/// Looks at files in turn. The first service file among them is what all pipelines are checked in; without one the defaults are.
/// Confined to its task.
class FileCheck {
 public:
  explicit FileCheck(const std::vector<std::string>& files);

  /// In the order of the files, each in the order of its places.
  const std::vector<config::Problem>& problems() const { return problems_; }
  const std::vector<CheckedPipeline>& pipelines() const { return pipelines_; }
  const config::ServiceConfig& service() const { return service_; }

 private:
  struct Document {
    std::string text;
    config::Node root;
  };

  void check_service_file(const std::string& file);
  void check_pipeline_file(const std::string& file);
  void check_settings(const Document& document, const std::string& file, const std::string& field, const std::map<std::string, std::string>& client);
  void complain(const Document& document, const std::string& file, const Complaint& complaint);

  config::ServiceConfig service_;
  std::map<std::string, std::string> files_of_names_;  // pipeline → file
  std::vector<CheckedPipeline> pipelines_;
  std::vector<config::Problem> problems_;
};

}  // namespace laketide::cli
