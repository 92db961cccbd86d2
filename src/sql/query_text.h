// The text of one query, and places in it.
#pragma once

#include <string>
#include <string_view>

#include "expr/expression.h"
#include "laketide/status.h"

namespace laketide::sql {

/// A query as it was written and where it came from ("conf/pipelines/a.yaml: sql"). Every refusal is made here, so that each
/// begins with origin:line:column. Lines and columns count characters from 1; `at` counts bytes from 0, as the parser does.
/// Immutable.
class QueryText {
 public:
  QueryText(std::string text, std::string origin) : text_(std::move(text)), origin_(std::move(origin)) {}

  const std::string& text() const { return text_; }
  expr::Place place(int at) const;
  /// "origin:line:column: ", for what is refused later, when this text is gone.
  std::string prefix(int at) const;
  /// `kUser`, "origin:line:column: what".
  Status refuse(std::string_view code, int at, std::string_view what) const { return refuse(code, place(at), what); }
  Status refuse(std::string_view code, expr::Place where, std::string_view what) const;
  /// A failure from elsewhere with the place put before it.
  Status locate(const Status& failure, int at) const { return locate(failure, place(at)); }
  Status locate(const Status& failure, expr::Place where) const;
  /// Where the character number `index` (from 1) begins.
  int byte_of_character(int index) const;

 private:
  std::string prefix(expr::Place where) const;

  std::string text_;
  std::string origin_;
};

}  // namespace laketide::sql
