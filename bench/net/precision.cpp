#include "precision.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "intervals.hpp"
#include "table.hpp"

namespace sixfold::net {
namespace {

constexpr float kMargin = 0.25f;  // how far beyond what was observed an input may go, as a fraction of its interval
constexpr double kLargestHalf = 65504.0;

double largest_of(double low, double high) { return std::max(std::fabs(low), std::fabs(high)); }

LayerProof proof_of(const sixfold_range& range) {
  LayerProof proof;
  proof.largest = largest_of(static_cast<double>(range.exact.low), static_cast<double>(range.exact.high));
  proof.headroom = static_cast<double>(range.headroom);
  proof.error = static_cast<double>(range.output_error);
  proof.overflows = range.overflowing_sums != 0 || range.overflowing_outputs != 0;
  return proof;
}

Intervals fitted(const Intervals& intervals, size_t channels) {
  if (intervals.empty() || intervals.size() == channels) return intervals;
  sixfold_interval all = intervals[0];
  for (const sixfold_interval& interval : intervals) {
    all = {std::min(all.low, interval.low), std::max(all.high, interval.high)};
  }
  return {all};
}

// What is known of a layer's inputs: by the name of the value.
using Known = std::map<std::string, Intervals>;

template <class Product>
std::vector<LayerProof> proofs_of(const Layer& layer, const Product& product, size_t inputs, size_t outputs,
                                  const Known& known) {
  const auto of = [&](size_t i, size_t channels) { return fitted(known.at(layer.inputs.at(i)), channels); };
  const bool adds = product.epilogue.residual != SIXFOLD_NO_RESIDUAL;
  const auto known_of = [&](size_t i) -> const Intervals& { return known.at(layer.inputs.at(i)); };
  const Intervals input = fitted(first_input_of(product, layer.inputs.size(), known_of), inputs);
  const Intervals residual = adds ? of(1, outputs) : Intervals{};
  if (input.empty() || (adds && residual.empty())) return {};
  std::vector<LayerProof> proofs;
  for (const sixfold_accumulation accumulation : accumulations()) {
    proofs.push_back(proof_of(range_of(product, input, residual, accumulation).whole));
  }
  return proofs;
}

std::vector<LayerProof> proofs_of(const Layer& layer, const Known& known) {
  if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
    return proofs_of(layer, *convolution, convolution->desc.input_channels, convolution->desc.output_channels, known);
  }
  if (const auto* product = std::get_if<FullyConnected>(&layer.operation)) {
    return proofs_of(layer, *product, product->input_features, product->output_features, known);
  }
  return {};
}

size_t chain_of(const Layer& layer) {
  if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
    const sixfold_conv_desc& desc = convolution->desc;
    return desc.kernel_height * desc.kernel_width * (desc.input_channels / desc.groups);
  }
  if (const auto* product = std::get_if<FullyConnected>(&layer.operation)) return product->input_features;
  return 0;
}

std::vector<size_t> histogram_of(const std::vector<float>& values) {
  std::vector<size_t> bins(static_cast<size_t>(histogram_high - histogram_low) + 2, 0);
  for (const float value : values) {
    if (value == 0.0f) {
      ++bins[0];
    } else if (std::isfinite(value)) {
      const int exponent = std::clamp(std::ilogb(value), histogram_low, histogram_high);
      ++bins[static_cast<size_t>(exponent - histogram_low) + 1];
    }
  }
  return bins;
}

class Study {
 public:
  Study(const LayerGraph& graph, const Network& reference, const Values& values,
        const std::vector<const float*>& inputs, const NetworkOptions& options, double threshold,
        const std::optional<sixfold_interval>& range)
      : graph_(graph), reference_(reference), values_(values), inputs_(inputs), options_(options), range_(range) {
    study_.plan.threshold = threshold;
    options_.type = SIXFOLD_FP16;
    for (const Layer& layer : graph.layers) layer_of_[layer.output] = &layer;
  }

  PrecisionStudy operator()() {
    describe_layers();
    prove();
    for (size_t mode = 0; mode < accumulations().size(); ++mode) run_mode(mode);
    make_plan();
    run_plan();
    return std::move(study_);
  }

 private:
  const Layer* layer_of(size_t step) const {
    const auto found = layer_of_.find(reference_.steps()[step].value);
    return found == layer_of_.end() ? nullptr : found->second;
  }
  const Dims& dims_of(size_t step) const { return reference_.view(reference_.steps()[step].output).dims; }

  void describe_layers() {
    for (size_t i = 0; i < reference_.steps().size(); ++i) {
      LayerPrecision layer;
      layer.step = i;
      if (const Layer* known = layer_of(i)) layer.chain = chain_of(*known);
      layer.accumulates = layer.chain > 0;
      const std::vector<float>& results = values_.steps[i];
      if (!results.empty()) {
        const auto [low, high] = std::minmax_element(results.begin(), results.end());
        layer.low = static_cast<double>(*low);
        layer.high = static_cast<double>(*high);
      }
      study_.histogram.push_back(histogram_of(results));
      study_.layers.push_back(std::move(layer));
    }
  }

  void prove() {
    Known seen, inputs;
    for (size_t i = 0; i < reference_.steps().size(); ++i) {
      const std::string& value = reference_.steps()[i].value;
      const Intervals intervals = observed(values_.steps[i], dims_of(i));
      seen[value] = widened(intervals, kMargin);
      if (std::find(graph_.inputs.begin(), graph_.inputs.end(), value) != graph_.inputs.end()) {
        inputs[value] = fitted(intervals, 0);
        if (inputs[value].empty()) {  // it does not fit a half: nothing is proved
          study_.plan.input = {static_cast<float>(study_.layers[i].low), static_cast<float>(study_.layers[i].high)};
          continue;
        }
        sixfold_interval& all = inputs[value][0];
        if (range_) all = {std::min(all.low, range_->low), std::max(all.high, range_->high)};
        study_.plan.input = all;
      }
    }
    for (const std::string& input : graph_.inputs) seen.emplace(input, Intervals{});
    for (const Layer& layer : graph_.layers) {  // what is only renamed has no step of its own
      seen.emplace(layer.output, layer.inputs.empty() ? Intervals{} : fitted(seen[layer.inputs[0]], 0));
    }
    const Known certain = intervals_of(graph_, inputs, accumulations());
    for (auto& [value, intervals] : seen) {
      if (const auto known = certain.find(value); known != certain.end()) intervals = common(intervals, known->second);
    }
    for (LayerPrecision& layer : study_.layers) {
      if (!layer.accumulates) continue;
      layer.observed = proofs_of(*layer_of(layer.step), seen);
      layer.proved = proofs_of(*layer_of(layer.step), certain);
    }
  }

  void run_mode(size_t mode) {
    NetworkOptions options = options_;
    options.accumulation = accumulations()[mode];
    const Network network(graph_, options);
    const Arena arena(network.arena_bytes());
    const Values values = values_of(network, arena, inputs_);
    const std::vector<std::vector<float>> alone = results_alone(network, arena, inputs_, values_);
    for (size_t i = 0; i < study_.layers.size(); ++i) {
      study_.layers[i].accumulated.push_back(error_of(values.steps[i], values_.steps[i], dims_of(i)));
      study_.layers[i].alone.push_back(error_of(alone[i], values_.steps[i], dims_of(i)));
    }
    ModeResult result;
    result.name = std::string("sums in ") + accumulation_name(options.accumulation);
    judge_output(result, values);
    for (size_t i = 0; i < study_.layers.size() && !result.first_bad; ++i) {
      const LayerPrecision& layer = study_.layers[i];
      result.fault = fault_of(layer, mode);
      if (result.fault == Fault::none) continue;
      result.first_bad = i;
      result.evidence = result.fault == Fault::not_finite && layer.alone[mode].not_finite == 0 ? layer.accumulated[mode]
                                                                                               : layer.alone[mode];
    }
    study_.modes.push_back(result);
  }

  void judge_output(ModeResult& result, const Values& values) const {
    result.output = error_of(values.outputs.at(0), values_.outputs.at(0), reference_.output_dims(0));
    result.agreement = agreement(values.outputs[0], values_.outputs[0], reference_.output_dims(0));
  }

  bool passes_threshold(const LayerError& error) const { return error.difference.relative() > study_.plan.threshold; }

  Fault fault_of(const LayerPrecision& layer, size_t mode) const {
    if (largest_of(layer.low, layer.high) > kLargestHalf) return Fault::overflow;
    const LayerError& alone = layer.alone[mode];
    if (alone.not_finite > 0) return Fault::not_finite;
    if (passes_threshold(alone)) return Fault::threshold;
    return layer.accumulated[mode].not_finite > 0 ? Fault::not_finite : Fault::none;
  }

  // The cheapest that is good enough: half, blocked, single.
  void make_plan() {
    // What is proved of a layer supposes that those before it were proved.
    bool proved = true;
    for (size_t i = 0; i < study_.layers.size(); ++i) {
      if (!study_.layers[i].accumulates) continue;
      PlannedLayer choice = choose(i);
      choice.proved = proved = proved && choice.proved;
      study_.plan.layers.push_back(std::move(choice));
    }
    for (size_t mode = 0; mode < study_.modes.size(); ++mode) {
      ModeResult& result = study_.modes[mode];
      if (result.first_bad) result.cure = cure_of(*result.first_bad, mode);
    }
  }

  PlannedLayer choose(size_t index) const {
    const LayerPrecision& layer = study_.layers[index];
    const Step& step = reference_.steps()[layer.step];
    std::string refused;
    for (size_t mode = accumulations().size(); mode-- > 0;) {
      const sixfold_accumulation accumulation = accumulations()[mode];
      const bool proved = !layer.proved.empty() && !layer.proved[mode].overflows;
      PlannedLayer choice{index, step.value, step.what, accumulation, proved, layer.alone[mode].difference.relative(),
                          ""};
      const std::string against = objection(layer, mode);
      if (against.empty() || mode == 0) {
        choice.reason = refused + (against.empty() ? evidence(layer, mode) : against + ", as with every accumulation");
        return choice;
      }
      refused += std::string(accumulation_name(accumulation)) + ": " + against + "; ";
    }
    return {};
  }

  static double expected_error(const LayerError& error) {
    return error.not_finite > 0 ? std::numeric_limits<double>::infinity() : error.difference.relative();
  }

  // Why a layer must not be run so; empty if it may.
  std::string objection(const LayerPrecision& layer, size_t mode) const {
    if (layer.alone[mode].not_finite > 0) return "overflows on this input";
    const bool known_safe = !layer.proved.empty() && !layer.proved[mode].overflows;
    if (!known_safe && layer.observed.empty()) return "its inputs do not fit a half";
    if (!known_safe && layer.observed[mode].overflows) {
      return "may overflow: partial sums up to " + bench::significant(layer.observed[mode].largest);
    }
    if (passes_threshold(layer.alone[mode])) {
      return "error " + bench::significant(100 * layer.alone[mode].difference.relative()) + " %";
    }
    return "";
  }

  std::string evidence(const LayerPrecision& layer, size_t mode) const {
    if (!layer.proved.empty() && !layer.proved[mode].overflows) {
      return "cannot overflow: partial sums up to " + bench::significant(layer.proved[mode].largest);
    }
    return "no overflow for inputs like these: partial sums up to " + bench::significant(layer.observed[mode].largest);
  }

  std::string cure_of(size_t index, size_t mode) const {
    const LayerPrecision& layer = study_.layers[index];
    if (layer_of(layer.step) == nullptr) return "the network's input does not fit a half: scale it";
    if (largest_of(layer.low, layer.high) > kLargestHalf) {
      return "its own results do not fit a half: bound them (ReLU6), or divide its weights and bias by a power of two "
             "and "
             "multiply the next layer's weights by it";
    }
    for (size_t better = mode; better-- > 0;) {
      if (layer.alone[better].not_finite == 0 && !passes_threshold(layer.alone[better])) {
        return std::string("accumulate this layer in ") + accumulation_name(accumulations()[better]) + ": error " +
               bench::significant(100 * layer.alone[better].difference.relative()) + " %";
      }
    }
    return "no accumulation mends it: its inputs and results need more digits than a half has; rescale them, or keep "
           "this layer in fp32";
  }

  void run_plan() {
    const Network network(graph_, planned(options_, graph_, study_.plan));
    const Arena arena(network.arena_bytes());
    ModeResult result;
    result.name = "the plan";
    judge_output(result, values_of(network, arena, inputs_));
    study_.modes.push_back(result);
  }

  const LayerGraph& graph_;
  const Network& reference_;
  const Values& values_;
  const std::vector<const float*>& inputs_;
  NetworkOptions options_;
  std::optional<sixfold_interval> range_;
  std::map<std::string, const Layer*> layer_of_;
  PrecisionStudy study_;
};

std::set<sixfold_accumulation> accumulations_of_kernels(const char* op) {
  std::set<sixfold_accumulation> found;
  for (size_t i = 0; i < sixfold_kernel_count(); ++i) {
    sixfold_kernel_info info{};
    info.struct_size = sizeof info;
    if (sixfold_kernel_get(i, &info, nullptr) != SIXFOLD_OK) continue;
    if (info.type == SIXFOLD_FP16 && std::strcmp(info.op, op) == 0) found.insert(info.accumulation);
  }
  return found;
}

}  // namespace

std::vector<sixfold_accumulation> accumulations() {
  static const std::vector<sixfold_accumulation> list = [] {
    const std::set<sixfold_accumulation> found = accumulations_of_kernels("gemm"),
                                         depthwise = accumulations_of_kernels("depthwise");
    std::vector<sixfold_accumulation> result;
    for (const auto each : {SIXFOLD_ACCUMULATE_FP32, SIXFOLD_ACCUMULATE_FP16_BLOCKED, SIXFOLD_ACCUMULATE_FP16}) {
      if (found.count(each) != 0 && depthwise.count(each) != 0) result.push_back(each);
    }
    return result;
  }();
  return list;
}

LayerError error_of(const std::vector<float>& values, const std::vector<float>& reference, const Dims& dims) {
  LayerError result;
  result.difference = difference(values, reference);
  const Image image = image_of(dims);
  const size_t pixels = image.height * image.width;
  double worst = -1;
  for (size_t i = 0; i < values.size(); ++i) {
    const bool finite = std::isfinite(values[i]);
    if (!finite) ++result.not_finite;
    if (finite && result.not_finite > 0) continue;
    const double error = finite ? std::fabs(static_cast<double>(values[i]) - static_cast<double>(reference[i]))
                                : std::numeric_limits<double>::infinity();
    if (error <= worst) continue;
    worst = error;
    result.channel = i / pixels % image.channels;
    result.expected = reference[i];
    result.actual = values[i];
  }
  return result;
}

double agreement(const std::vector<float>& output, const std::vector<float>& reference, const Dims& dims) {
  const Image image = image_of(dims);
  size_t equal = 0;
  if (std::any_of(output.begin(), output.end(), [](float x) { return std::isnan(x); })) return 0.0;
  if (image.height * image.width == 1) {
    for (size_t n = 0; n < image.batch; ++n) {
      const auto largest = [&](const std::vector<float>& values) {
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(n * image.channels);
        return std::max_element(first, first + static_cast<std::ptrdiff_t>(image.channels)) - first;
      };
      if (largest(output) == largest(reference)) ++equal;
    }
    return static_cast<double>(equal) / static_cast<double>(std::max<size_t>(image.batch, 1));
  }
  for (size_t i = 0; i < output.size(); ++i) {
    if ((output[i] > 0.5f) == (reference[i] > 0.5f)) ++equal;
  }
  return static_cast<double>(equal) / static_cast<double>(std::max<size_t>(output.size(), 1));
}

PrecisionStudy study_precision(const LayerGraph& graph, const Network& reference, const Values& values,
                               const std::vector<const float*>& inputs, const NetworkOptions& options, double threshold,
                               const std::optional<sixfold_interval>& range) {
  return Study(graph, reference, values, inputs, options, threshold, range)();
}

std::vector<Agreement> agreement_over(const LayerGraph& graph, const std::vector<std::vector<float>>& inputs,
                                      const NetworkOptions& options, const PrecisionStudy& study) {
  NetworkOptions single = options;
  single.type = SIXFOLD_FP32;
  const Network reference(graph, single);
  std::vector<Network> networks;
  for (size_t mode = 0; mode < study.modes.size(); ++mode) {
    NetworkOptions half = options;
    half.type = SIXFOLD_FP16;
    if (mode < accumulations().size()) {
      half.accumulation = accumulations()[mode];
    } else {
      half = planned(half, graph, study.plan);
    }
    networks.emplace_back(graph, half);
  }
  const auto outputs = [](const Network& network, const std::vector<float>& input) {
    const Arena arena(network.arena_bytes());
    network.run({input.data()}, arena.data());
    return network.outputs(arena.data()).at(0);
  };
  std::vector<Agreement> result(networks.size());
  for (const std::vector<float>& input : inputs) {
    const std::vector<float> expected = outputs(reference, input);
    for (size_t mode = 0; mode < networks.size(); ++mode) {
      const std::vector<float> actual = outputs(networks[mode], input);
      const double same = agreement(actual, expected, reference.output_dims(0));
      const LayerError error = error_of(actual, expected, reference.output_dims(0));
      Agreement& sum = result[mode];
      ++sum.inputs;
      if (same == 1.0) ++sum.equal;
      if (error.not_finite > 0) ++sum.not_finite;
      sum.mean_agreement += same / static_cast<double>(inputs.size());
      sum.largest_error = std::max(sum.largest_error, error.difference.largest);
      sum.largest_relative = std::max(sum.largest_relative, error.difference.relative());
    }
  }
  for (size_t mode = 0; mode < result.size(); ++mode) result[mode].name = study.modes[mode].name;
  return result;
}

}  // namespace sixfold::net
