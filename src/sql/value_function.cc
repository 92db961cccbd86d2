#include "sql/value_function.h"

#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sql/tree_node.h"

namespace laketide::sql {

Result<Syntax> read_value_function(const nlohmann::json& node, const QueryText& text) {
  static const std::map<std::string_view, std::string_view> kNames{{"SVFOP_CURRENT_DATE", "current_date"},
                                                                   {"SVFOP_CURRENT_TIMESTAMP", "current_timestamp"},
                                                                   {"SVFOP_CURRENT_TIMESTAMP_N", "current_timestamp"},
                                                                   {"SVFOP_LOCALTIME", "localtime"},
                                                                   {"SVFOP_LOCALTIME_N", "localtime"},
                                                                   {"SVFOP_LOCALTIMESTAMP", "localtimestamp"},
                                                                   {"SVFOP_LOCALTIMESTAMP_N", "localtimestamp"}};
  const std::string op = node.value("op", "");
  const int at = place_of(node);
  if (op.starts_with("SVFOP_CURRENT_TIME") && !kNames.contains(op)) {
    return text.refuse("sql_unsupported", at, "current_time has a time zone of its own, which no type here has: write localtime, the time of day in UTC");
  }
  const auto name = kNames.find(op);
  if (name == kNames.end()) return text.refuse("sql_unsupported", at, "a query here runs for no user and in no schema of a database: write the name as a text; the pipeline's is _pipeline");
  Syntax made;
  made.kind = Syntax::Kind::kCall;
  made.at = at;
  made.text = name->second;
  if (!op.ends_with("_N")) return made;
  Syntax digits;
  digits.kind = Syntax::Kind::kNumber;
  digits.at = at;
  digits.text = std::to_string(node.value("typmod", 0));  // the tree leaves out what is 0
  made.args.push_back(std::move(digits));
  return made;
}

}  // namespace laketide::sql
