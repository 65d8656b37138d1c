#include "reference_check.hpp"

#include <reference/conv.hpp>
#include <reference/elementwise.hpp>
#include <reference/pool.hpp>
#include <sstream>

namespace sixfold::bench {
namespace {

using reference::Expected;
using reference::Image;

Image image_of(const Shape& shape, const std::vector<float>& values, sixfold_type type) {
  Image image(type, shape.batch, shape.height, shape.width, shape.channels);
  for (std::size_t i = 0; i < values.size(); ++i) image.values[i] = reference::stored(type, values[i]);
  return image;
}

Expected layer(const Node& node, const Precision& precision, const Image& input, const Image* residual) {
  const LayerParameters& p = *node.parameters;
  const sixfold_conv_desc desc = node.layer->kind == LayerKind::fully_connected
                                     ? reference::as_conv(fully_connected_desc(*node.layer, p, precision))
                                     : conv_desc(*node.layer, p, precision);
  return reference::conv(desc, {p.weights, p.bias, p.mean, p.variance, p.gamma, p.beta, {}}, input, residual);
}

Expected pool(sixfold_type type, const Image& input) {
  sixfold_pool_desc desc = sixfold_pool_desc_default();
  desc.type = type;
  desc.kind = SIXFOLD_GLOBAL_AVERAGE_POOL;
  return reference::pool(desc, input);
}

Expected scale(sixfold_type type, const Image& input, const Image& factors) {
  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.type = type;
  desc.kind = SIXFOLD_MULTIPLY;
  return reference::elementwise(desc, {}, input, &factors);
}

Expected expected_of(const Node& node, const Precision& precision, const std::vector<Image>& values) {
  const Image& input = values[static_cast<std::size_t>(node.input)];
  const Image* second = node.second < 0 ? nullptr : &values[static_cast<std::size_t>(node.second)];
  switch (node.kind) {
    case StepKind::global_pool:
      return pool(precision.type, input);
    case StepKind::channel_scale:
      return scale(precision.type, input, *second);
    case StepKind::layer:
      break;
  }
  if (node.scale < 0) return layer(node, precision, input, second);
  return layer(node, precision, reference::scaled(input, values[static_cast<std::size_t>(node.scale)]), second);
}

std::string place(std::size_t node, std::size_t element, float value, reference::Range expected) {
  std::ostringstream text;
  text.precision(9);
  text << "node " << node << ", element " << element << ": " << value << ", must be " << expected.low << " to "
       << expected.high;
  return text.str();
}

}  // namespace

std::vector<Image> recorded_values(GraphRunner& runner) {
  std::vector<Image> recorded;
  runner.run([&](std::size_t, const sixfold_tensor& output) {
    const Shape shape{output.batch, output.height, output.width, output.channels};
    recorded.push_back(image_of(shape, values_of(output), output.type));
  });
  return recorded;
}

std::string difference_from_reference(const Graph& graph, const std::vector<std::vector<float>>& inputs,
                                      const Precision& precision, const std::vector<Image>& recorded) {
  std::vector<Image> values;
  for (std::size_t i = 0; i < graph.input_count; ++i)
    values.push_back(image_of(graph.values[i], inputs[i], precision.type));
  for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
    const Expected expected = expected_of(graph.nodes[node], precision, values);
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
      const float value = recorded[node].values[i];
      const bool inside = value >= expected.values[i].low && value <= expected.values[i].high;
      if (!inside) return place(node, i, value, expected.values[i]);
    }
    values.push_back(recorded[node]);
  }
  return {};
}

std::string difference(const std::vector<Image>& recorded, const std::vector<Image>& other) {
  for (std::size_t node = 0; node < recorded.size(); ++node) {
    for (std::size_t i = 0; i < recorded[node].values.size(); ++i) {
      const float value = other[node].values[i];
      if (value != recorded[node].values[i]) return place(node, i, value, reference::exactly(recorded[node].values[i]));
    }
  }
  return {};
}

}  // namespace sixfold::bench
