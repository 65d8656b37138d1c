#include <cmath>

#include "double_double.hpp"
#include "experiment.hpp"
#include "name_of.hpp"
#include "table.hpp"
#include "tensor.hpp"

namespace sixfold::bench {
namespace {

constexpr char section[] =
    "Four blocks as in MobileNetV2 (24 channels, expanded to 144, projected back), by the activation after the "
    "expansion and "
    "after the projection\n"
    "(range: three standard deviations of what enters the first activation. Identity after the projection is the "
    "linear "
    "bottleneck.)";

constexpr std::size_t narrow = 24, wide = 144, blocks = 4, pixels = 96;
constexpr std::uint64_t seed = 21;
constexpr float ranges[] = {3, 30, 300, 3e3f, 3e4f};

struct Variant {
  const char* name;
  const char* description;
  sixfold_activation_kind expanded;
  sixfold_activation_kind projected;
};
constexpr Variant variants[] = {{"relu6_linear", "ReLU6, then linear", SIXFOLD_RELU6, SIXFOLD_IDENTITY},
                                {"relu6_relu6", "ReLU6, then ReLU6", SIXFOLD_RELU6, SIXFOLD_RELU6},
                                {"relu_linear", "ReLU, then linear", SIXFOLD_RELU, SIXFOLD_IDENTITY},
                                {"relu_relu6", "ReLU, then ReLU6", SIXFOLD_RELU, SIXFOLD_RELU6}};

struct Pointwise {
  std::size_t inputs, outputs;
  Elements weights;
  sixfold_activation_kind activation;
};

// Half of the values survive an activation; the weights make up for that, so that a linear network would keep its range.
std::vector<Pointwise> network_of(const Variant& variant, float range) {
  Random random(seed);
  std::vector<Pointwise> layers;
  const auto add = [&](std::size_t inputs, std::size_t outputs, float gain, sixfold_activation_kind activation) {
    layers.push_back({inputs, outputs, Elements(SIXFOLD_FP16, inputs * outputs), activation});
    const float bound = gain * std::sqrt(3.0f / static_cast<float>(inputs));
    random.fill(layers.back().weights, -bound, bound);
  };
  for (std::size_t block = 0; block < blocks; ++block) {
    // Inputs spread over [-1, 1] have a standard deviation of 0.58.
    add(narrow, wide, block == 0 ? range / 3.0f / 0.58f : 1.0f, variant.expanded);
    add(wide, narrow, std::sqrt(2.0f), variant.projected);
  }
  return layers;
}

double activated(sixfold_activation_kind kind, double x) {
  if (kind == SIXFOLD_IDENTITY) return x;
  return kind == SIXFOLD_RELU6 ? std::min(std::max(x, 0.0), 6.0) : std::max(x, 0.0);
}

std::vector<double> true_outputs(const Pointwise& layer, const std::vector<double>& input) {
  std::vector<double> output;
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      DoubleDouble sum;
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        sum.add(input[pixel * layer.inputs + i] * static_cast<double>(layer.weights.get(o * layer.inputs + i)));
      }
      output.push_back(activated(layer.activation, sum.value()));
    }
  }
  return output;
}

Tensor run(const Pointwise& layer, const Mode& mode, Tensor& input, const std::string& backend) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.type = mode.type;
  desc.accumulation = mode.accumulation;
  desc.input_channels = layer.inputs;
  desc.output_channels = layer.outputs;
  desc.weights_type = SIXFOLD_FP16;
  desc.weights = layer.weights.data();
  desc.activation = sixfold_activation_default(layer.activation);
  const sixfold_options options = options_for(backend);
  Operator op = Operator::make([&](sixfold_operator** created, sixfold_error* error) {
    return sixfold_conv_create(&desc, &options, created, error);
  });
  Tensor output(mode.type, {1, 1, pixels, layer.outputs});
  op.prepare({input.view()});
  op.run({input.view()}, output.view());
  return output;
}

ErrorStatistics measure(const Variant& variant, float range, const Mode& mode, const std::string& backend) {
  Random random(seed + 1);
  Tensor values(mode.type, {1, 1, pixels, narrow});
  std::vector<double> truth;
  for (std::size_t i = 0; i < pixels * narrow; ++i) {
    const float value = from_half(to_half(random.uniform(-1.0f, 1.0f)));
    values.elements().set(i, value);
    truth.push_back(static_cast<double>(value));
  }
  for (const Pointwise& layer : network_of(variant, range)) {
    values = run(layer, mode, values, backend);
    truth = true_outputs(layer, truth);
  }
  ErrorStatistics errors;
  for (std::size_t i = 0; i < truth.size(); ++i) errors.add(values.elements().get(i), truth[i]);
  return errors;
}

}  // namespace

std::vector<Experiment> bottleneck_experiments(const std::string& backend) {
  std::vector<Experiment> result;
  for (const Mode& mode : modes()) {
    for (const Variant& variant : variants) {
      for (const float range : ranges) {
        const std::string text = fixed(static_cast<double>(range), 0);
        result.push_back({section, "bottleneck/" + backend + "/" + mode.name + "/" + variant.name + "/range:" + text,
                          variant.description, mode.description, text,
                          [=, &variant, &mode] { return measure(variant, range, mode, backend); }});
      }
    }
  }
  return result;
}

}  // namespace sixfold::bench
