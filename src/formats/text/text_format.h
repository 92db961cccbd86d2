// Records whose value is a line of text.
#pragma once

#include <memory>
#include <string>

#include "flow/decoder.h"
#include "laketide/status.h"

namespace laketide::text {

/// `format: {text: …}`. Immutable.
struct TextFormatOptions {
  std::string tombstones = "row";  // row: a null value | skip. delete is refused as unsupported
};

/// One column, `value text`. A value that is not UTF-8 is rejected as bad_utf8. Fails `kUser` unsupported.
Result<std::unique_ptr<Format>> make_text_format(TextFormatOptions options);

}  // namespace laketide::text
