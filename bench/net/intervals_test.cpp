// What is said of a network's values before it runs holds for each of them, whatever the input and the arithmetic.
#include "intervals.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "fuse.hpp"
#include "lower.hpp"
#include "precision.hpp"

namespace sixfold::net {
namespace {

class Random {
 public:
  std::vector<float> floats(size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = low + (high - low) * static_cast<float>(generator_() >> 8) / 16777216.0f;
    return values;
  }
  // From corners only: what sums are largest for.
  std::vector<float> ends(size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = (generator_() & 1) != 0 ? low : high;
    return values;
  }

 private:
  std::mt19937 generator_{11};
};

// One of every operation that has its own rule.
class Sketch {
 public:
  explicit Sketch(Random& random) : random_(random) {
    graph_.opset = 14;
    graph_.inputs = {{"x", {1, 4, 6, 6}}};
    const std::string first = conv("x", 4, 8, 3);
    const std::string scaled =
        node("BatchNormalization", {"x", constant({4}), constant({4}), constant({4}), positive({4})});
    const std::string swished = node("HardSwish", {first});
    const std::string gate = node("HardSigmoid", {conv(node("GlobalAveragePool", {swished}), 8, 8, 1)});
    const std::string gated = node("Mul", {swished, gate});
    const std::string again = node("HardSigmoid", {conv(node("GlobalAveragePool", {first}), 8, 8, 1)});
    const std::string scaled_first = conv(node("Mul", {first, again}), 8, 8, 1);
    const std::string added = node("Relu", {node("Add", {conv(gated, 8, 8, 3), scaled_first})});
    const std::string elu = node("Elu", {node("Add", {added, gated})});
    const std::string averaged =
        node("AveragePool", {elu},
             {{"kernel_shape", window(3)}, {"pads", std::vector<int64_t>(4, 1)}, {"count_include_pad", int64_t{1}}});
    const std::string largest =
        node("MaxPool", {added}, {{"kernel_shape", window(3)}, {"pads", std::vector<int64_t>(4, 1)}});
    const std::string together = node("Concat", {averaged, largest, scaled}, {{"axis", int64_t{1}}});
    const std::string tanh = node("Tanh", {conv(together, 20, 5, 1)});
    const std::string pooled = node("Flatten", {node("GlobalAveragePool", {node("Sigmoid", {conv(tanh, 5, 6, 1)})})});
    graph_.outputs = {node("Gemm", {pooled, constant({6, 3}), constant({3})})};
  }

  LayerGraph layers() const {
    LayerGraph layers = lower(graph_, {});
    fuse(layers);
    return layers;
  }

 private:
  static std::vector<int64_t> window(int64_t size) { return {size, size}; }

  std::string node(const std::string& type, std::vector<std::string> inputs,
                   std::map<std::string, Attribute> attributes = {}) {
    Node node;
    node.type = type;
    node.name = type;
    node.name += std::to_string(graph_.nodes.size());
    node.inputs = std::move(inputs);
    node.outputs = {node.name};
    node.attributes = std::move(attributes);
    graph_.nodes.push_back(node);
    return node.name;
  }
  std::string drawn(Dims dims, float low, float high) {
    const std::string name = std::to_string(graph_.constants.size());
    const auto size = static_cast<size_t>(count(dims));
    graph_.constants[name] = Constant::of_floats(std::move(dims), random_.floats(size, low, high));
    return name;
  }
  std::string constant(Dims dims) { return drawn(std::move(dims), -1.5f, 1.5f); }
  std::string positive(Dims dims) { return drawn(std::move(dims), 0.1f, 2.0f); }
  std::string conv(const std::string& from, int64_t inputs, int64_t outputs, int64_t kernel) {
    return node("Conv", {from, constant({outputs, inputs, kernel, kernel}), constant({outputs})},
                {{"pads", std::vector<int64_t>(4, kernel / 2)}});
  }

  Random& random_;
  Graph graph_;
};

void expect_inside(const std::vector<float>& values, const Intervals& intervals, const Dims& dims,
                   const std::string& what) {
  const Image image = image_of(dims);
  const size_t pixels = image.height * image.width;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t channel = i / pixels % image.channels;
    const sixfold_interval& interval = intervals[intervals.size() == 1 ? 0 : channel];
    ASSERT_TRUE(values[i] >= interval.low && values[i] <= interval.high)
        << what << ": channel " << channel << " is " << values[i] << ", not from " << interval.low << " to "
        << interval.high;
  }
}

// Of y, from x between 1 and 3.
Intervals interval_of_y(std::vector<Node> nodes) {
  Graph graph;
  graph.opset = 14;
  graph.inputs = {{"x", {1, 2, 4, 4}}};
  graph.outputs = {"y"};
  graph.nodes = std::move(nodes);
  LayerGraph layers = lower(graph, {});
  fuse(layers);
  return intervals_of(layers, {{"x", {{1.0f, 3.0f}}}}, accumulations()).at("y");
}

Node node_of(const std::string& type, std::vector<std::string> inputs, const std::string& output,
             std::map<std::string, Attribute> attributes = {}) {
  Node node;
  node.type = node.name = type;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  node.attributes = std::move(attributes);
  return node;
}

void expect_y(const Intervals& intervals, float low, float high) {
  ASSERT_EQ(intervals.size(), 1u);
  EXPECT_EQ(intervals[0].low, low);
  EXPECT_EQ(intervals[0].high, high);
}

TEST(Intervals, OfAveragesHaveThePaddingIfItCounts) {
  const std::vector<int64_t> window = {3, 3}, pads(4, 1);
  expect_y(interval_of_y({node_of("AveragePool", {"x"}, "y", {{"kernel_shape", window}, {"pads", pads}})}), 1.0f, 3.0f);
  expect_y(interval_of_y({node_of("AveragePool", {"x"}, "y",
                                  {{"kernel_shape", window}, {"pads", pads}, {"count_include_pad", int64_t{1}}})}),
           0.0f, 3.0f);
}

TEST(Intervals, OfSeveralTogetherHoldEach) {
  expect_y(interval_of_y(
               {node_of("Mul", {"x", "x"}, "square"), node_of("Concat", {"x", "square"}, "y", {{"axis", int64_t{1}}})}),
           1.0f, 9.0f);
}

TEST(Intervals, HoldEveryValueOfEveryLayer) {
  Random random;
  for (int network_number = 0; network_number < 10; ++network_number) {
    const LayerGraph layers = Sketch(random).layers();
    constexpr float low = -1.0f, high = 3.0f;
    const std::map<std::string, Intervals> known = intervals_of(layers, {{"x", {{low, high}}}}, accumulations());
    for (const sixfold_accumulation accumulation : accumulations()) {
      NetworkOptions options;
      options.type = SIXFOLD_FP16;
      options.accumulation = accumulation;
      const Network network(layers, options);
      const Arena arena(network.arena_bytes());
      for (int run = 0; run < 8; ++run) {
        const size_t size = static_cast<size_t>(count(layers.dims.at("x")));
        const std::vector<float> input = run % 2 == 0 ? random.floats(size, low, high) : random.ends(size, low, high);
        const Values values = values_of(network, arena, {input.data()});
        for (size_t i = 0; i < network.steps().size(); ++i) {
          const Step& step = network.steps()[i];
          if (step.value.empty()) continue;
          const Intervals& intervals = known.at(step.value);
          ASSERT_FALSE(intervals.empty()) << step.what << " is not known";
          expect_inside(values.steps[i], intervals, network.view(step.output).dims, step.what);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

}  // namespace
}  // namespace sixfold::net
