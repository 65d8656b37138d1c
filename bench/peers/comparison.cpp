#include "comparison.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace sixfold::bench {
namespace {

constexpr double half_ulp = 0x1p-24;

double largest(const std::vector<float>& values) {
  double result = 0.0;
  for (const float value : values) result = std::max(result, std::abs(static_cast<double>(value)));
  return result;
}

// Roundings on the way to one output: its multiply-adds, and bias, folding, residual and activation.
double roundings_of(const Node& node, const Shape& input) {
  constexpr double epilogue = 8;
  if (node.kind == StepKind::channel_scale) return 1;
  if (node.kind == StepKind::global_pool) return static_cast<double>(input.height * input.width) + 1;
  const Layer& layer = *node.layer;
  return static_cast<double>(layer.weights()) / layer.output_channels + epilogue;
}

// The largest sum of magnitudes over one output's terms.
double largest_sum_of(const Node& node, double largest_input, double largest_residual) {
  const FoldedParameters parameters = folded(*node.layer, *node.parameters);
  const std::size_t outputs = parameters.bias.size();
  const std::size_t each = parameters.weights.size() / outputs;
  double result = 0.0;
  for (std::size_t o = 0; o < outputs; ++o) {
    double sum = std::abs(static_cast<double>(parameters.bias[o])) + largest_residual;
    for (std::size_t i = o * each; i < (o + 1) * each; ++i) {
      sum += std::abs(static_cast<double>(parameters.weights[i])) * largest_input;
    }
    result = std::max(result, sum);
  }
  return result;
}

void require_agreement(const std::string& library, const std::vector<float>& expected, const std::vector<float>& actual,
                       double tolerance) {
  double worst = actual.size() == expected.size() ? 0.0 : INFINITY;
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    const double error = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!(error <= worst)) worst = error;  // a NaN, too
  }
  if (worst <= tolerance) return;
  std::ostringstream text;
  text << library << " computes something else: off by " << worst << ", at most " << tolerance << " is due to rounding";
  throw std::runtime_error(text.str());
}

}  // namespace

const Entry* Comparison::find(const std::string& library) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.library == library; });
  return found == entries.end() ? nullptr : &*found;
}

double tolerance_of(const Graph& graph, const std::vector<std::vector<float>>& inputs,
                    const std::vector<float>& output) {
  constexpr double both = 2.0;
  if (graph.nodes.size() == 1) {
    constexpr double steepest = 1.5;  // slope of an activation: hard-swish
    const Node& node = graph.nodes[0];
    const double residual = node.second >= 0 ? largest(inputs[1]) : 0.0;
    return both * steepest * half_ulp * roundings_of(node, graph.values[0]) *
           largest_sum_of(node, largest(inputs[0]), residual);
  }
  double roundings = 0.0;
  for (const Node& node : graph.nodes) roundings += roundings_of(node, graph.shape(node.input));
  return both * half_ulp * roundings * largest(output);
}

void compare(Comparison& comparison, const Graph& graph, const std::vector<Library>& libraries, PeakMeter& meter,
             Patience& patience, const TurnsOptions& options) {
  const std::vector<std::vector<float>> inputs = inputs_for(graph);
  std::vector<std::unique_ptr<Executable>> executables;
  std::vector<Contestant> contestants;
  std::vector<float> expected;
  for (const Library& library : libraries) {
    if (library.whole_networks_only && graph.nodes.size() == 1) continue;
    std::unique_ptr<Executable> executable = library.make(graph);
    executable->set_inputs(inputs);
    executable->seconds_of(1);
    const std::vector<float> output = executable->output();
    if (expected.empty()) expected = output;
    require_agreement(library.name, expected, output, tolerance_of(graph, inputs, expected));
    contestants.push_back({[executable = executable.get()](std::size_t runs) { return executable->seconds_of(runs); }});
    executables.push_back(std::move(executable));
    comparison.entries.push_back({library.name, {}});
  }
  const std::vector<Timing> timings = take_turns(contestants, meter, patience, options);
  for (std::size_t i = 0; i < timings.size(); ++i) comparison.entries[i].timing = timings[i];
}

}  // namespace sixfold::bench
