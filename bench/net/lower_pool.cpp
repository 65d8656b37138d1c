// Pools, and the windows that they share with convolutions.
#include <algorithm>

#include "constants.hpp"
#include "lowering.hpp"

namespace sixfold::net {
namespace {

// The padding that keeps ceil(input / stride) outputs; TensorFlow's "same".
void pad_to_same(Window& window, size_t axis, int64_t input, bool extra_at_end) {
  const auto stride = static_cast<int64_t>(window.stride[axis]);
  const auto extent = static_cast<int64_t>(window.dilation[axis] * (window.kernel[axis] - 1) + 1);
  const int64_t outputs = (input + stride - 1) / stride;
  const int64_t total = std::max<int64_t>(0, (outputs - 1) * stride + extent - input);
  const auto smaller = static_cast<size_t>(total / 2), larger = static_cast<size_t>(total - total / 2);
  window.pad_begin[axis] = extra_at_end ? smaller : larger;
  window.pad_end[axis] = extra_at_end ? larger : smaller;
}

size_t checked_size(const Node& node, const std::string& what, int64_t value, int64_t least) {
  if (value < least) fail(node, what + " is " + std::to_string(value));
  return static_cast<size_t>(value);
}

}  // namespace

Window window_of(const Node& node, const std::vector<int64_t>& kernel, const Dims& input) {
  const size_t given = kernel.size();
  if (given < 1 || given > 2 || input.size() != given + 2) {
    fail(node, "a window of " + std::to_string(given) + " dimensions over " + to_string(input) + " is not supported");
  }
  const auto ones = std::vector<int64_t>(given, 1);
  const auto strides = node.integers("strides", ones), dilations = node.integers("dilations", ones);
  const auto pads = node.integers("pads", std::vector<int64_t>(2 * given, 0));
  if (strides.size() != given || dilations.size() != given || pads.size() != 2 * given) {
    fail(node, "has strides, dilations or pads that do not fit its kernel");
  }
  const std::string automatic = node.text("auto_pad", "NOTSET");
  Window window = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
  for (size_t i = 0; i < given; ++i) {
    const size_t axis = i + 2 - given;  // one dimension alone is the width
    window.kernel[axis] = checked_size(node, "kernel size", kernel[i], 1);
    window.stride[axis] = checked_size(node, "stride", strides[i], 1);
    window.dilation[axis] = checked_size(node, "dilation", dilations[i], 1);
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      pad_to_same(window, axis, input[i + 2], automatic == "SAME_UPPER");
    } else if (automatic == "NOTSET" || automatic.empty()) {
      window.pad_begin[axis] = checked_size(node, "padding", pads[i], 0);
      window.pad_end[axis] = checked_size(node, "padding", pads[i + given], 0);
    } else if (automatic != "VALID") {
      fail(node, "auto_pad " + automatic + " is not supported");
    }
  }
  return window;
}

int64_t window_output(const Node& node, const Window& window, int axis, int64_t input, bool ceil_mode) {
  const auto at = static_cast<size_t>(axis);
  const auto stride = static_cast<int64_t>(window.stride[at]), begin = static_cast<int64_t>(window.pad_begin[at]);
  const auto extent = static_cast<int64_t>(window.dilation[at] * (window.kernel[at] - 1) + 1);
  const int64_t span = input + begin + static_cast<int64_t>(window.pad_end[at]) - extent;
  if (span < 0) fail(node, "its window of " + std::to_string(extent) + " does not fit the padded image");
  int64_t outputs = (span + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  if (ceil_mode && (outputs - 1) * stride >= input + begin) --outputs;
  return outputs;
}

void lower_pool(Lowering& lowering, const Node& node) {
  const Dims input = lowering.dims(node, 0);
  const Window window = window_of(node, node.integers("kernel_shape", {}), input);
  Pool pool;
  pool.desc.kind = node.type == "MaxPool" ? SIXFOLD_MAX_POOL : SIXFOLD_AVERAGE_POOL;
  pool.desc.kernel_height = window.kernel[0];
  pool.desc.kernel_width = window.kernel[1];
  pool.desc.stride_height = window.stride[0];
  pool.desc.stride_width = window.stride[1];
  pool.desc.dilation_height = window.dilation[0];
  pool.desc.dilation_width = window.dilation[1];
  pool.desc.pad_top = window.pad_begin[0];
  pool.desc.pad_left = window.pad_begin[1];
  pool.desc.pad_bottom = window.pad_end[0];
  pool.desc.pad_right = window.pad_end[1];
  pool.desc.ceil_mode = node.integer("ceil_mode", 0) != 0;
  pool.desc.count_include_pad = node.integer("count_include_pad", 0) != 0;
  if (node.integer("storage_order", 0) != 0) fail(node, "storage_order is not supported");
  Dims dims = {input[0], input[1]};
  if (input.size() == 4) dims.push_back(window_output(node, window, 0, input[2], pool.desc.ceil_mode != 0));
  dims.push_back(window_output(node, window, 1, input.back(), pool.desc.ceil_mode != 0));
  lowering.emit(node, {lowering.value(node, 0)}, dims, pool);
}

void lower_global_average(Lowering& lowering, const Node& node) {
  Dims dims = lowering.dims(node, 0);
  if (dims.size() < 3) fail(node, "needs an image, got " + to_string(dims));
  for (size_t i = 2; i < dims.size(); ++i) dims[i] = 1;
  Pool pool;
  pool.desc.kind = SIXFOLD_GLOBAL_AVERAGE_POOL;
  lowering.emit(node, {lowering.value(node, 0)}, dims, pool);
}

void lower_reduce_mean(Lowering& lowering, const Node& node) {
  const Dims input = lowering.dims(node, 0);
  const auto axes = node.has_input(1) ? lowering.required_constant(node, 1).ints : node.integers("axes", {});
  std::vector<bool> reduced(input.size(), false);
  for (const int64_t axis : axes) reduced[normal_axis(node, axis, input.size())] = true;
  for (size_t i = 0; i < input.size(); ++i) {
    if (reduced[i] != (i >= 2)) fail(node, "only a mean over all of height and width is supported");
  }
  if (input.size() < 3) fail(node, "needs an image, got " + to_string(input));
  Pool pool;
  pool.desc.kind = SIXFOLD_GLOBAL_AVERAGE_POOL;
  Dims kept = input;
  for (size_t i = 2; i < kept.size(); ++i) kept[i] = 1;
  if (node.integer("keepdims", 1) != 0) return lowering.emit(node, {lowering.value(node, 0)}, kept, pool);
  const std::string mean = lowering.emit_helper(node, "mean", {lowering.value(node, 0)}, kept, pool);
  lowering.emit(node, {mean}, {input[0], input[1]}, Reshape{});
}

}  // namespace sixfold::net
