// sixfold-net: runs a network from an ONNX file on Sixfold's kernels, and tells for each fused layer how fast it is and
// what half precision costs it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <random>
#include <string>

#include "dump.hpp"
#include "fuse.hpp"
#include "keras.hpp"
#include "lower.hpp"
#include "measure.hpp"
#include "npy.hpp"
#include "onnx_file.hpp"
#include "peak.hpp"
#include "picture.hpp"
#include "plan.hpp"
#include "precision_report.hpp"
#include "recorder.hpp"
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
  std::string accumulation = "fp32";
  std::string plan;
  std::string write_plan;
  std::string record;
  std::string backend;
  size_t threads = 1;
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
  bool list_backends = false;
  bool precision = false;
  double threshold = 0.01;
  size_t variations = 0;
  std::vector<float> input_range;
};

void add_options(CLI::App& app, Settings& settings) {
  app.add_option("--model", settings.model, "ONNX file")->check(CLI::ExistingFile);
  app.add_option("--input", settings.input,
                 "Picture (PNG, JPEG), or .npy with the network's input; without it, random numbers")
      ->check(CLI::ExistingFile);
  app.add_option("--crop", settings.crop, "Take only this part of the picture: x,y,width,height");
  app.add_option("--rotate", settings.rotate, "Turn the picture by so many degrees")->check(CLI::IsMember({0, 180}));
  app.add_option("--preprocess", settings.preprocess, "How the network wants its picture")
      ->check(CLI::IsMember(preprocess_names()));
  app.add_option("--shape", settings.shape,
                 "Shape of a random input, such as 1x3x224x224, where the file leaves it open");
  app.add_option("--type", settings.type, "fp32, fp16 or both")->check(CLI::IsMember({"fp32", "fp16", "both"}));
  app.add_option("--accumulation", settings.accumulation, "What convolutions of the fp16 run add up in")
      ->check(CLI::IsMember({"fp32", "fp16", "blocked"}));
  app.add_option("--plan", settings.plan,
                 "Accumulate each layer of the fp16 run as this file says, which --write-plan wrote")
      ->check(CLI::ExistingFile)
      ->excludes("--accumulation");
  app.add_option("--record", settings.record,
                 "Write the run (of the first type), with its values' digest, to this file, for sixfold-replay");
  app.add_option("--backend", settings.backend, "Force this backend; without it, the best that this CPU can run");
  app.add_option("--threads", settings.threads, "How many to run on")->check(CLI::Range(1, 256));
  app.add_option("--repeat", settings.repeat, "Runs to take the median of; 0: as many as fit two seconds")
      ->check(CLI::Range(0, 100000));
  app.add_flag("--layers,!--no-layers", settings.layers, "Print a line for each layer (default)");
  app.add_flag("--fuse,!--no-fuse", settings.fuse, "Fuse nodes into layers (default), or run each by itself");
  app.add_option("--json", settings.json, "Write all results to this file");
  app.add_option("--dump", settings.dump, "Write the value of every layer (of the first type) to this folder, as .npy");
  app.add_option("--dump-input", settings.dump_input,
                 "Write the network's input, after preprocessing, to this .npy file");
  app.add_option("--check", settings.check,
                 "Compare every layer (of the first type) with the values in this folder; fail if one is off")
      ->check(CLI::ExistingDirectory);
  app.add_option(
      "--tolerance", settings.tolerance,
      "For --check: allowed error relative to the largest magnitude that the layer's activation takes or gives");
  app.add_option("--expect-class", settings.expect_class, "Fail unless this is the largest output, with every type");
  app.add_option("--expose-intermediates", settings.expose,
                 "Only write a copy of the model that has every intermediate value among its outputs");
  app.add_flag("--precision", settings.precision,
               "Instead of times: what each half arithmetic does to each layer, what is proved of it, and a plan")
      ->excludes("--plan");
  app.add_option("--write-plan", settings.write_plan, "For --precision: write the plan to this file, for --plan")
      ->needs("--precision");
  app.add_option("--threshold", settings.threshold,
                 "For --precision: the error of a layer by itself, relative to its largest magnitude, that is too much")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--variations", settings.variations,
                 "For --precision: also compare decisions on so many pictures like the input: parts, mirrored, darker, "
                 "brighter")
      ->check(CLI::Range(0, 10000));
  app.add_option(
         "--input-range", settings.input_range,
         "For --precision: two numbers, between which all inputs of the network lie; what is proved holds for those. "
         "Without it, from a black to a white picture, or what the input has")
      ->expected(2);
  app.add_flag("--list-backends", settings.list_backends, "Only print the backends that this CPU can run, best first");
}

void list_backends() {
  for (size_t i = 0; i < sixfold_backend_count(); ++i) {
    sixfold_backend_info info{};
    info.struct_size = sizeof info;
    if (sixfold_backend_get(i, &info, nullptr) == SIXFOLD_OK && info.supported != 0) std::printf("%s\n", info.name);
  }
}

struct Conversion {
  std::string topology;
  std::string weights;
  std::string destination;
};

const CLI::App* add_conversion(CLI::App& app, Conversion& conversion) {
  CLI::App* convert =
      app.add_subcommand("convert-keras", "Makes an ONNX file of a Keras model as TensorFlow.js stores it");
  convert->add_option("topology", conversion.topology, "Its JSON")->required()->check(CLI::ExistingFile);
  convert->add_option("weights", conversion.weights, "Its weights")->required()->check(CLI::ExistingFile);
  convert->add_option("onnx", conversion.destination, "The ONNX file to write")->required();
  return convert;
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
    if (size < 1)
      throw Error("input '" + input.name + "' has the shape " + to_string(dims) +
                  " in the file: give --input or --shape");
  }
  std::mt19937 generator(1);
  std::vector<float> values(static_cast<size_t>(count(dims)));
  for (float& value : values) value = 2.0f * static_cast<float>(generator() >> 8) / 16777216.0f - 1.0f;
  return Constant::of_floats(dims, std::move(values));
}

bool is_picture(const std::string& path) { return !path.empty() && !ends_with(path, ".npy"); }

Picture picture_of(const Settings& settings) {
  Picture picture = load_picture(settings.input);
  if (!settings.crop.empty()) picture = cropped(picture, parse_crop(settings.crop));
  return settings.rotate == 180 ? turned_by_180(picture) : picture;
}

Constant input_of(const Settings& settings, const GraphInput& input) {
  if (settings.input.empty()) return random_input(settings, input);
  if (!is_picture(settings.input)) return read_npy(settings.input);
  return preprocess(settings.preprocess, picture_of(settings), input.dims);
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

sixfold_accumulation accumulation_of(const std::string& text) {
  if (text == "fp16") return SIXFOLD_ACCUMULATE_FP16;
  return text == "blocked" ? SIXFOLD_ACCUMULATE_FP16_BLOCKED : SIXFOLD_ACCUMULATE_FP32;
}

NetworkOptions network_options(const Settings& settings, sixfold_type type) {
  NetworkOptions options;
  options.type = type;
  options.backend = settings.backend;
  options.threads = settings.threads;
  if (type == SIXFOLD_FP16) options.accumulation = accumulation_of(settings.accumulation);
  return options;
}

void describe_backend(Report& report) {
  for (const Step& step : report.runs.at(0).network.steps()) {
    if (!step.op) continue;
    report.reason = explanation(step.op.get(), "backend");
    report.backend = first_word(report.reason);
    return;
  }
}

// `reference` is the run of the type before this one, if there is one.
Run run_network(const LayerGraph& layers, const NetworkOptions& options, const Constant& input, int repeat,
                const Run* reference) {
  Network network(layers, options);
  const Arena arena(network.arena_bytes());
  const std::vector<const float*> inputs = {input.floats.data()};
  Values values = values_of(network, arena, inputs);
  std::vector<std::vector<float>> alone;
  if (reference) alone = results_alone(network, arena, inputs, reference->values);
  Times times = times_of(network, arena, inputs, repeat);
  return {options.type,       options.accumulation, !options.accumulation_of.empty(),
          std::move(network), std::move(values),    std::move(times),
          std::move(alone)};
}

// The best of several measurements: whatever else the machine does can only make the peak look lower.
double peak_of(const std::string& backend) {
  constexpr int kMeasurements = 5;
  double best = 0;
  for (int i = 0; i < kMeasurements; ++i) best = std::max(best, bench::measure_fma_peak_gflops(backend.c_str()));
  return best;
}

bool classes_are(const Report& report, int expected) {
  bool right = true;
  for (const Run& run : report.runs) {
    const std::vector<float>& output = run.values.outputs.at(0);
    const auto found = std::max_element(output.begin(), output.end()) - output.begin();
    if (found == expected) continue;
    std::printf("FAILED  %s: class %td is the largest, expected was %d\n", arithmetic_name(run).c_str(), found,
                expected);
    right = false;
  }
  return right;
}

// Pictures like the input's; without a picture, other random numbers.
std::vector<Constant> varied_inputs(const Settings& settings, const GraphInput& input) {
  std::vector<Constant> inputs;
  if (is_picture(settings.input)) {
    for (const Picture& picture : variations(picture_of(settings), settings.variations)) {
      inputs.push_back(preprocess(settings.preprocess, picture, input.dims));
    }
  } else if (settings.variations > 0) {
    throw Error("--variations needs a picture as --input");
  }
  return inputs;
}

// The variations may be of another size than the input, and so make another graph.
std::vector<Agreement> agreements(const Settings& settings, const Graph& graph, const NetworkOptions& options,
                                  const PrecisionStudy& study) {
  const std::vector<Constant> inputs = varied_inputs(settings, graph.inputs[0]);
  if (inputs.empty()) return {};
  LayerGraph layers = lower(graph, {{graph.inputs[0].name, inputs[0].dims}});
  if (settings.fuse) {
    fuse(layers);
  } else {
    fuse_only_what_must_be(layers);
  }
  std::vector<std::vector<float>> values;
  for (const Constant& input : inputs) values.push_back(input.floats);
  return agreement_over(layers, values, options, study);
}

// What a network may be given: by the option, or from a black to a white picture.
std::optional<sixfold_interval> input_range(const Settings& settings, const GraphInput& input) {
  if (!settings.input_range.empty()) {
    if (settings.input_range[0] > settings.input_range[1])
      throw Error("--input-range must go from the lower to the higher number");
    return sixfold_interval{settings.input_range[0], settings.input_range[1]};
  }
  if (!is_picture(settings.input)) return std::nullopt;
  Picture picture = picture_of(settings);
  sixfold_interval range{0.0f, 0.0f};
  for (const uint8_t shade : {uint8_t{0}, uint8_t{255}}) {
    std::fill(picture.rgb.begin(), picture.rgb.end(), shade);
    for (const float value : preprocess(settings.preprocess, picture, input.dims).floats) {
      range = {std::min(range.low, value), std::max(range.high, value)};
    }
  }
  return range;
}

int run_precision(const Settings& settings, const Graph& graph, const LayerGraph& layers, const Constant& input) {
  const NetworkOptions options = network_options(settings, SIXFOLD_FP32);
  const Network reference(layers, options);
  const Arena arena(reference.arena_bytes());
  const std::vector<const float*> inputs = {input.floats.data()};
  const Values values = values_of(reference, arena, inputs);
  PrecisionStudy study = study_precision(layers, reference, values, inputs, options, settings.threshold,
                                         input_range(settings, graph.inputs[0]));
  study.plan.network = std::filesystem::path(settings.model).filename().string();
  std::string backend;
  for (const Step& step : reference.steps()) {
    if (step.op) backend = explanation(step.op.get(), "backend");
  }
  const PrecisionReport report{settings.model, input_text(settings, input),
                               backend,        reference,
                               study,          agreements(settings, graph, options, study)};
  print_precision_study(report);
  if (!settings.json.empty()) write_precision_json(report, settings.json);
  if (!settings.write_plan.empty()) write_plan(report.study.plan, settings.write_plan);
  return 0;
}

void write_recording(const Report& report, const Recorder& recorder, const Constant& input, const std::string& path) {
  const Run& run = report.runs.at(0);
  Recording recording = recorder.recording(run.network, input.floats);
  recording.arithmetic = arithmetic_name(run);
  recording.digest = digest_of(run);
  RecordingWriter file(path);
  field(file, recording);
  if (!file.good()) throw Error("cannot write " + path);
}

int run(const Settings& settings) {
  if (settings.list_backends) {
    list_backends();
    return 0;
  }
  if (settings.model.empty()) throw Error("--model is required; --help lists all options");
  if (!settings.expose.empty()) {
    expose_intermediates(settings.model, settings.expose);
    return 0;
  }
  Graph graph = load_onnx(settings.model);
  if (graph.inputs.size() != 1)
    throw Error("the network has " + std::to_string(graph.inputs.size()) + " inputs; one is supported");
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
    fuse_only_what_must_be(layers);
  }
  if (settings.precision) return run_precision(settings, graph, layers, input);
  if (!settings.plan.empty() && settings.type == "fp32") throw Error("--plan is for fp16, but --type is fp32");
  Recorder recorder;
  for (const sixfold_type type : types_of(settings)) {
    const Run* reference = report.runs.empty() ? nullptr : &report.runs.back();
    NetworkOptions options = network_options(settings, type);
    if (type == SIXFOLD_FP16 && !settings.plan.empty()) options = planned(options, layers, read_plan(settings.plan));
    if (report.runs.empty() && !settings.record.empty()) options.recorder = &recorder;
    report.runs.push_back(run_network(layers, options, input, settings.repeat, reference));
  }
  describe_backend(report);
  report.threads = settings.threads;
  report.peak_gflops = peak_of(report.backend) * static_cast<double>(settings.threads);

  print_header(report);
  if (settings.layers) {
    print_layers(report);
    print_precision(report);
    print_kernels(report);
  }
  print_totals(report);
  print_outputs(report);
  print_digests(report);
  if (!settings.json.empty()) write_json(report, settings.json);
  if (!settings.record.empty()) write_recording(report, recorder, input, settings.record);
  if (!settings.dump.empty()) dump_values(report.runs[0], settings.dump);
  bool well = true;
  if (!settings.check.empty()) well = check_values(report.runs[0], settings.check, settings.tolerance);
  if (settings.expect_class >= 0) well = classes_are(report, settings.expect_class) && well;
  return well ? 0 : 1;
}

}  // namespace
}  // namespace sixfold::net

int main(int argc, char** argv) {
  using namespace sixfold::net;
  Settings settings;
  Conversion conversion;
  CLI::App app("Runs a network from an ONNX file on Sixfold, layer by layer");
  add_options(app, settings);
  const CLI::App* convert = add_conversion(app, conversion);
  CLI11_PARSE(app, argc, argv);
  try {
    if (convert->parsed()) {
      convert_keras(conversion.topology, conversion.weights, conversion.destination);
      return 0;
    }
    return run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sixfold-net: %s\n", error.what());
    return 1;
  }
}
