// sixfold-small: what a layer costs besides its arithmetic: in each run, at creation, and in memory.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "../speed/layers.hpp"
#include "clock.hpp"
#include "graph_runner.hpp"
#include "machine.hpp"
#include "memory.hpp"
#include "name_of.hpp"
#include "network_graph.hpp"
#include "statistics.hpp"
#include "table.hpp"
#include "turns.hpp"

namespace sixfold::bench {
namespace {

struct Settings {
  bool smoke = false;
  int repetitions = 15;
  std::string backend;
  std::string json;
};

using Json = nlohmann::json;
constexpr sixfold_type types[] = {SIXFOLD_FP32, SIXFOLD_FP16};

std::string name_with(const std::string& name, const std::string& backend, sixfold_type type) {
  return name + "/" + backend + "/" + name_of(type);
}

// One pixel, and few enough channels for the arithmetic to be next to nothing.
constexpr Layer tiny_layers[] = {
    {LayerKind::pointwise, 8, 8, 1, 1, 1, SIXFOLD_RELU6, false},
    {LayerKind::pointwise, 16, 16, 1, 1, 1, SIXFOLD_RELU6, true},
    {LayerKind::pointwise, 8, 8, 1, 1, 1, SIXFOLD_SIGMOID, false},
    {LayerKind::conv, 3, 8, 1, 3, 2, SIXFOLD_HARD_SWISH, false},
    {LayerKind::depthwise, 8, 8, 1, 3, 1, SIXFOLD_RELU6, false},
    {LayerKind::depthwise, 16, 16, 1, 5, 2, SIXFOLD_HARD_SWISH, false},
    {LayerKind::fully_connected, 16, 8, 1, 1, 1, SIXFOLD_RELU, false},
};

struct TinyRun {
  std::string title;
  std::string identifier;
  Graph graph;
};

// A step that is not a layer, on one pixel.
TinyRun tiny_step(const char* title, const char* identifier, StepKind kind, std::size_t inputs) {
  constexpr Shape pixel = {1, 1, 1, 16};
  Graph graph{title, inputs, std::vector<Shape>(inputs + 1, pixel), {}};
  graph.nodes.push_back({kind, {}, {}, 0, inputs == 2 ? 1 : -1});
  return {title, identifier, std::move(graph)};
}

std::vector<TinyRun> tiny_runs() {
  std::vector<TinyRun> runs;
  for (const Layer& layer : tiny_layers) runs.push_back({title_of(layer), identifier_of(layer), graph_of(layer)});
  runs.push_back(tiny_step("global average pool", "global_pool", StepKind::global_pool, 1));
  runs.push_back(tiny_step("scale of channels", "channel_scale", StepKind::channel_scale, 2));
  return runs;
}

void measure_runs(const std::string& backend, const Settings& settings, Json& results) {
  const Table table({{"layer of one pixel", 20, Align::left},
                     {"channels", 9},
                     {"type", 4},
                     {"ns a run", 8},
                     {"arithmetic", 10},
                     {"overhead", 8}});
  std::printf("\nRuns, ns\n%s", table.header().c_str());
  PeakMeter meter(backend.c_str());
  Patience patience(settings.smoke ? 0.0 : 5.0);
  for (const TinyRun& tiny : tiny_runs()) {
    for (const sixfold_type type : types) {
      GraphRunner runner(tiny.graph, {backend, type});
      runner.set_inputs(inputs_for(tiny.graph));
      const Timing timing =
          take_turns({contestant([&] { runner.run(); }, 1)}, meter, patience, {settings.repetitions, 1e-3})[0];
      const double nanoseconds = timing.seconds * 1e9;
      const double arithmetic = nanoseconds * 2 * tiny.graph.multiply_adds() / timing.operations_at_peak;
      const std::string channels = std::to_string(tiny.graph.values.front().channels) + " > " +
                                   std::to_string(tiny.graph.values.back().channels);
      std::fputs(table
                     .row({tiny.title, channels, name_of(type), fixed(nanoseconds, 0), fixed(arithmetic, 0),
                           fixed(nanoseconds - arithmetic, 0)})
                     .c_str(),
                 stdout);
      results.push_back({{"name", name_with("run/" + tiny.identifier, backend, type)},
                         {"label", backend},
                         {"nanoseconds", nanoseconds},
                         {"overhead_nanoseconds", nanoseconds - arithmetic}});
    }
  }
}

// Creation and first run of a whole network: what an application waits for when it starts. Its weights are in memory already.
void measure_starts(const std::string& backend, const Settings& settings, Json& results) {
  const Table table({{"network", 18, Align::left},
                     {"type", 4},
                     {"create ms", 9},
                     {"first run ms", 12},
                     {"later runs ms", 13},
                     {"held KB", 8},
                     {"x weights", 9},
                     {"most for a layer", 30, Align::left}});
  std::printf("\nStarts, and memory for weights\n%s", table.header().c_str());
  for (const Network& network : networks) {
    const Graph graph = with_scales_in_layers(graph_of(network, settings.smoke ? 32 : customary_image_size));
    for (const sixfold_type type : types) {
      std::vector<double> create, first, later;
      std::size_t held = 0;
      for (int i = 0; i < (settings.smoke ? 1 : 5); ++i) {
        std::unique_ptr<GraphRunner> runner;
        create.push_back(seconds_of([&] {
          runner = std::make_unique<GraphRunner>(graph, RunnerOptions{backend, type});
        }));
        runner->set_inputs(inputs_for(graph));
        first.push_back(seconds_of([&] { runner->run(); }));
        later.push_back(seconds_of([&] { runner->run(); }));
        held = runner->operator_bytes();
      }
      const double ratio = static_cast<double>(held) / static_cast<double>(weight_bytes(graph, type));
      const LayerMemory worst = most_for_its_weights(graph, backend, type);
      std::fputs(table
                     .row({network.name, name_of(type), fixed(median(create) * 1e3, 2), fixed(median(first) * 1e3, 2),
                           fixed(median(later) * 1e3, 2), fixed(static_cast<double>(held) / 1024, 0), fixed(ratio, 3),
                           fixed(worst.ratio, 3) + " " + title_of(worst.layer) + " " + shape_of(worst.layer)})
                     .c_str(),
                 stdout);
      results.push_back({{"name", name_with(std::string("start/") + network.name, backend, type)},
                         {"label", backend},
                         {"nanoseconds", median(create) * 1e9},
                         {"overhead_nanoseconds", (median(first) - median(later)) * 1e9},
                         {"first_run_nanoseconds", median(first) * 1e9},
                         {"held_bytes", held},
                         {"held_per_weight_byte", ratio},
                         {"worst_layer", identifier_of(worst.layer)},
                         {"worst_layer_ratio", worst.ratio}});
    }
  }
}

int measure_all(const Settings& settings) {
  const std::vector<BackendStatus> backends = backends_of_this_machine();
  report_machine(backends);
  Json document;
  for (const auto& [name, value] : describe_machine(backends)) document["context"][name] = value;
  document["benchmarks"] = Json::array();
  for (const BackendStatus& backend : backends) {
    const bool wanted = settings.backend.empty() ? backend.supported : backend.name == settings.backend;
    if (!wanted) continue;
    std::printf("\nBackend %s\n", backend.name.c_str());
    measure_runs(backend.name, settings, document["benchmarks"]);
    measure_starts(backend.name, settings, document["benchmarks"]);
    if (settings.backend.empty()) break;  // the best one; others on request
  }
  if (settings.json.empty()) return 0;
  std::ofstream file(settings.json);
  if (!(file << document.dump(1) << '\n')) throw std::runtime_error("cannot write " + settings.json);
  return 0;
}

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app("What a layer costs besides its arithmetic: in each run, at creation, and in memory");
  app.add_flag("--smoke", settings.smoke, "Everything once and briefly");
  app.add_option("--backend", settings.backend, "This backend; otherwise the best");
  app.add_option("--json", settings.json, "Write the results to this file");
  CLI11_PARSE(app, argc, argv);
  if (settings.smoke) settings.repetitions = 1;
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
