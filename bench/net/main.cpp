// sixfold-net: runs a network from an ONNX file on Sixfold's kernels, and tells for each fused layer how fast it is and what
// half precision costs it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "dump.hpp"
#include "fuse.hpp"
#include "lower.hpp"
#include "measure.hpp"
#include "npy.hpp"
#include "onnx_file.hpp"
#include "peak.hpp"
#include "picture.hpp"
#include "report.hpp"
#include "spelled.hpp"

namespace sixfold::net {
namespace {

struct Settings {
  std::string model;
  std::string input;
  std::string crop;
  int rotate = 0;
  std::string preprocess = "unit";
  std::string shape;
  std::string type = "both";
  std::string backend;
  int repeat = 0;
  bool layers = true;
  bool fuse = true;
  std::string json;
  std::string dump;
  std::string dump_input;
  std::string check;
  double tolerance = 1e-5;
  int expect_class = -1;
  std::string expose;
};

void add_options(CLI::App& app, Settings& settings) {
  app.add_option("--model", settings.model, "ONNX file")->required()->check(CLI::ExistingFile);
  app.add_option("--input", settings.input, "Picture (PNG, JPEG), or .npy with the network's input; without it, random numbers")
      ->check(CLI::ExistingFile);
  app.add_option("--crop", settings.crop, "Take only this part of the picture: x,y,width,height");
  app.add_option("--rotate", settings.rotate, "Turn the picture by so many degrees")->check(CLI::IsMember({0, 180}));
  app.add_option("--preprocess", settings.preprocess, "How the network wants its picture")->check(CLI::IsMember(preprocess_names()));
  app.add_option("--shape", settings.shape, "Shape of a random input, such as 1x3x224x224, where the file leaves it open");
  app.add_option("--type", settings.type, "fp32, fp16 or both")->check(CLI::IsMember({"fp32", "fp16", "both"}));
  app.add_option("--backend", settings.backend, "Force this backend; without it, the best that this CPU can run");
  app.add_option("--repeat", settings.repeat, "Runs to take the median of; 0: as many as fit two seconds")->check(CLI::Range(0, 100000));
  app.add_flag("--layers,!--no-layers", settings.layers, "Print a line for each layer (default)");
  app.add_flag("--fuse,!--no-fuse", settings.fuse, "Fuse nodes into layers (default), or run each by itself");
  app.add_option("--json", settings.json, "Write all results to this file");
  app.add_option("--dump", settings.dump, "Write the value of every layer (of the first type) to this folder, as .npy");
  app.add_option("--dump-input", settings.dump_input, "Write the network's input, after preprocessing, to this .npy file");
  app.add_option("--check", settings.check, "Compare every layer (of the first type) with the values in this folder; fail if one is off")
      ->check(CLI::ExistingDirectory);
  app.add_option("--tolerance", settings.tolerance, "For --check: allowed error relative to the layer's largest magnitude");
  app.add_option("--expect-class", settings.expect_class, "Fail unless this is the largest output, with every type");
  app.add_option("--expose-intermediates", settings.expose,
                 "Only write a copy of the model that has every intermediate value among its outputs");
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Dims parse_shape(const std::string& text) {
  Dims dims;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('x', at);
    if (end == std::string::npos) end = text.size();
    try {
      dims.push_back(std::stoll(text.substr(at, end - at)));
    } catch (const std::exception&) {
      throw Error("a shape is like 1x3x224x224, but this is " + text);
    }
    at = end + 1;
  }
  return dims;
}

Constant random_input(const Settings& settings, const GraphInput& input) {
  const Dims dims = settings.shape.empty() ? input.dims : parse_shape(settings.shape);
  for (const int64_t size : dims) {
    if (size < 1) throw Error("input '" + input.name + "' has the shape " + to_string(dims) + " in the file: give --input or --shape");
  }
  std::mt19937 generator(1);
  std::vector<float> values(static_cast<size_t>(count(dims)));
  for (float& value : values) value = 2.0f * static_cast<float>(generator() >> 8) / 16777216.0f - 1.0f;
  return Constant::of_floats(dims, std::move(values));
}

Constant input_of(const Settings& settings, const GraphInput& input) {
  if (settings.input.empty()) return random_input(settings, input);
  if (ends_with(settings.input, ".npy")) return read_npy(settings.input);
  Picture picture = load_picture(settings.input);
  if (!settings.crop.empty()) picture = cropped(picture, parse_crop(settings.crop));
  if (settings.rotate == 180) picture = turned_by_180(picture);
  return preprocess(settings.preprocess, picture, input.dims);
}

std::string input_text(const Settings& settings, const Constant& input) {
  std::string text = settings.input.empty() ? "random numbers from -1 to 1" : settings.input;
  if (!settings.crop.empty()) text += ", crop " + settings.crop;
  if (settings.rotate != 0) text += ", turned by 180 degrees";
  return text + ", as " + to_string(input.dims);
}

std::vector<sixfold_type> types_of(const Settings& settings) {
  if (settings.type == "fp32") return {SIXFOLD_FP32};
  if (settings.type == "fp16") return {SIXFOLD_FP16};
  return {SIXFOLD_FP32, SIXFOLD_FP16};
}

// "avx2" from "avx2 (256-bit vectors), the best that this CPU can run".
std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

void describe_backend(Report& report) {
  for (const Step& step : report.runs.at(0).network.steps()) {
    if (!step.op) continue;
    report.reason = explanation(step.op.get(), "backend");
    report.backend = first_word(report.reason);
    return;
  }
}

Run run_network(const LayerGraph& layers, const NetworkOptions& options, const Constant& input, int repeat) {
  Network network(layers, options);
  const Arena arena(network.arena_bytes());
  const std::vector<const float*> inputs = {input.floats.data()};
  Values values = values_of(network, arena, inputs);
  Times times = times_of(network, arena, inputs, repeat);
  return {options.type, std::move(network), std::move(values), std::move(times)};
}

bool classes_are(const Report& report, int expected) {
  bool right = true;
  for (const Run& run : report.runs) {
    const std::vector<float>& output = run.values.outputs.at(0);
    const auto found = std::max_element(output.begin(), output.end()) - output.begin();
    if (found == expected) continue;
    std::printf("FAILED  %s: class %td is the largest, expected was %d\n", type_name(run.type), found, expected);
    right = false;
  }
  return right;
}

int run(const Settings& settings) {
  if (!settings.expose.empty()) {
    expose_intermediates(settings.model, settings.expose);
    return 0;
  }
  Graph graph = load_onnx(settings.model);
  if (graph.inputs.size() != 1) throw Error("the network has " + std::to_string(graph.inputs.size()) + " inputs; one is supported");
  const Constant input = input_of(settings, graph.inputs[0]);
  if (!settings.dump_input.empty()) write_npy(settings.dump_input, input.dims, input.floats);

  Report report;
  report.model = settings.model;
  report.input = input_text(settings, input);
  report.nodes = graph.nodes.size();
  if (settings.fuse) recognise_spelled_activations(graph);
  LayerGraph layers = lower(graph, {{graph.inputs[0].name, input.dims}});
  if (settings.fuse) {
    fuse(layers);
  } else {
    make_scales_convolutions(layers);
  }
  for (const sixfold_type type : types_of(settings)) {
    report.runs.push_back(run_network(layers, {type, settings.backend}, input, settings.repeat));
  }
  describe_backend(report);
  report.peak_gflops = bench::measure_fma_peak_gflops(report.backend.c_str());

  print_header(report);
  if (settings.layers) {
    print_layers(report);
    print_kernels(report);
  }
  print_totals(report);
  print_outputs(report);
  if (!settings.json.empty()) write_json(report, settings.json);
  if (!settings.dump.empty()) dump_values(report.runs[0], settings.dump);
  bool well = true;
  if (!settings.check.empty()) well = check_values(report.runs[0], settings.check, settings.tolerance);
  if (settings.expect_class >= 0) well = classes_are(report, settings.expect_class) && well;
  return well ? 0 : 1;
}

}  // namespace
}  // namespace sixfold::net

int main(int argc, char** argv) {
  sixfold::net::Settings settings;
  CLI::App app("Runs a network from an ONNX file on Sixfold, layer by layer");
  sixfold::net::add_options(app, settings);
  CLI11_PARSE(app, argc, argv);
  try {
    return sixfold::net::run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sixfold-net: %s\n", error.what());
    return 1;
  }
}
