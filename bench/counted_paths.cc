// counted_paths: runs each hot path, so that callgrind counts its instructions; bench/instructions.py calls it.
#include <cstdio>

#include "hot_paths.h"

// Named for callgrind's --toggle-collect and --dump-after, and so neither inlined nor mangled.
extern "C" __attribute__((noinline)) void counted_run(bench::HotPath& path) { path.run(); }

int main(int argc, char**) {
  if (argc != 1) {
    std::fprintf(stderr, "counted_paths takes no arguments; it prints each path, in the order of its run, and the records it took\n");
    return 2;
  }
  for (const auto& name : bench::hot_path_names()) {
    const auto path = bench::make_hot_path(name);
    path->run();  // buffers have grown, names are remembered
    counted_run(*path);
    std::printf("%s %lld\n", name.c_str(), static_cast<long long>(path->records()));
  }
  return 0;
}
