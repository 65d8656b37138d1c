// sixfold-precision: what half precision costs, and where it goes wrong.
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "experiment.hpp"
#include "machine.hpp"
#include "reporter.hpp"

namespace sixfold::bench {
namespace {

void measure(benchmark::State& state, const Experiment& experiment) {
  try {
    ErrorStatistics errors;
    for (auto _ : state) errors = experiment.run();
    set_counters(state, errors);
    state.SetLabel(experiment.mode);
  } catch (const std::exception& failure) {
    state.SkipWithError(failure.what());
  }
}

std::vector<Experiment> experiments_on(const std::string& backend) {
  std::vector<Experiment> all;
  for (auto list :
       {relu6_experiments(backend), scale_experiments(backend), accumulation_experiments(backend),
        batch_norm_experiments(backend), bottleneck_experiments(backend), activation_experiments(backend)}) {
    for (Experiment& experiment : list) all.push_back(std::move(experiment));
  }
  return all;
}

// All backends give the same values, so one is enough; the first is the fastest.
std::string backend_to_use(const std::vector<BackendStatus>& backends, const std::string& asked) {
  if (!asked.empty()) return asked;
  for (const BackendStatus& backend : backends) {
    if (backend.supported) return backend.name;
  }
  return "scalar";
}

int run(int argc, char** argv) {
  std::string asked;
  bool smoke = false;
  CLI::App app("What Sixfold's half precision costs: its results against the same arithmetic in double");
  app.add_option("--backend", asked, "The backend to use; all give the same values");
  app.add_flag("--smoke", smoke, "Only a few of the experiments");
  app.footer(google_benchmark_footer);
  app.allow_extras();
  CLI11_PARSE(app, argc, argv);
  if (reports_unknown_option(app)) return 2;
  // Google Benchmark adds a suffix to the names.
  const char* smoke_filter = "--benchmark_filter=(range|k|scale|variance):(1|256|1000|1024|30)/";
  initialize_google_benchmark(argc, argv, smoke ? std::vector<std::string>{smoke_filter} : std::vector<std::string>{});

  const std::vector<BackendStatus> backends = backends_of_this_machine();
  report_machine(backends);
  const std::vector<Experiment> experiments = experiments_on(backend_to_use(backends, asked));
  for (const Experiment& experiment : experiments) {
    benchmark::RegisterBenchmark(experiment.name.c_str(),
                                 [&experiment](benchmark::State& state) { measure(state, experiment); })
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
  PrecisionReporter reporter(experiments);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return reporter.any_failed() ? 1 : 0;
}

}  // namespace
}  // namespace sixfold::bench

int main(int argc, char** argv) { return sixfold::bench::run(argc, argv); }
