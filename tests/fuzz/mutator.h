// Inputs made from a corpus by small changes, the same ones for the same seed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace laketide::fuzz {

/// Confined to its task.
class Mutator {
 public:
  /// `tokens`: words of the input's language, from its dictionary. The corpus is not empty.
  Mutator(std::vector<std::string> corpus, std::vector<std::string> tokens, unsigned seed)
      : corpus_(std::move(corpus)), tokens_(std::move(tokens)), random_(seed) {}

  /// One of the corpus with one to four changes.
  std::string next() {
    std::string text = corpus_[below(corpus_.size())];
    for (size_t changes = 1 + below(4); changes > 0; --changes) change(text);
    if (text.size() > kBytesMax) text.resize(kBytesMax);
    return text;
  }

 private:
  static constexpr size_t kBytesMax = 64 << 10;

  size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }
  char byte() { return static_cast<char>(below(256)); }

  void change(std::string& text) {
    const size_t at = below(text.size() + 1);
    const size_t size = text.empty() ? 0 : below(std::min<size_t>(text.size() - std::min(at, text.size()) + 1, 40));
    switch (below(tokens_.empty() ? 7 : 9)) {
      case 0: if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8))); break;
      case 1: if (at < text.size()) text[at] = byte(); break;
      case 2: text.insert(at, 1, byte()); break;
      case 3: text.erase(at, size); break;
      case 4: text.insert(at, std::string(text, at, size)); break;  // said twice
      case 5: if (at < text.size()) text.resize(at); break;
      case 6: splice(text, at); break;
      case 7: text.insert(at, tokens_[below(tokens_.size())]); break;
      default: text.replace(at, size, tokens_[below(tokens_.size())]);
    }
  }

  /// A piece of another one of the corpus.
  void splice(std::string& text, size_t at) {
    const std::string& other = corpus_[below(corpus_.size())];
    const size_t from = below(other.size() + 1);
    text.insert(at, other, from, 1 + below(60));
  }

  std::vector<std::string> corpus_, tokens_;
  std::mt19937 random_;
};

}  // namespace laketide::fuzz
