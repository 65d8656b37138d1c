#include "conv.hpp"

#include <cmath>
#include <limits>

#include "activation.hpp"

namespace sixfold::reference {

namespace {

double or_else(const std::vector<float>& array, std::size_t channel, double otherwise) {
  return array.empty() ? otherwise : static_cast<double>(array[channel]);
}

// What batch norm does to one channel: gamma / sqrt(variance + epsilon) and what goes with it.
struct Fold {
  double scale;
  double mean;
  double beta;
};

Fold fold_of(const sixfold_batch_norm& norm, const ConvArrays& arrays, std::size_t channel) {
  const double variance = static_cast<double>(arrays.variance[channel]);
  const double deviation = std::sqrt(variance + static_cast<double>(norm.epsilon));
  return {or_else(arrays.gamma, channel, 1.0) / deviation, static_cast<double>(arrays.mean[channel]),
          or_else(arrays.beta, channel, 0.0)};
}

std::size_t weight_index(const sixfold_conv_desc& desc, std::size_t o, std::size_t ky, std::size_t kx, std::size_t i) {
  const std::size_t inputs = desc.input_channels / desc.groups;
  if (desc.weights_layout == SIXFOLD_OHWI) {
    return ((o * desc.kernel_height + ky) * desc.kernel_width + kx) * inputs + i;
  }
  return ((o * inputs + i) * desc.kernel_height + ky) * desc.kernel_width + kx;
}

std::size_t output_size(std::size_t in, std::size_t before, std::size_t after, std::size_t dilation, std::size_t kernel,
                        std::size_t stride) {
  return (in + before + after - dilation * (kernel - 1) - 1) / stride + 1;
}

// Element (row, column) of the image, where both may lie outside of it.
float tap(const Image& image, std::size_t n, std::ptrdiff_t y, std::ptrdiff_t x, std::size_t c) {
  if (y < 0 || x < 0) return 0.0f;
  const auto row = static_cast<std::size_t>(y);
  const auto column = static_cast<std::size_t>(x);
  return row < image.height && column < image.width ? image.at(n, row, column, c) : 0.0f;
}

std::ptrdiff_t position(std::size_t out, std::size_t stride, std::size_t k, std::size_t dilation, std::size_t pad) {
  return static_cast<std::ptrdiff_t>(out * stride + k * dilation) - static_cast<std::ptrdiff_t>(pad);
}

// Folded weights and bias, as the operator keeps them.
struct Folded {
  std::vector<float> weights;
  std::vector<float> bias;
};

Folded fold(const sixfold_conv_desc& desc, const ConvArrays& arrays) {
  Folded folded;
  folded.weights.resize(arrays.weights.size());
  folded.bias.resize(desc.output_channels);
  const std::size_t per_channel = arrays.weights.size() / desc.output_channels;
  for (std::size_t o = 0; o < desc.output_channels; ++o) {
    const bool before = desc.batch_norm.position == SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION;
    const Fold norm = before ? fold_of(desc.batch_norm, arrays, o) : Fold{1.0, 0.0, 0.0};
    for (std::size_t i = o * per_channel; i < (o + 1) * per_channel; ++i) {
      const double weight = static_cast<double>(arrays.weights[i]) * norm.scale;
      folded.weights[i] = desc.type == SIXFOLD_FP16 ? round_to_half(weight) : static_cast<float>(weight);
    }
    const double bias = or_else(arrays.bias, o, 0.0);
    folded.bias[o] = static_cast<float>((bias - norm.mean) * norm.scale + norm.beta);
  }
  return folded;
}

// Calls step(input, weight) for each multiply-add of an output element, in order.
template <class Step>
void for_each_tap(const sixfold_conv_desc& desc, const Folded& folded, const Image& input, std::size_t n, std::size_t y,
                  std::size_t x, std::size_t o, const Step& step) {
  const std::size_t inputs = desc.input_channels / desc.groups;
  const std::size_t group = o / (desc.output_channels / desc.groups);
  for (std::size_t ky = 0; ky < desc.kernel_height; ++ky) {
    for (std::size_t kx = 0; kx < desc.kernel_width; ++kx) {
      for (std::size_t i = 0; i < inputs; ++i) {
        const float value =
            tap(input, n, position(y, desc.stride_height, ky, desc.dilation_height, desc.pad_top),
                position(x, desc.stride_width, kx, desc.dilation_width, desc.pad_left), group * inputs + i);
        step(value, folded.weights[weight_index(desc, o, ky, kx, i)]);
      }
    }
  }
}

std::uint16_t half(float value) { return half_from_double(static_cast<double>(value)); }

// An accumulator of halves; `block` steps at a time, in a total of floats.
class HalfAccumulator {
 public:
  explicit HalfAccumulator(std::size_t block) : block_(block) {}

  void add(float value, float weight) {
    sum_ = half_fma(half(value), half(weight), sum_);
    if (++steps_ == block_) end_block();
  }

  float total() {
    if (steps_ > 0) end_block();
    return total_;
  }

 private:
  void end_block() {
    total_ = total_ + static_cast<float>(half_to_double(sum_));
    sum_ = 0;
    steps_ = 0;
  }

  std::size_t block_;
  std::size_t steps_ = 0;
  std::uint16_t sum_ = 0;
  float total_ = 0.0f;
};

constexpr std::size_t kBlockSteps = 32;

float accumulate(const sixfold_conv_desc& desc, const Folded& folded, const Image& input, std::size_t n, std::size_t y,
                 std::size_t x, std::size_t o) {
  if (desc.accumulation == SIXFOLD_ACCUMULATE_FP32) {
    float sum = folded.bias[o];
    for_each_tap(desc, folded, input, n, y, x, o,
                 [&](float value, float weight) { sum = std::fma(value, weight, sum); });
    return sum;
  }
  const bool blocked = desc.accumulation == SIXFOLD_ACCUMULATE_FP16_BLOCKED;
  HalfAccumulator sum(blocked ? kBlockSteps : std::numeric_limits<std::size_t>::max());
  for_each_tap(desc, folded, input, n, y, x, o, [&](float value, float weight) { sum.add(value, weight); });
  return sum.total() + folded.bias[o];
}

// Steps after the activation are monotonic with one rounding each, so the ends of a range map to the ends of its image.
Range scaled(Range value, float scale, float shift) {
  const float a = std::fma(value.low, scale, shift);
  const float b = std::fma(value.high, scale, shift);
  return scale < 0 ? Range{b, a} : Range{a, b};
}

Range epilogue(const sixfold_conv_desc& desc, const ConvArrays& arrays, float sum, std::size_t o,
               const float* residual) {
  if (desc.residual == SIXFOLD_RESIDUAL_BEFORE_ACTIVATION) sum = sum + *residual;
  Range value = activate(desc.activation, arrays.slopes.empty() ? 0.0f : arrays.slopes[o], sum);
  if (desc.batch_norm.position == SIXFOLD_BATCH_NORM_AFTER_ACTIVATION) {
    const Fold norm = fold_of(desc.batch_norm, arrays, o);
    value = scaled(value, static_cast<float>(norm.scale), static_cast<float>(norm.beta - norm.mean * norm.scale));
  }
  if (desc.residual == SIXFOLD_RESIDUAL_AFTER_ACTIVATION) value = {value.low + *residual, value.high + *residual};
  return stored(desc.type, value);
}

}  // namespace

Size conv_output_size(const sixfold_conv_desc& desc, const Image& input) {
  return {output_size(input.height, desc.pad_top, desc.pad_bottom, desc.dilation_height, desc.kernel_height,
                      desc.stride_height),
          output_size(input.width, desc.pad_left, desc.pad_right, desc.dilation_width, desc.kernel_width,
                      desc.stride_width)};
}

Expected conv(const sixfold_conv_desc& desc, const ConvArrays& arrays, const Image& input, const Image* residual) {
  Expected output;
  output.type = desc.type;
  output.batch = input.batch;
  const Size size = conv_output_size(desc, input);
  output.height = size.height;
  output.width = size.width;
  output.channels = desc.output_channels;

  const Folded folded = fold(desc, arrays);
  for (std::size_t n = 0; n < output.batch; ++n) {
    for (std::size_t y = 0; y < output.height; ++y) {
      for (std::size_t x = 0; x < output.width; ++x) {
        for (std::size_t o = 0; o < output.channels; ++o) {
          const float sum = accumulate(desc, folded, input, n, y, x, o);
          const float* addend = residual == nullptr ? nullptr : &residual->values[output.values.size()];
          output.values.push_back(epilogue(desc, arrays, sum, o, addend));
        }
      }
    }
  }
  return output;
}

sixfold_conv_desc as_conv(const sixfold_fully_connected_desc& desc) {
  sixfold_conv_desc conv = sixfold_conv_desc_default();
  conv.type = desc.type;
  conv.input_channels = desc.input_features;
  conv.output_channels = desc.output_features;
  conv.weights_type = desc.weights_type;
  conv.batch_norm = desc.batch_norm;
  conv.activation = desc.activation;
  conv.residual = desc.residual;
  conv.accumulation = desc.accumulation;
  return conv;
}

}  // namespace sixfold::reference
