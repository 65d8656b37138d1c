// Convolutions, matrix products, batch norm and padding.
#include <utility>

#include "constants.hpp"
#include "lowering.hpp"

namespace sixfold::net {
namespace {

constexpr int kHeight = 0, kWidth = 1;

const std::vector<float>& floats(const Node& node, const Constant& constant) {
  if (constant.integral) fail(node, "has weights that are integers");
  return constant.floats;
}

std::vector<float> optional_floats(Lowering& lowering, const Node& node, size_t index) {
  if (!node.has_input(index)) return {};
  return floats(node, lowering.required_constant(node, index));
}

sixfold_conv_desc conv_desc(const Window& window, size_t input_channels, size_t output_channels, size_t groups) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.input_channels = input_channels;
  desc.output_channels = output_channels;
  desc.groups = groups;
  desc.kernel_height = window.kernel[kHeight];
  desc.kernel_width = window.kernel[kWidth];
  desc.stride_height = window.stride[kHeight];
  desc.stride_width = window.stride[kWidth];
  desc.dilation_height = window.dilation[kHeight];
  desc.dilation_width = window.dilation[kWidth];
  desc.pad_top = window.pad_begin[kHeight];
  desc.pad_left = window.pad_begin[kWidth];
  desc.pad_bottom = window.pad_end[kHeight];
  desc.pad_right = window.pad_end[kWidth];
  desc.weights_layout = SIXFOLD_OIHW;
  return desc;
}

// x [rows, inputs] times weights [outputs][inputs]; `dims` is the shape of the result.
void emit_product(Lowering& lowering, const Node& node, const std::string& x, const Dims& dims, size_t inputs,
                  size_t outputs, std::vector<float> weights, std::vector<float> bias) {
  FullyConnected product;
  product.input_features = inputs;
  product.output_features = outputs;
  product.weights = std::move(weights);
  product.bias = std::move(bias);
  const auto rows = count(dims) / static_cast<int64_t>(outputs);
  const std::string flat = lowering.reshape(node, "rows", x, {rows, static_cast<int64_t>(inputs)});
  const Dims product_dims = {rows, static_cast<int64_t>(outputs)};
  if (dims == product_dims) {
    lowering.emit(node, {flat}, dims, std::move(product));
  } else {
    lowering.emit(node, {lowering.emit_helper(node, "product", {flat}, product_dims, std::move(product))}, dims,
                  Reshape{});
  }
}

}  // namespace

void lower_convolution(Lowering& lowering, const Node& node) {
  const Dims& input = lowering.dims(node, 0);
  const Constant& weights = lowering.required_constant(node, 1);
  if (input.size() != weights.dims.size() || (input.size() != 3 && input.size() != 4)) {
    fail(node, "input " + to_string(input) + " and weights " + to_string(weights.dims) + " are not supported");
  }
  const std::vector<int64_t> kernel(weights.dims.begin() + 2, weights.dims.end());
  const Window window = window_of(node, kernel, input);
  const auto groups = static_cast<size_t>(node.integer("group", 1));
  if (static_cast<size_t>(weights.dims[1]) * groups != static_cast<size_t>(input[1])) {
    fail(node, "weights " + to_string(weights.dims) + " in " + std::to_string(groups) +
                   " groups do not fit the input " + to_string(input));
  }
  Convolution convolution;
  convolution.desc = conv_desc(window, static_cast<size_t>(input[1]), static_cast<size_t>(weights.dims[0]), groups);
  convolution.weights = floats(node, weights);
  convolution.bias = optional_floats(lowering, node, 2);
  Dims dims = {input[0], weights.dims[0]};
  if (input.size() == 4) dims.push_back(window_output(node, window, kHeight, input[2], false));
  dims.push_back(window_output(node, window, kWidth, input.back(), false));
  lowering.emit(node, {lowering.value(node, 0)}, dims, std::move(convolution));
}

// Where windows do not overlap, each input pixel gives a block of output pixels: a pointwise convolution to all
// channels of the block, whose results are then put in their places.
void lower_convolution_transpose(Lowering& lowering, const Node& node) {
  const Dims input = lowering.dims(node, 0);
  const Constant& weights = lowering.required_constant(node, 1);  // [input][output][row][column]
  if (input.size() != 4 || weights.dims.size() != 4 || weights.dims[0] != input[1])
    fail(node, "is no image convolution");
  const std::vector<int64_t> kernel(weights.dims.begin() + 2, weights.dims.end());
  const bool apart = node.integers("strides", {1, 1}) == kernel && node.integers("dilations", {1, 1}) == Dims{1, 1} &&
                     node.integers("pads", {0, 0, 0, 0}) == Dims{0, 0, 0, 0} && node.integer("group", 1) == 1 &&
                     !node.attributes.count("output_padding") && !node.attributes.count("output_shape") &&
                     node.text("auto_pad", "NOTSET") == "NOTSET";
  if (!apart) fail(node, "is supported only with strides equal to its kernel, in one group, without padding");
  const int64_t outputs = weights.dims[1], block = outputs * kernel[0] * kernel[1];
  Convolution convolution;
  convolution.desc.input_channels = static_cast<size_t>(input[1]);
  convolution.desc.output_channels = static_cast<size_t>(block);
  convolution.desc.weights_layout = SIXFOLD_OIHW;
  convolution.weights = floats(node, transpose(weights, {2, 3, 1, 0}));
  const std::vector<float> bias = optional_floats(lowering, node, 2);
  for (int64_t i = 0; i < kernel[0] * kernel[1]; ++i) {
    convolution.bias.insert(convolution.bias.end(), bias.begin(), bias.end());
  }
  const std::string blocks = lowering.emit_helper(node, "blocks", {lowering.value(node, 0)},
                                                  {input[0], block, input[2], input[3]}, std::move(convolution));
  lowering.emit(node, {blocks}, {input[0], outputs, input[2] * kernel[0], input[3] * kernel[1]},
                DepthToSpace{static_cast<size_t>(kernel[0]), static_cast<size_t>(kernel[1])});
}

void lower_gemm(Lowering& lowering, const Node& node) {
  Dims a = lowering.dims(node, 0);
  Constant b = lowering.required_constant(node, 1);
  if (a.size() != 2 || b.dims.size() != 2) fail(node, "needs two matrices");
  std::string x = lowering.value(node, 0);
  if (node.integer("transA", 0) != 0) {
    std::swap(a[0], a[1]);
    x = lowering.emit_helper(node, "transposed", {x}, a, Transpose{{1, 0}});
  }
  if (node.integer("transB", 0) == 0) b = transpose(b, {1, 0});  // to [output][input]
  if (a[1] != b.dims[1]) fail(node, "cannot multiply " + to_string(a) + " and " + to_string(b.dims) + " (transposed)");
  std::vector<float> weights = floats(node, b);
  for (float& weight : weights) weight *= node.real("alpha", 1.0f);
  const Dims dims = {a[0], b.dims[0]};
  const auto inputs = static_cast<size_t>(a[1]), outputs = static_cast<size_t>(b.dims[0]);
  if (!node.has_input(2)) {
    emit_product(lowering, node, x, dims, inputs, outputs, std::move(weights), {});
    return;
  }
  Constant c = lowering.required_constant(node, 2);
  for (float& value : c.floats) value *= node.real("beta", 1.0f);
  if (c.floats.size() == outputs && (c.dims.size() == 1 || c.dims == Dims{1, b.dims[0]})) {
    emit_product(lowering, node, x, dims, inputs, outputs, std::move(weights), c.floats);
    return;
  }
  FullyConnected product{inputs, outputs, std::move(weights), {}, {}};
  const std::string sum = lowering.emit_helper(node, "product", {x}, dims, std::move(product));
  emit_per_channel(lowering, node, sum, dims, c, [](std::vector<float> shift) {
    std::vector<float> ones(shift.size(), 1.0f);
    return Scale{Affine::scale_and_shift(std::move(ones), std::move(shift))};
  });
}

void lower_matmul(Lowering& lowering, const Node& node) {
  const Dims& a = lowering.dims(node, 0);
  const Constant& b = lowering.required_constant(node, 1);
  if (a.size() < 2 || b.dims.size() != 2 || a.back() != b.dims[0]) {
    fail(node, "multiplies " + to_string(a) + " and " + to_string(b.dims) + ", which is not supported");
  }
  Dims dims = a;
  dims.back() = b.dims[1];
  emit_product(lowering, node, lowering.value(node, 0), dims, static_cast<size_t>(b.dims[0]),
               static_cast<size_t>(b.dims[1]), floats(node, transpose(b, {1, 0})), {});
}

void lower_batch_normalization(Lowering& lowering, const Node& node) {
  if (node.integer("training_mode", 0) != 0) fail(node, "training mode is not supported");
  const Dims dims = lowering.dims(node, 0);
  Affine affine;
  affine.gamma = floats(node, lowering.required_constant(node, 1));
  affine.beta = floats(node, lowering.required_constant(node, 2));
  affine.mean = floats(node, lowering.required_constant(node, 3));
  affine.variance = floats(node, lowering.required_constant(node, 4));
  affine.epsilon = node.real("epsilon", 1e-5f);
  const size_t channels = image_of(dims).channels;
  for (const auto* list : {&affine.gamma, &affine.beta, &affine.mean, &affine.variance}) {
    if (list->size() != channels) fail(node, "has parameters that do not fit " + to_string(dims));
  }
  lowering.emit(node, {lowering.value(node, 0)}, dims, Scale{std::move(affine)});
}

void lower_pad(Lowering& lowering, const Node& node) {
  const Dims input = lowering.dims(node, 0);
  const auto pads = node.has_input(1) ? lowering.required_constant(node, 1).ints : node.integers("pads", {});
  const float value = node.has_input(2) ? lowering.required_constant(node, 2).floats.at(0) : node.real("value", 0.0f);
  if (node.text("mode", "constant") != "constant" || value != 0.0f) fail(node, "only padding with zeros is supported");
  if (input.size() != 4 || pads.size() != 8) fail(node, "only images can be padded");
  if (pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0) fail(node, "pads batch or channels");
  for (const int64_t pad : pads) {
    if (pad < 0) fail(node, "has the negative padding " + std::to_string(pad));
  }
  const auto size = [&](size_t i) { return static_cast<size_t>(pads[i]); };
  const Dims dims = {input[0], input[1], input[2] + pads[2] + pads[6], input[3] + pads[3] + pads[7]};
  lowering.emit(node, {lowering.value(node, 0)}, dims, Pad{size(2), size(3), size(6), size(7)});
}

}  // namespace sixfold::net
