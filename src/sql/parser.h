// From text to syntax, by PostgreSQL's own grammar.
#pragma once

#include <memory>

#include "laketide/status.h"
#include "sql/query_text.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// The one SELECT in `text`. Fails `kUser` sql_syntax where PostgreSQL's grammar does, sql_unsupported for what it knows and this
/// version does not; each with its place and what to write instead.
Result<std::shared_ptr<const SelectSyntax>> parse(const QueryText& text);

}  // namespace laketide::sql
