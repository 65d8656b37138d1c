// Activations and arithmetic element by element.
#include <limits>
#include <utility>

#include "lowering.hpp"
#include "spelled.hpp"

namespace sixfold::net {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The last dimensions of `dims` that a constant of shape `constant` covers entirely, as one number; 0 if it does not
// cover any.
int64_t covered(const Dims& constant, const Dims& dims) {
  Dims trailing = constant;
  while (!trailing.empty() && trailing.front() == 1) trailing.erase(trailing.begin());
  if (trailing.size() > dims.size()) return 0;
  const auto start = dims.end() - static_cast<std::ptrdiff_t>(trailing.size());
  return std::equal(trailing.begin(), trailing.end(), start) ? count(trailing) : 0;
}

bool is_per_channel(const Dims& constant, const Dims& dims) {
  if (constant.size() > dims.size()) return false;
  const size_t channel_axis = dims.size() < 2 ? 0 : 1;
  const size_t offset = dims.size() - constant.size();
  for (size_t i = 0; i < constant.size(); ++i) {
    const bool whole_channels = i + offset == channel_axis && constant[i] == dims[channel_axis];
    if (constant[i] != 1 && !whole_channels) return false;
  }
  return true;
}

void lower_with_constant(Lowering& lowering, const Node& node, size_t constant_index) {
  const Constant& constant = *lowering.constant(node, constant_index);
  const std::string input = lowering.value(node, 1 - constant_index);
  const Dims dims = lowering.dims(node, 1 - constant_index);
  const std::string type = node.type;
  const bool reversed = constant_index == 0;
  if (type == "Div" && reversed) fail(node, "dividing a constant by a tensor is not supported");
  emit_per_channel(lowering, node, input, dims, constant, [&](std::vector<float> values) {
    const size_t channels = values.size();
    std::vector<float> scale(channels, type == "Sub" && reversed ? -1.0f : 1.0f), shift(channels, 0.0f);
    for (size_t c = 0; c < channels; ++c) {
      if (type == "Mul") scale[c] = values[c];
      if (type == "Div") scale[c] = 1.0f / values[c];
      if (type == "Add") shift[c] = values[c];
      if (type == "Sub") shift[c] = reversed ? values[c] : -values[c];
    }
    return Scale{Affine::scale_and_shift(std::move(scale), std::move(shift))};
  });
}

// One value a channel and image, over all pixels?
bool is_pixel_of(const Dims& small, const Dims& large) {
  if (small.size() != large.size() || small.size() < 3) return false;
  const Image a = image_of(large), b = image_of(small);
  return b.height * b.width == 1 && b.channels == a.channels && (b.batch == a.batch || b.batch == 1);
}

Activation simple(sixfold_activation_kind kind, float alpha = 0.0f, float beta = 0.0f) {
  return {kind, alpha, beta, {}};
}

Activation activation_of(const Node& node) {
  const std::string& type = node.type;
  if (type == "Relu") return simple(SIXFOLD_RELU);
  if (type == "LeakyRelu") return simple(SIXFOLD_LEAKY_RELU, node.real("alpha", 0.01f));
  if (type == "Elu") return simple(SIXFOLD_ELU, node.real("alpha", 1.0f));
  if (type == "Sigmoid") return simple(SIXFOLD_SIGMOID);
  if (type == "Tanh") return simple(SIXFOLD_TANH);
  if (type == "Softplus") return simple(SIXFOLD_SOFTPLUS);
  if (type == "Swish") return simple(SIXFOLD_SWISH, node.real("alpha", 1.0f));
  if (type == "Mish") return simple(SIXFOLD_MISH);
  if (type == "HardSigmoid") return simple(SIXFOLD_HARD_SIGMOID, node.real("alpha", 0.2f), node.real("beta", 0.5f));
  if (type == "HardSwish") return simple(SIXFOLD_HARD_SWISH);
  if (type == "Gelu") return simple(node.text("approximate", "none") == "tanh" ? SIXFOLD_GELU_TANH : SIXFOLD_GELU_ERF);
  fail(node, "is not an activation");
}

}  // namespace

void emit_per_channel(Lowering& lowering, const Node& node, const std::string& input, const Dims& input_dims,
                      const Constant& constant, const std::function<Operation(std::vector<float>)>& make) {
  if (constant.integral) fail(node, "has a constant of integers");
  if (is_per_channel(constant.dims, input_dims)) {
    std::vector<float> values = constant.floats;
    if (values.size() == 1) values.assign(image_of(input_dims).channels, values[0]);
    lowering.emit(node, {input}, input_dims, make(std::move(values)));
    return;
  }
  const int64_t inner = covered(constant.dims, input_dims);
  if (inner == 0) {
    fail(node, "cannot combine the constant of shape " + to_string(constant.dims) + " with " + to_string(input_dims));
  }
  const Dims flat = {count(input_dims) / inner, inner};
  const std::string rows = lowering.reshape(node, "rows", input, flat);
  const std::string result = lowering.emit_helper(node, "result", {rows}, flat, make(constant.floats));
  lowering.emit(node, {result}, input_dims, Reshape{});
}

void lower_binary(Lowering& lowering, const Node& node) {
  for (const size_t index : {size_t{0}, size_t{1}}) {
    if (lowering.constant(node, index)) return lower_with_constant(lowering, node, index);
  }
  if (node.type != "Add" && node.type != "Mul") fail(node, "is supported with a constant only");
  size_t large = 0;
  if (is_pixel_of(lowering.dims(node, 0), lowering.dims(node, 1))) large = 1;
  const Dims dims = lowering.dims(node, large), other = lowering.dims(node, 1 - large);
  if (dims != other && !is_pixel_of(other, dims)) {
    fail(node, "cannot combine " + to_string(dims) + " and " + to_string(other));
  }
  Elementwise elementwise;
  elementwise.kind = node.type == "Add" ? SIXFOLD_ADD : SIXFOLD_MULTIPLY;
  lowering.emit(node, {lowering.value(node, large), lowering.value(node, 1 - large)}, dims, elementwise);
}

void lower_activation(Lowering& lowering, const Node& node) {
  lowering.emit(node, {lowering.value(node, 0)}, lowering.dims(node, 0),
                Elementwise{SIXFOLD_ACTIVATE, activation_of(node)});
}

void lower_clip(Lowering& lowering, const Node& node) {
  const auto bounds = clip_bounds(lowering.graph(), node);
  if (!bounds) fail(node, "has bounds that are not constants");
  const auto [low, high] = *bounds;
  Activation activation = simple(SIXFOLD_CLAMP, low, high);
  if (low == 0.0f && high == 6.0f) activation = simple(SIXFOLD_RELU6);
  if (low == 0.0f && high == kInfinity) activation = simple(SIXFOLD_RELU);
  lowering.emit(node, {lowering.value(node, 0)}, lowering.dims(node, 0), Elementwise{SIXFOLD_ACTIVATE, activation});
}

void lower_prelu(Lowering& lowering, const Node& node) {
  emit_per_channel(lowering, node, lowering.value(node, 0), lowering.dims(node, 0), lowering.required_constant(node, 1),
                   [](std::vector<float> slopes) {
                     return Elementwise{SIXFOLD_ACTIVATE, {SIXFOLD_PRELU, 0.0f, 0.0f, std::move(slopes)}};
                   });
}

}  // namespace sixfold::net
