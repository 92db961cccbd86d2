#include "engine/record_format.h"

#include <utility>

#include "formats/csv/csv_format.h"
#include "formats/json/json_format.h"
#include "formats/raw/raw_format.h"
#include "formats/text/text_format.h"

namespace laketide {
namespace {

Result<std::shared_ptr<Format>> to_shared(Result<std::unique_ptr<Format>> made) {
  if (!made.ok()) return made.status();
  return std::shared_ptr<Format>(std::move(made).value());
}

MakeFormat json_format(const config::FormatSpec& format) {
  return [format](const std::string& schema_text) {
    json::JsonFormatOptions options;
    options.schema = schema_text.empty() ? format.schema : schema_text;
    options.tombstones = format.tombstones;
    options.schema_policy = format.schema_policy;
    if (options.schema_policy.empty()) options.schema_policy = format.schema.empty() ? "rescue" : "ignore";
    return to_shared(json::make_json_format(std::move(options)));
  };
}

}  // namespace

MakeFormat record_format(const config::FormatSpec& format) {
  if (format.kind == "json") return json_format(format);
  return [format](const std::string&) {
    return format.kind == "text" ? to_shared(text::make_text_format({format.tombstones})) : to_shared(raw::make_raw_format());
  };
}

MakeFormat csv_format(const config::FormatSpec& format, char delimiter, std::function<std::string()> header) {
  return [declared = format.schema, delimiter, header = std::move(header)](const std::string& schema_text) {
    return to_shared(csv::make_csv_format({schema_text.empty() ? declared : schema_text, delimiter, header}));
  };
}

}  // namespace laketide
