// sixfold-speed: how fast each layer of the MobileNets is, and how close to what this machine can do.
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "machine.hpp"
#include "measure.hpp"
#include "reporter.hpp"
#include "summary.hpp"

namespace sixfold::bench {
namespace {

struct Settings {
  bool smoke = false;
  bool all_layers = false;
  bool floors = false;
  int samples = 25;
  double sample_milliseconds = 6.0;
  double patience_seconds = 90.0;
  std::vector<std::string> backends;
  std::vector<std::string> types;
};

void add_options(CLI::App& app, Settings& settings) {
  app.add_flag("--smoke", settings.smoke, "A few seconds: one short sample of a few small layers");
  app.add_flag("--all-layers", settings.all_layers, "Every layer on every backend, however slow");
  app.add_flag(
      "--floors", settings.floors,
      "Check the speeds that must not be lost, of the best backend that is measured; fail if one is. They are set for "
      "--backend avx2");
  app.add_option("--samples", settings.samples, "Samples of each benchmark; their median counts")
      ->check(CLI::Range(1, 1000));
  app.add_option("--sample-ms", settings.sample_milliseconds, "Length of one sample")->check(CLI::Range(0.1, 1e4));
  app.add_option("--patience", settings.patience_seconds, "Seconds in all to wait while the machine is busy otherwise")
      ->check(CLI::Range(0.0, 1e5));
  app.add_option("--backend", settings.backends, "Only these backends")->delimiter(',');
  app.add_option("--type", settings.types, std::string("Only these types: ") + precision_help)
      ->delimiter(',')
      ->check(CLI::IsMember(precision_names()));
  app.footer(google_benchmark_footer);
}

bool wanted(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Whether every backend that was asked for can be measured here; if not, says which cannot.
bool can_run_all(const std::vector<std::string>& names, const std::vector<BackendStatus>& backends) {
  for (const std::string& name : names) {
    const auto usable = [&](const BackendStatus& backend) { return backend.name == name && backend.supported; };
    if (std::any_of(backends.begin(), backends.end(), usable)) continue;
    std::fprintf(stderr, "this machine has no backend %s\n", name.c_str());
    return false;
  }
  return true;
}

// Slower than this fraction of the best backend: only a sample of the layers, unless they are asked for.
constexpr double slow_fraction = 0.125;

std::vector<Case> cases_for(const BackendStatus& backend, bool all_layers, const Settings& settings) {
  const std::vector<DistinctLayer> every = distinct_layers();
  std::vector<Case> cases;
  for (const DistinctLayer& layer : all_layers ? every : sample_of(every)) {
    for (const Precision& precision : precisions) {
      const bool chosen = !settings.types.empty() || is_customary(precision, backend.name);
      if (chosen) cases.push_back(layer_case(layer, backend.name, precision));
    }
  }
  for (Case& small : small_operator_cases(backend.name)) cases.push_back(std::move(small));
  std::erase_if(cases, [&](const Case& c) { return !wanted(settings.types, name_of(c.precision)); });
  return cases;
}

std::vector<Case> cases_for(const std::vector<BackendStatus>& backends, const Settings& settings) {
  double best_peak = 0.0;
  for (const BackendStatus& backend : backends) best_peak = std::max(best_peak, backend.peak_gflops);
  const bool filtered = !benchmark::GetBenchmarkFilter().empty();
  std::vector<Case> cases;
  for (const BackendStatus& backend : backends) {
    if (!backend.supported || !wanted(settings.backends, backend.name)) continue;
    const bool slow = backend.peak_gflops < slow_fraction * best_peak;
    const bool all_layers = settings.all_layers || filtered || (!slow && !settings.smoke);
    if (!all_layers)
      std::printf("%-16s only a sample of the layers; --all-layers measures all\n", backend.name.c_str());
    for (Case& measured : cases_for(backend, all_layers, settings)) cases.push_back(std::move(measured));
  }
  return cases;
}

void register_cases(const std::vector<Case>& cases, Measurer& measurer) {
  for (const Case& measured : cases) {
    const auto measure = [&measured, &measurer](benchmark::State& state) { measurer.measure(state, measured); };
    benchmark::RegisterBenchmark(measured.name.c_str(), measure)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app("How fast Sixfold runs each distinct layer of the MobileNets on this machine, on one thread");
  add_options(app, settings);
  app.allow_extras();
  CLI11_PARSE(app, argc, argv);
  if (reports_unknown_option(app)) return 2;
  if (settings.smoke) {
    settings.samples = 1;
    settings.sample_milliseconds = 2.0;
    settings.patience_seconds = 0.0;
  }
  initialize_google_benchmark(argc, argv, {"--benchmark_repetitions=" + std::to_string(settings.samples)});

  const std::vector<BackendStatus> backends = backends_of_this_machine();
  report_machine(backends);
  if (!can_run_all(settings.backends, backends)) return 2;
  const std::vector<Case> cases = cases_for(backends, settings);
  Measurer measurer(settings.sample_milliseconds * 1e-3, settings.patience_seconds);
  register_cases(cases, measurer);

  TableReporter reporter(cases);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  reporter.print_disturbed();
  print_network_sums(reporter.results());
  print_type_ratios(reporter.results());
  const bool floors_hold = !settings.floors || check_floors(reporter.results());
  return reporter.any_failed() || !floors_hold ? 1 : 0;
}

}  // namespace
}  // namespace sixfold::bench

int main(int argc, char** argv) { return sixfold::bench::run(argc, argv); }
