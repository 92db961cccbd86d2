// How the records of a source become rows, as its document says.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/source_spec.h"
#include "flow/decoder.h"
#include "laketide/status.h"

namespace laketide {

/// See RunSource::make_format.
using MakeFormat = std::function<Result<std::shared_ptr<Format>>(const std::string& schema_text)>;

/// json, text or raw.
MakeFormat record_format(const config::FormatSpec& format);
/// `header`: see CsvFormatOptions; not set: the files have none.
MakeFormat csv_format(const config::FormatSpec& format, char delimiter, std::function<std::string()> header);

}  // namespace laketide
