// Pages under conf/ that are made of the room's own tables.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace laketide::http {

inline std::filesystem::path source_dir() {
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  return root != nullptr ? root : "../..";
}

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// After a change of the table: LAKETIDE_WRITE_PAGES=1 http_test --gtest_filter=*ThePageIsTheTable
inline void expect_page(const std::string& name, const std::string& text) {
  const auto page = source_dir() / "conf" / name;
  if (std::getenv("LAKETIDE_WRITE_PAGES") != nullptr) std::ofstream(page, std::ios::binary) << text;
  EXPECT_EQ(text_of(page), text) << "write the page again: " << name;
}

}  // namespace laketide::http
