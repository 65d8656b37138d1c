// sixfold-networks: whole MobileNets, from the image to the classes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <thread>

#include "graph_runner.hpp"
#include "machine.hpp"
#include "name_of.hpp"
#include "network_graph.hpp"
#include "reference_check.hpp"
#include "report.hpp"
#include "turns.hpp"

namespace sixfold::bench {
namespace {

struct Settings {
  bool smoke = false;
  bool unchecked = false;
  int image_size = customary_image_size;
  double patience_seconds = 60.0;
  TurnsOptions turns;
  std::vector<std::string> networks;
  std::vector<std::string> backends;
  std::vector<std::string> types;
  std::vector<std::size_t> threads;
  std::string json;
};

// One for each thread that the machine has, but not more than two: this is about how work splits, not about servers.
std::vector<std::size_t> customary_threads() {
  if (std::thread::hardware_concurrency() < 2) return {1};
  return {1, 2};
}

void add_options(CLI::App& app, Settings& settings) {
  app.add_flag("--smoke", settings.smoke, "A few seconds: small images, one sample");
  app.add_flag("--unchecked", settings.unchecked,
               "Do not compare with the naive reference first, which takes a minute");
  app.add_option("--image-size", settings.image_size, "Height and width of the image")->check(CLI::Range(32, 4096));
  app.add_option("--samples", settings.turns.samples, "Samples of each; their median counts")
      ->check(CLI::Range(1, 1000));
  app.add_option("--patience", settings.patience_seconds, "Seconds in all to wait while the machine is busy otherwise")
      ->check(CLI::Range(0.0, 1e5));
  app.add_option("--network", settings.networks, "Only these: v1, v2, v3l, v3s")->delimiter(',');
  app.add_option("--backend", settings.backends, "Only these backends; otherwise those that are not slow")
      ->delimiter(',');
  app.add_option("--type", settings.types, precision_help)->delimiter(',')->check(CLI::IsMember(precision_names()));
  app.add_option("--threads", settings.threads, "Numbers of threads; otherwise 1 and 2")->delimiter(',');
  app.add_option("--json", settings.json, "Write the results to this file");
}

bool wanted(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Slower than this fraction of the best backend: only when asked for.
constexpr double slow_fraction = 0.125;

std::vector<std::string> chosen_backends(const Settings& settings, const std::vector<BackendStatus>& backends) {
  double best = 0.0;
  for (const BackendStatus& backend : backends) best = std::max(best, backend.peak_gflops);
  std::vector<std::string> chosen;
  for (const BackendStatus& backend : backends) {
    const bool slow = settings.backends.empty() && backend.peak_gflops < slow_fraction * best;
    if (backend.supported && !slow && wanted(settings.backends, backend.name)) chosen.push_back(backend.name);
  }
  return chosen;
}

// A copy of the network for each thread, which share nothing: together they are as fast as one network could be if it were split
// without loss. Cores that share caches, memory, a clock or, as hyperthreads, themselves fall short of their number.
class IndependentCopies {
 public:
  IndependentCopies(const Graph& graph, const RunnerOptions& options, const std::vector<std::vector<float>>& inputs,
                    ThreadPool& pool) {
    for (std::size_t i = 0; i < pool.threads(); ++i) {
      copies_.push_back(std::make_unique<GraphRunner>(graph, options));
      copies_.back()->set_inputs(inputs);
    }
    pool.serve(context_);
  }

  void run() {
    const auto run_one = [](void* self, std::size_t i) { static_cast<IndependentCopies*>(self)->copies_[i]->run(); };
    context_.parallel_for(context_.pool, copies_.size(), run_one, this);
  }

 private:
  std::vector<std::unique_ptr<GraphRunner>> copies_;
  sixfold_context context_ = sixfold_context_default();
};

// What is measured in turns: one network on one backend.
class NetworkBench {
 public:
  NetworkBench(const Network& network, const std::string& backend, const Settings& settings)
      : graph_(with_scales_in_layers(graph_of(network, settings.image_size))),
        inputs_(inputs_for(graph_)),
        backend_(backend) {
    for (const Precision& precision : precisions) {
      const bool chosen =
          settings.types.empty() ? is_customary(precision, backend) : wanted(settings.types, name_of(precision));
      if (!chosen) continue;
      for (const std::size_t threads : settings.threads) add(precision, threads);
    }
  }

  // Holds one number of threads against the reference, and the others against it. Prints the first difference; returns whether
  // there is none.
  bool check() {
    std::map<Precision, std::vector<reference::Image>> first;
    for (Variant& variant : variants_) {
      std::vector<reference::Image> values = recorded_values(*variant.runner);
      const auto known = first.find(variant.precision);
      const std::string found = known == first.end()
                                    ? difference_from_reference(graph_, inputs_, variant.precision, values)
                                    : difference(known->second, values);
      if (known == first.end()) first[variant.precision] = std::move(values);
      if (found.empty()) continue;
      std::printf("%s, %s, %s, %zu threads: %s\n", graph_.name.c_str(), backend_.c_str(), name_of(variant.precision),
                  variant.threads, found.c_str());
      return false;
    }
    return true;
  }

  std::vector<NetworkResult> measure(PeakMeter& meter, Patience& patience, const TurnsOptions& options) {
    std::vector<Contestant> contestants;
    for (Variant& variant : variants_) {
      contestants.push_back(
          contestant([&variant] { variant.runner->run(); }, variant.threads, variant.precision.in_halves()));
    }
    for (Variant& variant : variants_) {
      if (!variant.copies) continue;
      contestants.push_back(
          contestant([&variant] { variant.copies->run(); }, variant.threads, variant.precision.in_halves()));
    }
    const std::vector<Timing> timings = take_turns(contestants, meter, patience, options);
    std::vector<NetworkResult> results;
    std::size_t copies = variants_.size();
    for (std::size_t i = 0; i < variants_.size(); ++i) results.push_back(result_of(variants_[i], timings[i]));
    for (std::size_t i = 0; i < variants_.size(); ++i) {
      if (variants_[i].copies) compare_with_one(results, results[i], timings[copies++]);
    }
    return results;
  }

 private:
  struct Variant {
    Precision precision;
    std::size_t threads;
    std::unique_ptr<GraphRunner> runner;
    std::unique_ptr<IndependentCopies> copies;  // of more than one thread
  };

  // Fills in the speed-up of a result, if one thread has been measured.
  static void compare_with_one(const std::vector<NetworkResult>& results, NetworkResult& result, const Timing& copies) {
    for (const NetworkResult& single : results) {
      if (single.precision != result.precision || single.threads != 1) continue;
      const double operations = single.timing.operations_at_peak;
      result.speedup = operations / result.timing.operations_at_peak;
      result.possible_speedup = operations / copies.operations_at_peak * static_cast<double>(result.threads);
    }
  }

  void add(const Precision& precision, std::size_t threads) {
    // One pool for all that has so many threads: those of another wait busily for a while after their last run, and take a core.
    std::unique_ptr<ThreadPool>& pool = pools_[threads];
    if (!pool) pool = std::make_unique<ThreadPool>(threads);
    auto runner = std::make_unique<GraphRunner>(graph_, RunnerOptions{backend_, precision, pool.get()});
    runner->set_inputs(inputs_);
    std::unique_ptr<IndependentCopies> copies;
    if (threads > 1) {
      copies = std::make_unique<IndependentCopies>(graph_, RunnerOptions{backend_, precision}, inputs_, *pool);
    }
    variants_.push_back({precision, threads, std::move(runner), std::move(copies)});
  }

  NetworkResult result_of(const Variant& variant, const Timing& timing) const {
    return {graph_.name,
            backend_,
            variant.precision,
            variant.threads,
            graph_.multiply_adds(),
            timing,
            variant.threads == 1 ? 1.0 : 0.0,
            0.0,
            variant.runner->activation_bytes(),
            variant.runner->workspace_bytes(),
            variant.runner->operator_bytes()};
  }

  Graph graph_;
  std::vector<std::vector<float>> inputs_;
  std::string backend_;
  std::map<std::size_t, std::unique_ptr<ThreadPool>> pools_;
  std::vector<Variant> variants_;
};

int measure_all(const Settings& settings) {
  const std::vector<BackendStatus> backends = backends_of_this_machine();
  report_machine(backends);
  print_header();
  Patience patience(settings.patience_seconds);
  std::vector<NetworkResult> results;
  bool all_agree = true;
  for (const std::string& backend : chosen_backends(settings, backends)) {
    PeakMeter meter(backend.c_str());
    for (const Network& network : networks) {
      if (!wanted(settings.networks, network.short_name)) continue;
      NetworkBench bench(network, backend, settings);
      if (!settings.unchecked && !bench.check()) {
        all_agree = false;
        continue;
      }
      for (const NetworkResult& result : bench.measure(meter, patience, settings.turns)) {
        print_row(result);
        results.push_back(result);
      }
    }
  }
  print_footer(results);
  if (!settings.json.empty()) write_json(settings.json, describe_machine(backends), results);
  if (results.empty()) std::fprintf(stderr, "nothing was measured; --help says what there is\n");
  return all_agree && !results.empty() ? 0 : 1;
}

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app("How fast Sixfold runs whole MobileNets on this machine, with everything in them");
  add_options(app, settings);
  CLI11_PARSE(app, argc, argv);
  if (settings.threads.empty()) settings.threads = customary_threads();
  if (settings.smoke) {
    settings.image_size = 32;
    settings.turns = {1, 1e-3};
    settings.patience_seconds = 0.0;
  }
  try {
    return measure_all(settings);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}

}  // namespace
}  // namespace sixfold::bench

int main(int argc, char** argv) { return sixfold::bench::run(argc, argv); }
