// Gives a target its corpus, then so many changes of it, or changes for so long.
//
//   <reader>_fuzz CORPUS_DIR... [--dictionary FILE] [--changes N | --seconds N] [--seed S]
//   <reader>_fuzz FILE...                                   an input that was found, again
//
// What ends the process, or takes longer than kInputSeconds, leaves its input in crash-<pid> of the working directory.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/mutator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr unsigned kInputSeconds = 20;

// What is being read just now, for the handlers of whatever ends the process.
const char* current_data = nullptr;
size_t current_size = 0;
char crash_path[64];

/// Only calls that a signal handler may make.
void keep_input() {
  const int file = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  const ssize_t written = write(file, current_data, current_size);
  close(file);
  static constexpr char kKept[] = "fuzz: the input is kept in ";
  if (written < 0 || write(2, kKept, sizeof kKept - 1) < 0 || write(2, crash_path, std::strlen(crash_path)) < 0 || write(2, "\n", 1) < 0) return;
}

void on_signal(int number) {
  keep_input();
  signal(number, SIG_DFL);
  raise(number);
}

void give(const std::string& input) {
  // A block of its own size, so that AddressSanitizer sees one byte too many.
  const std::unique_ptr<char[]> exact(new char[input.size()]);
  std::memcpy(exact.get(), input.data(), input.size());
  current_data = exact.get();
  current_size = input.size();
  alarm(kInputSeconds);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(exact.get()), input.size());
  alarm(0);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Of libFuzzer's kind: "text" on a line of its own, \\ \" and \xAB inside.
std::vector<std::string> dictionary(const std::string& path) {
  std::vector<std::string> tokens;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.size() < 2 || line.front() != '"' || line.back() != '"') continue;
    std::string token;
    for (size_t i = 1; i + 1 < line.size(); ++i) {
      if (line[i] != '\\') {
        token += line[i];
      } else if (line[++i] == 'x') {
        token += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        token += line[i];
      }
    }
    tokens.push_back(token);
  }
  return tokens;
}

/// What was asked on the command line. Immutable.
struct Request {
  std::vector<std::filesystem::path> inputs;
  std::vector<std::string> tokens;
  int64_t changes = 0;
  double seconds = 0;
  unsigned seed = 1;
};

Request request(int argc, char** argv) {
  Request asked;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string next = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--seconds") asked.seconds = std::stod(next), ++i;
    else if (word == "--changes") asked.changes = std::stoll(next), ++i;
    else if (word == "--seed") asked.seed = static_cast<unsigned>(std::stoul(next)), ++i;
    else if (word == "--dictionary") asked.tokens = dictionary(next), ++i;
    else if (std::filesystem::is_directory(word)) {
      for (const auto& entry : std::filesystem::directory_iterator(word)) asked.inputs.push_back(entry.path());
    } else asked.inputs.push_back(word);
  }
  std::sort(asked.inputs.begin(), asked.inputs.end());
  return asked;
}

}  // namespace

// AddressSanitizer calls it before it says what it found.
extern "C" void __asan_on_error() { keep_input(); }

int main(int argc, char** argv) {
  std::snprintf(crash_path, sizeof crash_path, "crash-%d", static_cast<int>(getpid()));
  const Request asked = request(argc, argv);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) signal(number, on_signal);
  std::vector<std::string> corpus;
  for (const auto& path : asked.inputs) give(corpus.emplace_back(content(path)));
  if (corpus.empty()) {
    std::fputs("no input: name a directory with a corpus, or files\n", stderr);
    return 2;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(asked.seconds);
  laketide::fuzz::Mutator mutator(std::move(corpus), asked.tokens, asked.seed);
  int64_t made = 0;
  for (; made < asked.changes || std::chrono::steady_clock::now() < end; ++made) give(mutator.next());
  std::printf("%zu inputs of the corpus and %lld changes of them\n", asked.inputs.size(), static_cast<long long>(made));
  return 0;
}
