// sixfold-peers: Sixfold and other libraries on the same layers and networks, in one run, in turns.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "../speed/layers.hpp"
#include "comparison.hpp"
#include "limit_isa.hpp"
#include "machine.hpp"
#include "report.hpp"

namespace sixfold::bench {
namespace {

struct Settings {
  bool smoke = false;
  bool no_layers = false;
  bool no_networks = false;
  bool native = false;
  bool list_backends = false;
  double patience_seconds = 60.0;
  TurnsOptions turns{9, 5e-3};
  std::string filter;
  std::string onnxruntime;
  std::string work = ".";
  std::string json;
};

void add_options(CLI::App& app, Settings& settings) {
  app.add_flag("--smoke", settings.smoke, "A few seconds: a few small layers, small images, one sample");
  app.add_flag("--no-layers", settings.no_layers, "Whole networks only");
  app.add_flag("--no-networks", settings.no_networks, "Layers only");
  app.add_flag("--native", settings.native, "All that this CPU can do; otherwise everybody is kept to AVX2");
  app.add_flag("--list-backends", settings.list_backends, "Print Sixfold's backends that this CPU can run, and end");
  app.add_option("--filter", settings.filter, "Only layers whose title and shape contain this");
  app.add_option("--samples", settings.turns.samples, "Samples of each; their median counts")
      ->check(CLI::Range(1, 1000));
  app.add_option("--patience", settings.patience_seconds, "Seconds in all to wait while the machine is busy otherwise")
      ->check(CLI::Range(0.0, 1e5));
  app.add_option("--onnxruntime", settings.onnxruntime,
                 "The command that starts onnxruntime.mjs, to compare with it, too");
  app.add_option("--work", settings.work, "Folder for the networks as ONNX files")->check(CLI::ExistingDirectory);
  app.add_option("--json", settings.json, "Write the results to this file");
}

// Before any library looks what this CPU can do.
Instructions instructions_for(const Settings& settings) {
  if (settings.native) return Instructions::any;
  if (!limit_cpuid_to_avx2()) {
    std::printf("CPUID cannot be limited here: a library that has no switch of its own may use more than AVX2.\n");
  }
  return Instructions::avx2;
}

std::vector<Library> all_libraries(const Settings& settings, Instructions instructions) {
  std::vector<Library> libraries = {sixfold_library(best_backend(instructions))};
  for (const std::optional<Library>& peer : {onednn_library(instructions), xnnpack_library(instructions)}) {
    if (peer) libraries.push_back(*peer);
  }
  if (!settings.onnxruntime.empty()) libraries.push_back(onnxruntime_library(settings.onnxruntime, settings.work));
  return libraries;
}

class Run {
 public:
  Run(const Settings& settings, Instructions instructions)
      : settings_(settings),
        libraries_(all_libraries(settings, instructions)),
        meter_(best_backend(instructions).c_str()),
        patience_(settings.patience_seconds),
        report_(libraries_) {}

  void compare_layers() {
    const std::vector<DistinctLayer> every = distinct_layers();
    for (const DistinctLayer& distinct : settings_.smoke ? sample_of(every) : every) {
      const Layer& layer = distinct.layer;
      if ((title_of(layer) + " " + shape_of(layer)).find(settings_.filter) == std::string::npos) continue;
      add({"layer", title_of(layer), shape_of(layer), uses_of(distinct), 0.0, {}}, graph_of(layer));
    }
  }

  void compare_networks() {
    const int size = settings_.smoke ? 32 : customary_image_size;
    for (const Network& network : networks) {
      const std::string image = std::to_string(size) + "x" + std::to_string(size);
      add({"network", network.name, image, network.short_name, 0.0, {}}, graph_of(network, size));
    }
  }

  const PeersReport& report() const { return report_; }
  bool any_failed() const { return any_failed_; }

 private:
  void add(Comparison comparison, const Graph& graph) {
    comparison.multiply_adds = graph.multiply_adds();
    try {
      compare(comparison, graph, libraries_, meter_, patience_, settings_.turns);
    } catch (const std::exception& failure) {
      std::printf("%s %s: %s\n", comparison.title.c_str(), comparison.shape.c_str(), failure.what());
      any_failed_ = true;
      return;
    }
    report_.add(comparison);
  }

  Settings settings_;
  std::vector<Library> libraries_;
  PeakMeter meter_;
  Patience patience_;
  PeersReport report_;
  bool any_failed_ = false;
};

int list_backends() {
  for (const BackendStatus& backend : backends_of_this_machine()) {
    if (backend.supported) std::printf("%s\n", backend.name.c_str());
  }
  return 0;
}

int compare_all(const Settings& settings) {
  if (settings.list_backends) return list_backends();
  const Instructions instructions = instructions_for(settings);
  const std::vector<BackendStatus> backends = backends_of_this_machine();
  report_machine(backends);
  Run run(settings, instructions);
  if (!settings.no_networks) run.compare_networks();
  if (!settings.no_layers) run.compare_layers();
  run.report().print_summary();
  if (!settings.json.empty()) run.report().write_json(settings.json, describe_machine(backends));
  return run.any_failed() || run.report().empty() ? 1 : 0;
}

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app("Sixfold and other libraries on the same layers and networks");
  add_options(app, settings);
  CLI11_PARSE(app, argc, argv);
  if (settings.smoke) {
    settings.turns = {1, 1e-3};
    settings.patience_seconds = 0.0;
  }
  try {
    return compare_all(settings);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}

}  // namespace
}  // namespace sixfold::bench

int main(int argc, char** argv) { return sixfold::bench::run(argc, argv); }
