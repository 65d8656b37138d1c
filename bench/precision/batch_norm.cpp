#include <cmath>

#include "double_double.hpp"
#include "experiment.hpp"
#include "table.hpp"
#include "tensor.hpp"

namespace sixfold::bench {
namespace {

constexpr char section[] =
    "Batch norm of a pointwise layer whose sums have a given variance, with ReLU6\n"
    "(Before or after the activation, folded into the layer or run as an operator of its own on what was stored in "
    "fp16. "
    "epsilon is 1e-5.)";

constexpr std::size_t inputs = 64, outputs = 96, pixels = 96;
constexpr float epsilon = 1e-5f;
constexpr std::uint64_t seed = 9;

struct Way {
  const char* name;
  const char* description;
  bool after;   // the activation
  bool folded;  // into the convolution
};
constexpr Way ways[] = {{"before_folded", "before, folded", false, true},
                        {"before_apart", "before, apart", false, false},
                        {"after_folded", "after, in the epilogue", true, true},
                        {"after_apart", "after, apart", true, false}};

constexpr float variances[] = {100.0f, 1.0f, 1e-2f, 1e-4f, 1e-6f, 1e-8f, 0.0f};

// One layer's numbers. The sums have mean 0 and the given variance: inputs spread over [-1, 1] and so of variance 1/3.
struct Layer {
  Elements weights;
  std::vector<float> mean, variance, gamma, beta;

  explicit Layer(float of_sums)
      : weights(SIXFOLD_FP32, outputs * inputs), mean(outputs, 0.0f), variance(outputs, of_sums) {
    Random random(seed);
    const float bound = 3.0f * std::sqrt(of_sums / static_cast<float>(inputs));
    random.fill(weights, -bound, bound);
    gamma = random.values(outputs, 0.5f, 2.0f);
    beta = random.values(outputs, -1.0f, 1.0f);
  }

  sixfold_batch_norm descriptor(sixfold_batch_norm_position position) const {
    return {position, mean.data(), variance.data(), gamma.data(), beta.data(), epsilon};
  }
};

void run(const sixfold_conv_desc& desc, Tensor& from, Tensor& to, const std::string& backend) {
  const sixfold_options options = options_for(backend);
  Operator op = Operator::make([&](sixfold_operator** created, sixfold_error* error) {
    return sixfold_conv_create(&desc, &options, created, error);
  });
  op.prepare({from.view()});
  op.run({from.view()}, to.view());
}

sixfold_conv_desc pointwise(const Elements& weights) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.type = SIXFOLD_FP16;
  desc.input_channels = inputs;
  desc.output_channels = outputs;
  desc.weights = weights.data();
  return desc;
}

// The batch norm by itself: a depthwise convolution of ones.
sixfold_conv_desc scale_only(const Elements& ones) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.type = SIXFOLD_FP16;
  desc.input_channels = desc.output_channels = desc.groups = outputs;
  desc.weights = ones.data();
  return desc;
}

void run_layer(const Way& way, const Layer& layer, Tensor& input, Tensor& output, const std::string& backend) {
  const sixfold_activation relu6 = sixfold_activation_default(SIXFOLD_RELU6);
  const auto position = way.after ? SIXFOLD_BATCH_NORM_AFTER_ACTIVATION : SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION;
  sixfold_conv_desc desc = pointwise(layer.weights);
  if (way.folded) {
    desc.batch_norm = layer.descriptor(position);
    desc.activation = relu6;
    return run(desc, input, output, backend);
  }
  Elements ones(SIXFOLD_FP32, outputs);
  for (std::size_t c = 0; c < outputs; ++c) ones.set(c, 1.0f);
  Tensor stored(SIXFOLD_FP16, output.shape());
  if (way.after) desc.activation = relu6;
  run(desc, input, stored, backend);
  sixfold_conv_desc norm = scale_only(ones);
  // Its scale is applied in fp32, in the epilogue; what is lost was lost in the store before it.
  norm.batch_norm = layer.descriptor(SIXFOLD_BATCH_NORM_AFTER_ACTIVATION);
  run(norm, stored, output, backend);
  if (way.after) return;
  sixfold_elementwise_desc activate = sixfold_elementwise_desc_default();
  activate.type = SIXFOLD_FP16;
  activate.activation = relu6;
  const sixfold_options options = options_for(backend);
  Operator op = Operator::make([&](sixfold_operator** created, sixfold_error* error) {
    return sixfold_elementwise_create(&activate, &options, created, error);
  });
  op.prepare({output.view()});
  op.run({output.view()}, output.view());
}

double truth(const Way& way, const Layer& layer, const Elements& input, std::size_t pixel, std::size_t channel) {
  DoubleDouble sum;
  for (std::size_t i = 0; i < inputs; ++i) {
    sum.add(static_cast<double>(input.get(pixel * inputs + i)) *
            static_cast<double>(layer.weights.get(channel * inputs + i)));
  }
  const double scale = static_cast<double>(layer.gamma[channel]) /
                       std::sqrt(static_cast<double>(layer.variance[channel]) + static_cast<double>(epsilon));
  const double shift = static_cast<double>(layer.beta[channel]);
  const auto relu6 = [](double x) { return std::min(std::max(x, 0.0), 6.0); };
  return way.after ? relu6(sum.value()) * scale + shift : relu6(sum.value() * scale + shift);
}

ErrorStatistics measure(const Way& way, float variance, const std::string& backend) {
  const Layer layer(variance);
  Tensor input(SIXFOLD_FP16, {1, 1, pixels, inputs});
  Tensor output(SIXFOLD_FP16, {1, 1, pixels, outputs});
  Random random(seed + 1);
  random.fill(input.elements(), -1.0f, 1.0f);
  run_layer(way, layer, input, output, backend);
  ErrorStatistics errors;
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::size_t channel = 0; channel < outputs; ++channel) {
      errors.add(output.elements().get(pixel * outputs + channel), truth(way, layer, input.elements(), pixel, channel));
    }
  }
  return errors;
}

}  // namespace

std::vector<Experiment> batch_norm_experiments(const std::string& backend) {
  std::vector<Experiment> result;
  for (const Way& way : ways) {
    for (const float variance : variances) {
      const std::string text = significant(static_cast<double>(variance));
      result.push_back({section, "batch_norm/" + backend + "/" + way.name + "/variance:" + text, way.description,
                        "fp16, sums in fp32", "var " + text, [=, &way] { return measure(way, variance, backend); }});
    }
  }
  return result;
}

}  // namespace sixfold::bench
