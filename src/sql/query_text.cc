#include "sql/query_text.h"

#include <algorithm>

namespace laketide::sql {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

expr::Place QueryText::place(int at) const {
  const auto end = static_cast<size_t>(std::clamp<int>(at, 0, static_cast<int>(text_.size())));
  expr::Place place{1, 1};
  for (size_t i = 0; i < end; ++i) {
    if (text_[i] == '\n') {
      place = {place.line + 1, 1};
    } else if (begins_character(text_[i])) {
      ++place.column;
    }
  }
  return place;
}

std::string QueryText::prefix(int at) const { return prefix(place(at)); }

std::string QueryText::prefix(expr::Place where) const { return origin_ + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) + ": "; }

Status QueryText::refuse(std::string_view code, expr::Place where, std::string_view what) const {
  return Status::user(std::string(code), prefix(where) + std::string(what), origin_);
}

Status QueryText::locate(const Status& failure, expr::Place where) const {
  return failure.fault() == Fault::kUser ? refuse(failure.code(), where, failure.detail()) : failure;
}

int QueryText::byte_of_character(int index) const {
  int seen = 0;
  for (size_t i = 0; i < text_.size(); ++i) {
    if (begins_character(text_[i]) && ++seen == index) return static_cast<int>(i);
  }
  return static_cast<int>(text_.size());
}

}  // namespace laketide::sql
