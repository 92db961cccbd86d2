#include "config/fair_scheduler.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include "base/log.h"
#include "base/quantity.h"
#include "config/document_file.h"

namespace laketide::config {
namespace {

using boost::property_tree::ptree;

constexpr size_t kNameMax = 63;
constexpr size_t kDepthMax = 32;
constexpr int64_t kMinShareMax = 256;  // as of `pools`
constexpr int64_t kWeightMax = 1'000'000;

std::string trimmed(const std::string& text) {
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  const auto first = std::find_if_not(text.begin(), text.end(), is_space);
  const auto last = std::find_if_not(text.rbegin(), std::make_reverse_iterator(first), is_space).base();
  return {first, last};
}

/// One `pool` element: what it says, and a warning for what cannot be used. Confined to its task.
class PoolElement {
 public:
  PoolElement(const std::string& file, std::string name, const ptree& element) : file_(file), name_(std::move(name)), element_(element) {}

  int64_t whole(const char* key, int64_t from, int64_t to, int64_t otherwise) const {
    const auto text = text_of(key);
    if (!text) return otherwise;
    const auto value = parse_integer(*text);
    if (value && *value >= from && *value <= to) return *value;
    warn(key, *text, std::to_string(otherwise));
    return otherwise;
  }

  std::string mode() const {
    const auto text = text_of("schedulingMode");
    if (!text) return "FIFO";
    std::string word = *text;
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (word == "FAIR" || word == "FIFO") return word;
    warn("schedulingMode", *text, "FIFO");
    return "FIFO";
  }

 private:
  std::optional<std::string> text_of(const char* key) const {
    const auto found = element_.find(key);
    if (found == element_.not_found()) return std::nullopt;
    return trimmed(found->second.data());
  }

  void warn(const char* key, const std::string& value, const std::string& instead) const {
    log::warn("a value of the pools file cannot be used; Spark's default holds",
              {{"file", file_}, {"pool", name_}, {"element", key}, {"default", instead}, {"value", value}});
  }

  const std::string& file_;
  const std::string name_;
  const ptree& element_;
};

void read_pool(const std::string& file, const ptree& element, std::map<std::string, PoolConfig>& pools) {
  const std::string name = trimmed(element.get<std::string>("<xmlattr>.name", ""));
  if (name.empty() || name.size() > kNameMax) {
    log::warn("a pool of the pools file is left out: its attribute `name` must have 1 to 63 letters", {{"file", file}, {"pool", name}});
    return;
  }
  const PoolElement read(file, name, element);
  PoolConfig& pool = pools[name];
  pool.weight = static_cast<double>(read.whole("weight", 1, kWeightMax, 1));
  pool.min_share = static_cast<double>(read.whole("minShare", 0, kMinShareMax, 0));
  pool.policy = read.mode();
}

void read_pools(const std::string& file, const ptree& parent, std::map<std::string, PoolConfig>& pools) {
  for (const auto& [name, child] : parent) {
    if (name == "pool") read_pool(file, child, pools);
    read_pools(file, child, pools);
  }
}

/// The parser of PropertyTree takes any end tag for the one that is due, and nests as deep as its stack lasts: both are checked
/// before it. None: the tags pair. Confined to its task.
class TagCheck {
 public:
  TagCheck(const std::string& file, std::string_view text) : file_(file), text_(text) {}

  std::optional<Problem> run() {
    while ((at_ = text_.find('<', at_)) != std::string_view::npos) {
      const size_t begin = at_;
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("<!--")) skip_past("-->");
      else if (rest.starts_with("<![CDATA[")) skip_past("]]>");
      else if (rest.starts_with("<?")) skip_past("?>");
      else if (rest.starts_with("<!")) skip_past(">");
      else if (auto wrong = take_tag()) return wrong;
      if (at_ == std::string_view::npos) return problem(begin, "what begins here has no end");
    }
    return open_.empty() ? std::nullopt : std::optional(problem(open_.back().begin, "<" + open_.back().name + "> has no end tag"));
  }

 private:
  struct Open {
    std::string name;
    size_t begin;
  };

  void skip_past(std::string_view end) {
    at_ = text_.find(end, at_);
    if (at_ != std::string_view::npos) at_ += end.size();
  }

  std::optional<Problem> take_tag() {
    const size_t begin = at_;
    const bool closes = text_.substr(begin + 1).starts_with('/');
    const size_t name_begin = begin + (closes ? 2 : 1);
    const size_t name_end = text_.find_first_of(" \t\r\n/>", name_begin);
    if (name_end == std::string_view::npos) return problem(begin, "this tag has no end");
    const std::string name(text_.substr(name_begin, name_end - name_begin));
    char quote = 0;
    for (at_ = name_end; at_ < text_.size() && (quote != 0 || text_[at_] != '>'); ++at_) {
      if (quote == 0 && (text_[at_] == '"' || text_[at_] == '\'')) quote = text_[at_];
      else if (text_[at_] == quote) quote = 0;
    }
    if (at_ >= text_.size()) return problem(begin, "this tag has no end");
    const bool empty = text_[at_ - 1] == '/';
    if (closes) {
      if (open_.empty() || open_.back().name != name) {
        return problem(begin, "</" + name + "> ends " + (open_.empty() ? "nothing" : "<" + open_.back().name + "> of line " + std::to_string(problem(open_.back().begin, "").line)));
      }
      open_.pop_back();
    } else if (!empty) {
      open_.push_back({name, begin});
      if (open_.size() > kDepthMax) return problem(begin, "nested deeper than " + std::to_string(kDepthMax) + " levels");
    }
    return std::nullopt;
  }

  Problem problem(size_t at, const std::string& what) const {
    const std::string_view before = text_.substr(0, at);
    const size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
    return {file_, static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(at - line_begin) + 1, "", "cannot be read as XML: " + what};
  }

  const std::string& file_;
  const std::string_view text_;
  size_t at_ = 0;
  std::vector<Open> open_;
};

}  // namespace

bool read_fair_scheduler(const std::string& file, std::map<std::string, PoolConfig>& pools, std::vector<Problem>& problems) {
  const auto text = read_text(file, problems);
  if (!text) return false;
  if (text->size() > kDocumentBytesMax) {
    problems.push_back({file, 0, 0, "", "larger than " + std::to_string(kDocumentBytesMax >> 10) + " KiB"});
    return false;
  }
  if (auto wrong = TagCheck(file, *text).run()) {
    problems.push_back(std::move(*wrong));
    return false;
  }
  ptree root;
  try {
    std::istringstream in(*text);
    boost::property_tree::read_xml(in, root, boost::property_tree::xml_parser::no_comments);
  } catch (const boost::property_tree::xml_parser_error& error) {
    problems.push_back({file, static_cast<int>(std::min<unsigned long>(error.line(), std::numeric_limits<int>::max())), 0, "",
                        "cannot be read as XML: " + error.message() + "; it should be a fairscheduler.xml of Spark: <allocations> with <pool name=\"…\"> in it"});
    return false;
  }
  read_pools(file, root, pools);
  return true;
}

}  // namespace laketide::config
