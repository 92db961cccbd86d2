// Makers of fields: each binds one key to the variable it sets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"

namespace laketide::config {

// The variable must outlive the field. A value that does not fit is a problem and leaves the variable alone.

template <typename T>
struct Limits {
  T min;
  T max;
};

/// Says what is wrong with a text, or nothing: "" is fine.
using TextCheck = std::function<std::string(const std::string&)>;

/// Any text that is not empty. A number or a boolean is taken as the text it is written as.
Field text_field(std::string name, std::string& into, std::string doc, TextCheck check = {});
/// One of `words`.
Field word_field(std::string name, std::string& into, std::vector<std::string_view> words, std::string doc);
Field flag_field(std::string name, bool& into, std::string doc);
/// `auto`, which sets `auto_value`, is allowed if that is given.
Field integer_field(std::string name, std::function<void(int64_t)> set, Limits<int64_t> limits, std::string doc,
                    std::optional<int64_t> auto_value = {});
Field number_field(std::string name, std::function<void(double)> set, Limits<double> limits, std::string doc);
/// A share of something: "70%" or 0.7.
Field ratio_field(std::string name, double& into, std::string doc);
Field duration_field(std::string name, std::function<void(std::chrono::microseconds)> set,
                     Limits<std::chrono::microseconds> limits, std::string doc);
Field size_field(std::string name, int64_t& into, Limits<int64_t> limits, std::string doc,
                 std::optional<int64_t> auto_value = {});
/// A list of texts, or one text.
Field list_field(std::string name, std::vector<std::string>& into, std::string doc, TextCheck check = {},
                 bool may_be_empty = false);
/// A key that is known and refused: a feature that this version does not have, or a setting that belongs elsewhere.
Field refused_field(std::string name, std::string sentence);
/// A section of its own.
Field section_field(std::string name, std::string doc, std::vector<Field> fields);

/// `standard`: what holds without the key, where the maker cannot see it.
Field with_default(Field field, std::string standard);
/// For a field with a reader of its own: what the reference says of its values.
Field with_type(Field field, std::string type, std::string standard = {});
Field with_aliases(Field field, std::vector<std::string_view> aliases);

}  // namespace laketide::config
