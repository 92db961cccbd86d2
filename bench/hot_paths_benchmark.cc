// hot_paths_benchmark: nanoseconds and records/s of each hot path, by Google Benchmark.
#include <benchmark/benchmark.h>

#include "hot_paths.h"

int main(int argc, char** argv) {
  for (const auto& name : bench::hot_path_names()) {
    benchmark::RegisterBenchmark(name.c_str(), [name](benchmark::State& state) {
      const auto path = bench::make_hot_path(name);
      for (auto _ : state) path->run();
      state.SetItemsProcessed(state.iterations() * path->records());
    });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
