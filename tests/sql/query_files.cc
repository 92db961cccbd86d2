// Runs tests/sql/queries/*.test: queries as data, each over the same rows delivered in several ways. The format is in queries/README.md.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sql/interval_text.h"
#include "sql/query.h"
#include "sql/remembering.h"
#include "sql/table_text.h"

namespace laketide {
namespace {

struct Case {
  std::string file;
  int line = 0;
  std::string query, select;
  std::vector<std::string> expected;
};

struct File {
  Schema schema;
  std::string event_time;
  int64_t delay = 0;  // of the watermark, microseconds
  std::vector<Row> rows;
  std::vector<TableRows> tables;
  std::vector<Case> cases;
};

bool begins(const std::string& line, std::string_view word) {
  return line.substr(0, word.size()) == word && (line.size() == word.size() || line[word.size()] == ' ');
}

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string_view::npos ? std::string() : std::string(text.substr(first, last - first + 1));
}

Row row_of(const std::string& line) {
  Row row;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find('|', at), line.size());
    const std::string cell = trimmed(std::string_view(line).substr(at, end - at));
    row.push_back(cell == "NULL" ? Cell() : Cell(cell == "(empty)" ? "" : cell));
    at = end + 1;
  }
  return row;
}

std::string text_of(const Row& row) {
  std::string text;
  for (const Cell& cell : row) text += (&cell == &row.front() ? "" : " | ") + (!cell ? "NULL" : cell->empty() ? "(empty)" : *cell);
  return text;
}

/// Reads one file, a section at a time. Confined to its task.
class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path) : name_(path.filename().string()), in_(path) {}

  File read() {
    File file;
    for (next(); !done_;) {
      if (line_.empty()) {
        next();
      } else if (begins(line_, "source")) {
        file.schema = schema_of_text(line_.substr(7));
        next();
        if (!done_ && begins(line_, "event_time")) read_event_time(file);
        for (; !done_ && !line_.empty(); next()) file.rows.push_back(row_of(line_));
      } else if (begins(line_, "table")) {
        const size_t name = line_.find(' ', 6);
        TableRows& table = file.tables.emplace_back(TableRows{line_.substr(6, name - 6), schema_of_text(line_.substr(name + 1)), {}});
        for (next(); !done_ && !line_.empty(); next()) table.rows.push_back(row_of(line_));
      } else if (begins(line_, "query")) {
        file.cases.push_back(read_case());
      } else {
        throw std::runtime_error(name_ + ":" + std::to_string(number_) + ": expected 'source' or 'query': " + line_);
      }
    }
    return file;
  }

 private:
  // "event_time ts 10 s"
  void read_event_time(File& file) {
    const size_t name = line_.find(' ') + 1, delay = line_.find(' ', name);
    file.event_time = line_.substr(name, delay - name);
    file.delay = sql::interval_microseconds(line_.substr(delay)).value();
    next();
  }
  Case read_case() {
    Case one{name_, number_, {}, {}, {}};
    std::string* text = &one.query;
    for (next(); !done_ && line_ != "----"; next()) {
      if (line_ == "select") {
        text = &one.select;
      } else {
        *text += line_ + "\n";
      }
    }
    for (next(); !done_ && !line_.empty(); next()) one.expected.push_back(text_of(row_of(line_)));
    return one;
  }
  void next() {
    do {
      done_ = !std::getline(in_, line_);
      ++number_;
    } while (!done_ && begins(line_, "#"));
  }

  std::string name_;
  std::ifstream in_;
  std::string line_;
  int number_ = 0;
  bool done_ = false;
};

// Rows in the order of their offsets, refused ones with their reason; a refused query as its one line.
std::vector<std::string> lines_of(const Result<Answer>& answer) {
  if (!answer.ok()) return {"! " + answer.status().to_string()};
  std::vector<std::pair<int64_t, std::string>> lines;
  for (const OutRow& row : answer->rows) lines.emplace_back(row.offset, text_of(row.cells));
  for (const Refused& refused : answer->refused) lines.emplace_back(refused.offset, "! " + refused.code + ": " + refused.reason);
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> texts;
  for (auto& [offset, text] : lines) texts.push_back(std::move(text));
  return texts;
}

/// One query over its file's rows. Confined to its task.
class QueryTest : public testing::Test {
 public:
  QueryTest(const File& file, const Case& one, Delivery delivery) : file_(file), case_(one), delivery_(delivery) {}
  void TestBody() override {
    std::vector<std::string> lines = lines_of(ask(case_.query, case_.select, file_.schema, file_.rows, delivery_, file_.tables)), expected = case_.expected;
    if (!file_.tables.empty()) {  // what one row becomes is in no order
      std::sort(lines.begin(), lines.end());
      std::sort(expected.begin(), expected.end());
    }
    EXPECT_EQ(lines, expected) << case_.file << ":" << case_.line << ": " << case_.query;
  }

 private:
  const File& file_;
  const Case& case_;
  Delivery delivery_;
};

sql::SourceTable source_of(const File& file) { return {"events", file.schema, "t", true, file.event_time}; }

Result<sql::BoundQuery> bind_case(const File& file, const Case& one) {
  LT_ASSIGN_OR_RETURN(const sql::Query query, sql::parse_query(one.query, "sql"));
  LT_ASSIGN_OR_RETURN(sql::BoundQuery bound, query.bind(source_of(file), static_tables(file.tables)));
  if (one.select.empty()) return bound;
  LT_ASSIGN_OR_RETURN(const sql::Query select, sql::parse_query(one.select, "select"));
  return select.bind(bound, static_tables(file.tables));
}

/// One query that remembers, in every mode that can be told apart by its key. Confined to its task.
class RememberingTest : public testing::Test {
 public:
  RememberingTest(const File& file, const Case& one, Way way) : file_(file), case_(one), way_(way) {}
  void TestBody() override {
    const sql::BoundQuery bound = bind_case(file_, case_).value();
    const bool sorted = std::holds_alternative<sql::Sort>(bound.memory->step);
    std::vector<std::string> expected = case_.expected;
    if (!sorted) std::sort(expected.begin(), expected.end());
    const auto* aggregate = std::get_if<sql::Aggregate>(&bound.memory->step);
    const bool one_row = aggregate && aggregate->first_call() == 0;
    int modes = 0;
    for (const OutputMode mode : {OutputMode::kAppend, OutputMode::kUpdate, OutputMode::kComplete}) {
      if (mode == OutputMode::kUpdate && ((bound.key.empty() && !one_row) || sorted)) continue;
      if (!possible(*bound.memory, mode)) continue;
      ++modes;
      std::vector<std::string> lines = lines_of(ask_remembering(bound, source_of(file_), file_.rows, way_, mode, file_.delay, file_.tables));
      if (!sorted) std::sort(lines.begin(), lines.end());
      EXPECT_EQ(lines, expected) << case_.file << ":" << case_.line << " in " << kModes[static_cast<size_t>(mode)] << ": " << case_.query;
    }
    // What an epoch's rows alone do not tell can only be asked of a run that has one epoch.
    EXPECT_TRUE(modes > 0 || way_ != Way::kBounded) << case_.file << ":" << case_.line << " runs in no mode";
  }

 private:
  // The runs here flush at their end, so that what waits for a watermark comes at last; nothing else is forgiven.
  bool possible(const sql::PlanNode& memory, OutputMode mode) const {
    if (std::holds_alternative<sql::Join>(memory.step) && mode == OutputMode::kComplete) return false;  // a pair comes once
    const bool united = std::holds_alternative<sql::Union>(memory.step) && mode == OutputMode::kComplete;  // as each of its SELECTs can
    bool judged = united || std::holds_alternative<sql::FirstRows>(memory.step);
    for (const sql::PlanNode* at = &memory; at != nullptr; at = sql::memory_of(at->input).get()) judged |= std::holds_alternative<sql::Sort>(at->step);
    return way_ == Way::kBounded || !judged || sql::check_mode(memory, mode, file_.event_time).ok();
  }

  static constexpr const char* kModes[] = {"append", "update", "complete"};

  const File& file_;
  const Case& case_;
  Way way_;
};

template <typename Test, typename How>
void register_case(const File& file, const Case& one, const std::string& suite, How how, const char* word) {
  testing::RegisterTest(suite.c_str(), (std::to_string(one.line) + "_" + word).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [&file, &one, how]() -> testing::Test* { return new Test(file, one, how); });
}

void register_file(const File& file, const std::string& name) {
  for (const Case& one : file.cases) {
    const auto bound = bind_case(file, one);
    if (bound.ok() && bound->memory) {
      register_case<RememberingTest>(file, one, name, Way::kStraight, "straight");
      register_case<RememberingTest>(file, one, name, Way::kSingly, "singly");
      register_case<RememberingTest>(file, one, name, Way::kCrashing, "crashing");
      register_case<RememberingTest>(file, one, name, Way::kBounded, "bounded");
    } else {
      register_case<QueryTest>(file, one, name, Delivery::kWhole, "whole");
      register_case<QueryTest>(file, one, name, Delivery::kSingly, "singly");
      register_case<QueryTest>(file, one, name, Delivery::kSliced, "sliced");
    }
  }
}

}  // namespace
}  // namespace laketide

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const char* root = std::getenv("LAKETIDE_SOURCE_DIR");
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(root ? root : ".") / "tests/sql/queries")) {
    if (entry.path().extension() == ".test") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<laketide::File> files;
  files.reserve(paths.size());
  for (const auto& path : paths) {
    files.push_back(laketide::FileReader(path).read());
    laketide::register_file(files.back(), path.stem().string());
  }
  return RUN_ALL_TESTS();
}
