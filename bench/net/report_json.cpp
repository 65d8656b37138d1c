#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "report.hpp"

namespace sixfold::net {
namespace {

using nlohmann::json;

// JSON has no infinity: a perfect signal-to-noise ratio is null.
json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json image(const Image& shape) { return {shape.batch, shape.height, shape.width, shape.channels}; }

json error_of(const std::vector<float>& values, const std::vector<float>& reference) {
  const Difference error = difference(values, reference);
  return {{"largest", error.largest},
          {"relative_to_largest_value", number(error.relative())},
          {"snr_db", number(error.signal_to_noise)},
          {"overflows", error.overflows}};
}

json step_of(const Report& report, const Run& run, size_t index) {
  const Step& step = run.network.steps()[index];
  const double seconds = run.times.steps[index];
  json result = {
      {"result", step.value},
      {"layer", step.what},
      {"nodes", step.nodes},
      {"output_nhwc", image(run.network.view(step.output).image)},
      {"seconds", seconds},
      {"multiply_adds", step.multiply_adds},
      {"gflops", 2e-9 * step.multiply_adds / seconds},
      {"fraction_of_peak", 2e-9 * step.multiply_adds / seconds / report.peak_gflops},
      {"bytes_moved", step.bytes_moved},
  };
  json& inputs = result["inputs_nhwc"] = json::array();
  for (const size_t view : step.inputs) inputs.push_back(image(run.network.view(view).image));
  if (step.op) {
    result["kernel"] = sixfold_kernel_name(step.op.get());
    result["kernel_reason"] = kernel_reason(step.op.get());
  }
  if (&run != &report.runs[0]) {
    const std::vector<float>& reference = report.runs[0].values.steps[index];
    result["error"] = error_of(run.values.steps[index], reference);
    result["own_error"] = error_of(run.alone[index], reference);
  }
  return result;
}

}  // namespace

void write_json(const Report& report, const std::string& path) {
  json runs = json::array();
  for (const Run& run : report.runs) {
    json layers = json::array();
    for (size_t i = 0; i < run.network.steps().size(); ++i) layers.push_back(step_of(report, run, i));
    runs.push_back({{"type", type_name(run.type)},
                    {"arithmetic", arithmetic_name(run)},
                    {"digest", digest_of(run)},
                    {"seconds", run.times.whole},
                    {"repetitions", run.times.repetitions},
                    {"arena_bytes", run.network.arena_bytes()},
                    {"weight_bytes", run.network.weight_bytes()},
                    {"outputs", run.values.outputs},
                    {"layers", std::move(layers)}});
  }
  const json document = {
      {"network", report.model},   {"input", report.input},           {"sixfold", sixfold_version()},
      {"backend", report.backend}, {"backend_reason", report.reason}, {"fma_peak_gflops", report.peak_gflops},
      {"threads", report.threads}, {"nodes", report.nodes},           {"runs", std::move(runs)}};
  std::ofstream file(path);
  file << document.dump(1) << "\n";
  if (!file) throw Error("cannot write " + path);
}

}  // namespace sixfold::net
