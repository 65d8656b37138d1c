// What changes the shape or the name of a tensor, and softmax.
#include <cmath>
#include <numeric>
#include <utility>

#include "constants.hpp"
#include "lowering.hpp"

namespace sixfold::net {
namespace {

Dims flattened(const Node& node, const Dims& from) {
  const int64_t given = node.integer("axis", 1);
  const size_t axis = given == static_cast<int64_t>(from.size()) ? from.size() : normal_axis(node, given, from.size());
  const auto middle = from.begin() + static_cast<std::ptrdiff_t>(axis);
  return {count(Dims(from.begin(), middle)), count(Dims(middle, from.end()))};
}

Dims new_dims(Lowering& lowering, const Node& node, const Dims& from) {
  if (node.type == "Flatten") return flattened(node, from);
  const std::string attribute = node.type == "Reshape" ? "shape" : "axes";
  const auto list = node.has_input(1) ? lowering.required_constant(node, 1).ints : node.integers(attribute, {});
  if (node.type == "Reshape") return reshaped(node, from, list);
  return node.type == "Squeeze" ? squeezed(node, from, list) : unsqueezed(node, from, list);
}

// A transpose that only moves dimensions of size 1 leaves the elements where they are.
bool keeps_order(const Dims& from, const std::vector<int64_t>& order) {
  int64_t last = -1;
  for (const int64_t axis : order) {
    if (from.at(static_cast<size_t>(axis)) == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

}  // namespace

void lower_reshape(Lowering& lowering, const Node& node) {
  const Dims dims = new_dims(lowering, node, lowering.dims(node, 0));
  lowering.emit(node, {lowering.value(node, 0)}, dims, Reshape{});
}

void lower_transpose(Lowering& lowering, const Node& node) {
  const Dims from = lowering.dims(node, 0);
  std::vector<int64_t> order(from.size());
  std::iota(order.rbegin(), order.rend(), 0);
  order = node.integers("perm", order);
  Dims dims;
  for (const int64_t axis : order) dims.push_back(from.at(static_cast<size_t>(axis)));
  if (keeps_order(from, order)) return lowering.emit(node, {lowering.value(node, 0)}, dims, Reshape{});
  lowering.emit(node, {lowering.value(node, 0)}, dims, Transpose{order});
}

void lower_resize(Lowering& lowering, const Node& node) {
  const Dims from = lowering.dims(node, 0);
  const bool is_resize = node.type == "Resize";
  if (node.text("mode", "nearest") != "nearest") fail(node, "only the mode nearest is supported");
  if (is_resize && node.has_input(3)) fail(node, "is supported with scales only, not with sizes");
  // Where the scale is a whole number, these ways to round agree.
  const std::string rounding = node.text("nearest_mode", "round_prefer_floor");
  const std::string coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  const bool floors = coordinates == "asymmetric" && rounding == "floor";
  const bool halves =
      coordinates == "half_pixel" && (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil");
  if (is_resize && lowering.opset() > 10 && !floors && !halves) {
    fail(node, coordinates + " with " + rounding + " is not supported");
  }
  const size_t scales_input = is_resize && lowering.opset() > 10 ? 2 : 1;
  const std::vector<float> scales =
      node.has_input(scales_input) ? lowering.required_constant(node, scales_input).floats : node.reals("scales", {});
  if (from.size() != 4 || scales.size() != 4 || scales[0] != 1.0f || scales[1] != 1.0f) fail(node, "resizes no image");
  for (const float scale : scales) {
    if (scale < 1.0f || scale != std::floor(scale)) fail(node, "only whole-number scales are supported");
  }
  const Upsample upsample{static_cast<size_t>(scales[2]), static_cast<size_t>(scales[3])};
  const Dims dims = {from[0], from[1], from[2] * static_cast<int64_t>(upsample.vertical),
                     from[3] * static_cast<int64_t>(upsample.horizontal)};
  lowering.emit(node, {lowering.value(node, 0)}, dims, upsample);
}

void lower_depth_to_space(Lowering& lowering, const Node& node) {
  const Dims from = lowering.dims(node, 0);
  const int64_t block = node.integer("blocksize", 0);
  if (node.text("mode", "DCR") != "DCR") fail(node, "only the mode DCR is supported");
  if (from.size() != 4 || block < 1 || from[1] % (block * block) != 0)
    fail(node, "blocks do not fit " + to_string(from));
  const Dims dims = {from[0], from[1] / (block * block), from[2] * block, from[3] * block};
  const auto side = static_cast<size_t>(block);
  lowering.emit(node, {lowering.value(node, 0)}, dims, DepthToSpace{side, side});
}

void lower_concat(Lowering& lowering, const Node& node) {
  Dims dims = lowering.dims(node, 0);
  const size_t axis = normal_axis(node, node.integer("axis", 1), dims.size());
  if (axis != (dims.size() < 2 ? 0u : 1u))
    fail(node, "only channels can be concatenated, not axis " + std::to_string(axis));
  std::vector<std::string> inputs;
  dims[axis] = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    Dims next = lowering.dims(node, i);
    const int64_t channels = next.at(axis);
    next[axis] = dims[axis];
    if (next != dims) fail(node, "input " + std::to_string(i) + " has another shape than the first");
    dims[axis] += channels;
    inputs.push_back(lowering.value(node, i));
  }
  lowering.emit(node, std::move(inputs), dims, Concat{});
}

void lower_softmax(Lowering& lowering, const Node& node) {
  const Dims dims = lowering.dims(node, 0);
  const bool old = lowering.opset() < 13;
  const size_t axis = normal_axis(node, node.integer("axis", old ? 1 : -1), dims.size());
  lowering.emit(node, {lowering.value(node, 0)}, dims, Softmax{axis, old});
}

void lower_shape(Lowering& lowering, const Node& node) {
  if (node.attributes.count("start") || node.attributes.count("end")) fail(node, "start and end are not supported");
  lowering.set_constant(node.outputs.at(0), Constant::of_ints(lowering.dims(node, 0)));
}

void lower_same(Lowering& lowering, const Node& node) {
  constexpr int64_t kFloat = 1, kHalf = 10;
  const int64_t to = node.integer("to", kFloat);
  if (node.type == "Cast" && to != kFloat && to != kHalf) fail(node, "tensors of this type are not supported");
  lowering.rename(node, lowering.value(node, 0));
}

}  // namespace sixfold::net
