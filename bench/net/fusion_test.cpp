// What is fused and what must not be, and that fusing changes no more than roundings: small graphs, built here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "constants.hpp"
#include "fuse.hpp"
#include "lower.hpp"
#include "network.hpp"
#include "spelled.hpp"

namespace sixfold::net {
namespace {

std::vector<float> random_floats(size_t count, float low = -1.0f, float high = 1.0f) {
  static std::mt19937 generator(7);
  std::vector<float> values(count);
  for (float& value : values) value = low + (high - low) * static_cast<float>(generator() >> 8) / 16777216.0f;
  return values;
}

// A graph of one input "x" and one output, grown node by node. Each function returns the name of its result.
class Sketch {
 public:
  explicit Sketch(Dims input) : input_(std::move(input)) {
    graph_.opset = 13;
    graph_.inputs = {{"x", input_}};
  }

  std::string node(const std::string& type, const std::vector<std::string>& inputs,
                   std::map<std::string, Attribute> attributes = {}) {
    Node node;
    node.type = type;
    node.inputs = inputs;
    node.outputs = {type + std::to_string(graph_.nodes.size())};
    node.name = node.outputs[0];
    node.attributes = std::move(attributes);
    graph_.nodes.push_back(node);
    return node.outputs[0];
  }

  std::string constant(Dims dims, std::vector<float> values) {
    const std::string name = "c" + std::to_string(graph_.constants.size());
    graph_.constants[name] = Constant::of_floats(std::move(dims), std::move(values));
    return name;
  }
  std::string scalar(float value) { return constant({}, {value}); }
  std::string random(Dims dims, float low = -1.0f, float high = 1.0f) {
    const auto size = static_cast<size_t>(count(dims));
    return constant(std::move(dims), random_floats(size, low, high));
  }
  std::string integers(std::vector<int64_t> values) {
    const std::string name = "c" + std::to_string(graph_.constants.size());
    graph_.constants[name] = Constant::of_ints(std::move(values));
    return name;
  }

  std::string conv(const std::string& from, int64_t inputs, int64_t outputs, int64_t kernel = 1) {
    const std::vector<int64_t> pads(4, kernel / 2);
    return node("Conv", {from, random({outputs, inputs, kernel, kernel}), random({outputs})}, {{"pads", pads}});
  }
  std::string batch_norm(const std::string& from, int64_t channels) {
    return node("BatchNormalization",
                {from, random({channels}), random({channels}), random({channels}), random({channels}, 0.5f, 2.0f)});
  }
  std::string spelled_hard_swish(const std::string& from) {
    const std::string clipped = node("Clip", {node("Add", {from, scalar(3)}), scalar(0), scalar(6)});
    return node("Div", {node("Mul", {from, clipped}), scalar(6)});
  }

  void output(const std::string& name) { graph_.outputs.push_back(name); }
  Graph graph() const { return graph_; }
  const Dims& input() const { return input_; }

 private:
  Dims input_;
  Graph graph_;
};

LayerGraph layers_of(const Sketch& sketch, bool fused) {
  Graph graph = sketch.graph();
  if (fused) recognise_spelled_activations(graph);
  LayerGraph layers = lower(graph, {});
  if (fused) {
    fuse(layers);
  } else {
    fuse_only_what_must_be(layers);
  }
  return layers;
}

std::vector<std::string> fused_texts(const Sketch& sketch) {
  std::vector<std::string> texts;
  for (const Layer& layer : layers_of(sketch, true).layers) texts.push_back(joined_types(layer));
  return texts;
}

// Runs with an arena full of NaN: what is read before it is written shows.
std::vector<float> run(const Network& network, const std::vector<float>& input) {
  std::vector<unsigned char> memory(network.arena_bytes() + 64, 0xff);
  void* arena = memory.data();
  size_t space = memory.size();
  std::align(64, network.arena_bytes(), arena, space);
  network.run({input.data()}, arena);
  return network.outputs(arena).at(0);
}

std::vector<float> run(const Sketch& sketch, const std::vector<float>& input, bool fused,
                       sixfold_type type = SIXFOLD_FP32) {
  return run(Network(layers_of(sketch, fused), {type, ""}), input);
}

std::vector<float> input_for(const Sketch& sketch) {
  return random_floats(static_cast<size_t>(count(sketch.input())), -4.0f, 4.0f);
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 1;
  for (const float value : expected) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], relative * largest) << "at element " << i;
}

// Sums here have at most 8 * 9 terms, each with a few roundings, and pass at most four layers.
constexpr double kFewRoundings = 4 * 4 * 72 * 0x1p-24;
constexpr double kFewHalfRoundings = 4 * 72 * 0x1p-11;

void expect_fused_to(const Sketch& sketch, const std::vector<std::string>& texts) {
  EXPECT_EQ(fused_texts(sketch), texts);
  const std::vector<float> input = input_for(sketch);
  const std::vector<float> separate = run(sketch, input, false);
  expect_near(run(sketch, input, true), separate, kFewRoundings);
  expect_near(run(sketch, input, true, SIXFOLD_FP16), separate, kFewHalfRoundings);
}

TEST(Fusion, ConvolutionBatchNormAndHardSwishInFourNodes) {
  Sketch s({1, 4, 5, 6});
  s.output(s.spelled_hard_swish(s.batch_norm(s.conv("x", 4, 8, 3), 8)));
  expect_fused_to(s, {"Conv+BatchNormalization+HardSwish"});
}

TEST(Fusion, ScaleAndShiftBeforeAndAfterTheActivation) {
  Sketch s({2, 4, 5, 6});
  const std::string before =
      s.node("Add", {s.node("Mul", {s.random({1, 8, 1, 1}), s.conv("x", 4, 8)}), s.random({8, 1, 1})});
  s.output(s.node("Add", {s.node("Mul", {s.node("Relu", {before}), s.scalar(0.7f)}), s.scalar(0.2f)}));
  expect_fused_to(s, {"Conv+Mul+Add+Relu+Mul+Add"});
}

TEST(Fusion, ResidualBeforeTheActivation) {
  Sketch s({1, 8, 5, 6});
  s.output(s.node("Relu", {s.node("Add", {"x", s.batch_norm(s.conv("x", 8, 8), 8)})}));
  expect_fused_to(s, {"Conv+BatchNormalization+Add+Relu"});
}

TEST(Fusion, ResidualAfterTheActivationIsLast) {
  Sketch s({1, 8, 5, 6});
  s.output(s.node("Relu", {s.node("Add", {s.node("Sigmoid", {s.conv("x", 8, 8)}), "x"})}));
  expect_fused_to(s, {"Conv+Sigmoid+Add", "Relu"});
}

TEST(Fusion, ResidualThatIsComputedLater) {
  Sketch s({1, 8, 5, 6});
  const std::string first = s.conv("x", 8, 8), second = s.node("Tanh", {s.conv("x", 8, 8, 3)});
  s.output(s.node("Add", {first, second}));
  expect_fused_to(s, {"Conv+Tanh", "Conv+Add"});
}

TEST(Fusion, ValueAddedToItself) {
  Sketch s({1, 8, 5, 6});
  const std::string conv = s.conv("x", 8, 8);
  s.output(s.node("Add", {conv, conv}));
  expect_fused_to(s, {"Conv", "Add"});
}

TEST(Fusion, ValueWithTwoReadersStays) {
  Sketch s({1, 4, 5, 6});
  const std::string norm = s.batch_norm(s.conv("x", 4, 8), 8);
  s.output(s.node("Mul", {s.node("Relu", {norm}), s.node("Tanh", {norm})}));
  expect_fused_to(s, {"Conv+BatchNormalization", "Relu", "Tanh", "Mul"});
}

TEST(Fusion, OutputOfTheNetworkStays) {
  Sketch s({1, 4, 5, 6});
  const std::string norm = s.batch_norm(s.conv("x", 4, 8), 8);
  s.output(norm);
  s.output(s.node("Relu", {norm}));
  expect_fused_to(s, {"Conv+BatchNormalization", "Relu"});
}

TEST(Fusion, InnerValueOfASpelledActivationThatIsReadElsewhere) {
  Sketch s({1, 4, 5, 6});
  const std::string sum = s.node("Add", {"x", s.scalar(3)});
  const std::string clipped = s.node("Clip", {sum, s.scalar(0), s.scalar(6)});
  const std::string swish = s.node("Div", {s.node("Mul", {"x", clipped}), s.scalar(6)});
  s.output(s.node("Add", {swish, clipped}));
  const std::vector<std::string> texts = fused_texts(s);
  EXPECT_EQ(std::count(texts.begin(), texts.end(), "HardSwish"), 0);
}

TEST(Fusion, BatchNormAloneBecomesAConvolutionAndTakesTheActivation) {
  Sketch s({2, 4, 5, 6});
  s.output(s.node("LeakyRelu", {s.batch_norm("x", 4)}, {{"alpha", 0.1f}}));
  expect_fused_to(s, {"BatchNormalization+LeakyRelu"});
}

TEST(Fusion, PaddingGoesIntoTheConvolution) {
  Sketch s({1, 4, 5, 6});
  const std::string padded = s.node("Pad", {"x", s.integers({0, 0, 1, 0, 0, 0, 2, 1})});
  s.output(s.node("Relu", {s.node("Conv", {padded, s.random({8, 4, 3, 3})})}));
  expect_fused_to(s, {"Pad+Conv+Relu"});
}

TEST(Fusion, PaddingWithTwoReadersIsRefused) {
  Sketch s({1, 4, 5, 6});
  const std::string padded = s.node("Pad", {"x", s.integers({0, 0, 1, 1, 0, 0, 1, 1})});
  s.output(s.node("Add", {s.node("Relu", {padded}), padded}));
  EXPECT_THROW(run(s, input_for(s), true), Error);
}

TEST(Fusion, SqueezeAndExcite) {
  Sketch s({2, 8, 5, 6});
  const std::string pooled = s.node("GlobalAveragePool", {"x"});
  const std::string factors = s.node("HardSigmoid", {s.conv(s.node("Relu", {s.conv(pooled, 8, 3)}), 3, 8)});
  s.output(s.node("Relu", {s.node("Mul", {factors, "x"})}));
  expect_fused_to(s, {"GlobalAveragePool", "Conv+Relu", "Conv+HardSigmoid", "Mul+Relu"});
}

std::string factors_of(Sketch& s, const std::string& image) {
  const std::string pooled = s.node("GlobalAveragePool", {image});
  return s.node("HardSigmoid", {s.conv(s.node("Relu", {s.conv(pooled, 8, 3)}), 3, 8)});
}

TEST(Fusion, FactorsGoIntoThePointwiseConvolutionBehind) {
  Sketch s({2, 8, 5, 6});
  const std::string factors = factors_of(s, "x");
  s.output(s.node("Relu", {s.conv(s.node("Mul", {factors, "x"}), 8, 7)}));
  expect_fused_to(s, {"GlobalAveragePool", "Conv+Relu", "Conv+HardSigmoid", "Mul+Conv+Relu"});
}

TEST(Fusion, FactorsComeBehindTheResidual) {
  Sketch s({2, 8, 5, 6});
  const std::string image = s.conv("x", 8, 8, 3);
  const std::string factors = factors_of(s, image);
  s.output(s.node("Add", {"x", s.conv(s.node("Mul", {image, factors}), 8, 8)}));
  expect_fused_to(s, {"Conv", "GlobalAveragePool", "Conv+Relu", "Conv+HardSigmoid", "Mul+Conv+Add"});
}

TEST(Fusion, FactorsOnOtherConvolutionsStay) {
  Sketch s({2, 8, 5, 6});
  s.output(s.conv(s.node("Mul", {factors_of(s, "x"), "x"}), 8, 7, 3));
  expect_fused_to(s, {"GlobalAveragePool", "Conv+Relu", "Conv+HardSigmoid", "Mul", "Conv"});
}

TEST(Fusion, ProductsOfImagesStay) {
  Sketch s({2, 8, 5, 6});
  s.output(s.conv(s.node("Mul", {s.conv("x", 8, 8), "x"}), 8, 7));
  expect_fused_to(s, {"Conv", "Mul", "Conv"});
}

TEST(Fusion, MatrixProductWithBiasAndActivation) {
  Sketch s({3, 8});
  s.output(s.node("Relu", {s.node("Add", {s.node("MatMul", {"x", s.random({8, 5})}), s.random({5})})}));
  expect_fused_to(s, {"MatMul+Add+Relu"});
}

struct Spelling {
  const char* name;
  std::string (*spell)(Sketch&, const std::string&);
};

class Spelled : public testing::TestWithParam<Spelling> {};

TEST_P(Spelled, IsOneActivation) {
  Sketch s({1, 8, 5, 6});
  s.output(GetParam().spell(s, s.conv("x", 8, 8)));
  expect_fused_to(s, {std::string("Conv+") + GetParam().name});
}

INSTANTIATE_TEST_SUITE_P(
    Activation, Spelled,
    testing::Values(
        Spelling{"HardSwish", [](Sketch& s, const std::string& x) { return s.spelled_hard_swish(x); }},
        Spelling{
            "HardSwish",
            [](Sketch& s, const std::string& x) {
              const std::string clipped = s.node("Clip", {s.node("Add", {s.scalar(3), x}), s.scalar(0), s.scalar(6)});
              return s.node("Mul", {s.node("Div", {clipped, s.scalar(6)}), x});
            }},
        Spelling{"HardSwish",
                 [](Sketch& s, const std::string& x) {
                   return s.node("Mul", {x, s.node("HardSigmoid", {x}, {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}})});
                 }},
        Spelling{
            "HardSigmoid",
            [](Sketch& s, const std::string& x) {
              const std::string clipped = s.node("Clip", {s.node("Add", {x, s.scalar(3)}), s.scalar(0), s.scalar(6)});
              return s.node("Mul", {clipped, s.scalar(1.0f / 6.0f)});
            }},
        Spelling{"Swish",
                 [](Sketch& s, const std::string& x) {
                   return s.node("Mul", {s.node("Sigmoid", {x}), x});
                 }},
        Spelling{"Mish", [](Sketch& s, const std::string& x) {
                   return s.node("Mul", {x, s.node("Tanh", {s.node("Softplus", {x})})});
                 }}));

TEST(Spelled, GeluIsTheErrorFunction) {  // the pieces cannot run by themselves: the library has no erf
  Sketch s({1, 1, 1, 5});
  const std::string erf = s.node("Erf", {s.node("Div", {"x", s.scalar(1.41421356f)})});
  s.output(s.node("Mul", {s.node("Mul", {"x", s.node("Add", {erf, s.scalar(1)})}), s.scalar(0.5f)}));
  const std::vector<float> input = {-3.0f, -0.5f, 0.0f, 1.0f, 2.5f};
  std::vector<float> expected;
  for (const float x : input) expected.push_back(0.5f * x * (1.0f + std::erf(x / std::sqrt(2.0f))));
  expect_near(run(s, input, true), expected, kFewRoundings);
}

// ---- shapes and memory: against what ONNX says, element by element

TEST(Shapes, ReshapeOfAnImageKeepsTheOrderOfOnnx) {
  Sketch s({2, 3, 4, 5});
  s.output(s.node("Reshape", {"x", s.integers({5, 12, 1, 2})}));
  const std::vector<float> input = input_for(s);
  EXPECT_EQ(run(s, input, true), input);
}

TEST(Shapes, FlattenedImageMeetsItsWeightsInTheOrderOfOnnx) {
  Sketch s({1, 3, 2, 2});
  std::vector<float> weights(12, 0.0f);
  weights[7] = 1.0f;  // channel 1, row 1, column 1
  s.output(s.node("Gemm", {s.node("Flatten", {s.node("Relu", {"x"})}), s.constant({12, 1}, weights)}));
  std::vector<float> input(12, 0.0f);
  for (size_t i = 0; i < 12; ++i) input[i] = static_cast<float>(i);
  EXPECT_EQ(run(s, input, true), std::vector<float>{7.0f});
}

TEST(Shapes, TransposeMovesElements) {
  Sketch s({2, 3, 4, 5});
  s.output(s.node("Transpose", {"x"}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}}));
  const std::vector<float> input = input_for(s);
  EXPECT_EQ(run(s, input, true), transpose(Constant::of_floats({2, 3, 4, 5}, input), {0, 2, 3, 1}).floats);
}

TEST(Shapes, TransposedConvolutionGivesABlockForEachPixel) {
  Sketch s({1, 1, 1, 2});
  const std::string weights = s.constant({1, 2, 2, 2}, {1, 2, 3, 4, 10, 20, 30, 40});
  s.output(
      s.node("ConvTranspose", {"x", weights, s.constant({2}, {0.5f, 0})}, {{"strides", std::vector<int64_t>{2, 2}}}));
  EXPECT_EQ(run(s, {1, 5}, true), (std::vector<float>{1.5f, 2.5f, 5.5f, 10.5f, 3.5f, 4.5f, 15.5f, 20.5f,  //
                                                      10, 20, 50, 100, 30, 40, 150, 200}));
}

TEST(Shapes, MeanOverHeightAndWidth) {
  Sketch s({1, 2, 2, 2});
  s.output(s.node("ReduceMean", {"x"}, {{"axes", std::vector<int64_t>{2, 3}}, {"keepdims", int64_t{0}}}));
  EXPECT_EQ(run(s, {1, 2, 3, 6, 10, 20, 30, 40}, true), (std::vector<float>{3, 25}));
}

TEST(Shapes, ShapeArithmeticIsDoneBeforehand) {
  Sketch s({2, 6, 1, 1});
  const std::string shape = s.node("Shape", {"x"});
  const std::string batch = s.node("Slice", {shape, s.integers({0}), s.integers({1})});
  s.output(
      s.node("Relu", {s.node("Reshape", {"x", s.node("Concat", {batch, s.integers({-1})}, {{"axis", int64_t{0}}})})}));
  EXPECT_EQ(layers_of(s, true).dims.at(layers_of(s, true).outputs[0]), (Dims{2, 6}));
}

// Concat has the values a, b, a along channels.
std::vector<float> concatenated(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> result = a;
  result.insert(result.end(), b.begin(), b.end());
  return result;
}

TEST(Memory, ConcatenatedValuesAreComputedInPlace) {
  Sketch s({1, 3, 4, 5});
  const std::string a = s.node("Relu", {"x"}), b = s.node("Tanh", {"x"});
  s.output(s.node("Concat", {a, b}, {{"axis", int64_t{1}}}));
  const Network network(layers_of(s, true), {});
  EXPECT_EQ(network.steps().size(), 3u) << "input, Relu, Tanh, and no copy";
  Sketch only_a({1, 3, 4, 5}), only_b({1, 3, 4, 5});
  only_a.output(only_a.node("Relu", {"x"}));
  only_b.output(only_b.node("Tanh", {"x"}));
  const std::vector<float> input = input_for(s);
  EXPECT_EQ(run(network, input), concatenated(run(only_a, input, true), run(only_b, input, true)));
}

TEST(Memory, AConcatenatedValueCanBeReadElsewhereAndTwice) {
  Sketch s({1, 3, 4, 5});
  const std::string a = s.node("Relu", {"x"});
  const std::string twice = s.node("Concat", {a, a}, {{"axis", int64_t{1}}});
  s.output(s.node("Concat", {twice, s.node("Tanh", {a})}, {{"axis", int64_t{1}}}));
  const std::vector<float> input = input_for(s);
  Sketch only_a({1, 3, 4, 5}), only_b({1, 3, 4, 5});
  only_a.output(only_a.node("Relu", {"x"}));
  only_b.output(only_b.node("Tanh", {only_b.node("Relu", {"x"})}));
  const std::vector<float> relu = run(only_a, input, true);
  EXPECT_EQ(run(s, input, true), concatenated(concatenated(relu, relu), run(only_b, input, true)));
}

TEST(Memory, ReusesWhatIsNoLongerNeeded) {
  Sketch s({1, 8, 16, 16});
  std::string value = "x";
  for (int i = 0; i < 10; ++i) value = s.conv(value, 8, 8, 3);
  s.output(value);
  const size_t one = 8 * 16 * 16 * sizeof(float);
  LayerGraph layers = layers_of(s, true);
  const Network network(layers, {});
  size_t workspace = 0;
  for (const Step& step : network.steps()) workspace = std::max(workspace, step.workspace_bytes);
  EXPECT_LE(network.arena_bytes(), 2 * one + workspace + 64) << "a chain needs two values at a time";
}

// ---- errors

std::string error_of(const Sketch& sketch) {
  try {
    const Network network(layers_of(sketch, true), {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Errors, AnUnknownOperatorIsNamedWithItsType) {
  Sketch s({1, 3, 4, 5});
  s.output(s.node("LSTM", {"x"}));
  EXPECT_EQ(error_of(s), "LSTM 'LSTM0': this operator is not supported");
}

TEST(Errors, WhatTheLibraryRefusesNamesTheLayer) {
  Sketch s({1, 3, 4, 5});
  s.output(s.node("Relu", {s.node("BatchNormalization",
                                  {"x", s.random({3}), s.random({3}), s.random({3}), s.constant({3}, {1, -1, 1})})}));
  EXPECT_NE(error_of(s).find("BatchNormalization+Relu 'Relu1'"), std::string::npos) << error_of(s);
  EXPECT_NE(error_of(s).find("variance"), std::string::npos) << error_of(s);
}

TEST(Errors, WeightsThatAreComputedAreRefused) {
  Sketch s({1, 3, 3, 3});
  s.output(s.node("Conv", {"x", s.node("Relu", {"x"})}));
  EXPECT_EQ(error_of(s), "Conv 'Conv1': input 'Relu0' must be a constant");
}

TEST(Errors, AnUnknownBackendIsAnError) {
  Sketch s({1, 3, 4, 5});
  s.output(s.node("Relu", {"x"}));
  EXPECT_THROW(Network(layers_of(s, true), {SIXFOLD_FP32, "abacus"}), Error);
}

}  // namespace
}  // namespace sixfold::net
