// The precision study finds the layer that goes wrong, proves the others, and its plan mends the network.
#include "precision.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "fuse.hpp"
#include "intervals.hpp"
#include "lower.hpp"

namespace sixfold::net {
namespace {

Node node(const std::string& type, std::vector<std::string> inputs, const std::string& output) {
  Node result;
  result.type = type;
  result.name = result.type + output;
  result.inputs = std::move(inputs);
  result.outputs = {output};
  return result;
}

// x -> convolution -> ReLU6 -> convolution by `weights`.
LayerGraph two_layers(std::vector<float> weights) {
  Graph graph;
  graph.opset = 13;
  graph.inputs = {{"x", {1, 2, 2, 2}}};
  graph.outputs = {"y"};
  graph.constants["first"] = Constant::of_floats({2, 2, 1, 1}, {1.0f, 0.5f, 0.25f, 2.0f});
  graph.constants["second"] = Constant::of_floats({1, 2, 1, 1}, std::move(weights));
  graph.constants["zero"] = Constant::of_floats({}, {0.0f});
  graph.constants["six"] = Constant::of_floats({}, {6.0f});
  graph.nodes = {node("Conv", {"x", "first"}, "sum"), node("Clip", {"sum", "zero", "six"}, "bounded"),
                 node("Conv", {"bounded", "second"}, "y")};
  LayerGraph layers = lower(graph, {});
  fuse(layers);
  return layers;
}

PrecisionStudy study(const LayerGraph& layers, const std::vector<float>& input) {
  const NetworkOptions options;
  const Network network(layers, options);
  const Arena arena(network.arena_bytes());
  const std::vector<const float*> inputs = {input.data()};
  return study_precision(layers, network, values_of(network, arena, inputs), inputs, options, 0.01);
}

const std::vector<float> kInput = {4.0f, 1.0f, 2.0f, 3.0f, 4.0f, 1.0f, 2.0f, 3.0f};
constexpr size_t kSecond = 2;  // the step of the second convolution; 0 brings in the input

TEST(Precision, ProvesAndPlansWhatIsHarmless) {
  const PrecisionStudy result = study(two_layers({1.0f, -1.0f}), kInput);
  ASSERT_EQ(accumulations().size(), 3u);
  for (const ModeResult& mode : result.modes) {
    EXPECT_FALSE(mode.first_bad) << mode.name;
    EXPECT_EQ(mode.agreement, 1.0);
  }
  ASSERT_EQ(result.plan.layers.size(), 2u);
  for (const PlannedLayer& choice : result.plan.layers) {
    EXPECT_EQ(choice.accumulation, SIXFOLD_ACCUMULATE_FP16);
    EXPECT_TRUE(choice.proved);
  }
  EXPECT_EQ(result.layers[kSecond].proved.back().largest, 6.0);  // after ReLU6
  EXPECT_EQ(result.plan.input.low, 1.0f);
  EXPECT_EQ(result.plan.input.high, 4.0f);
}

TEST(Precision, NamesTheLayerThatOverflowsAndMendsIt) {
  // The first product is beyond a half, the sum is not.
  const PrecisionStudy result = study(two_layers({20000.0f, -20000.0f}), kInput);
  const ModeResult& half = result.modes[accumulations().size() - 1];
  ASSERT_TRUE(half.first_bad);
  EXPECT_EQ(*half.first_bad, kSecond);
  EXPECT_EQ(half.fault, Fault::not_finite);
  EXPECT_NE(half.cure.find("accumulate this layer in fp32"), std::string::npos) << half.cure;
  EXPECT_FALSE(std::isfinite(result.layers[kSecond].alone.back().actual));
  EXPECT_FALSE(std::isfinite(half.evidence.actual));
  EXPECT_TRUE(std::isfinite(half.evidence.expected));
  EXPECT_EQ(half.evidence.channel, 0u);
  EXPECT_TRUE(result.layers[kSecond].proved.back().overflows);
  EXPECT_FALSE(result.modes[0].first_bad);
  ASSERT_EQ(result.plan.layers.size(), 2u);
  EXPECT_EQ(result.plan.layers[0].accumulation, SIXFOLD_ACCUMULATE_FP16);
  EXPECT_EQ(result.plan.layers[1].accumulation, SIXFOLD_ACCUMULATE_FP32);
  EXPECT_EQ(result.plan.layers[1].reason.find("fp16: overflows on this input; fp16 blocked: overflows on this input; "),
            0u)
      << result.plan.layers[1].reason;
  EXPECT_EQ(result.modes.back().output.not_finite, 0u);
}

TEST(Precision, SaysSoIfTheInputDoesNotFitAHalf) {
  std::vector<float> input = kInput;
  input[5] = 70000.0f;
  const PrecisionStudy result = study(two_layers({1.0f, -1.0f}), input);
  for (size_t mode = 0; mode < accumulations().size(); ++mode) {
    ASSERT_TRUE(result.modes[mode].first_bad);
    EXPECT_EQ(*result.modes[mode].first_bad, 0u);
    EXPECT_EQ(result.modes[mode].evidence.channel, 1u);
    EXPECT_EQ(result.modes[mode].evidence.expected, 70000.0f);
    EXPECT_EQ(result.modes[mode].cure, "the network's input does not fit a half: scale it");
  }
  EXPECT_EQ(result.plan.input.high, 70000.0f);
  for (const PlannedLayer& layer : result.plan.layers) EXPECT_FALSE(layer.proved);
}

TEST(Precision, SaysSoIfNoAccumulationHelps) {
  const PrecisionStudy result = study(two_layers({20000.0f, 20000.0f}), kInput);
  for (size_t mode = 0; mode < accumulations().size(); ++mode) {
    ASSERT_TRUE(result.modes[mode].first_bad);
    EXPECT_EQ(*result.modes[mode].first_bad, kSecond);
    EXPECT_EQ(result.modes[mode].fault, Fault::overflow);
    EXPECT_NE(result.modes[mode].cure.find("results do not fit a half"), std::string::npos);
    EXPECT_NE(result.modes[mode].cure.find("power of two"), std::string::npos);
    EXPECT_EQ(result.modes[mode].evidence.actual, std::numeric_limits<float>::infinity());
    EXPECT_GT(result.modes[mode].evidence.expected, 65504.0f);
  }
}

std::vector<float> output_of(const LayerGraph& layers, const NetworkOptions& options, const std::vector<float>& input) {
  const Network network(layers, options);
  const Arena arena(network.arena_bytes());
  network.run({input.data()}, arena.data());
  return network.outputs(arena.data()).at(0);
}

NetworkOptions half_network() {
  NetworkOptions options;
  options.type = SIXFOLD_FP16;
  return options;
}

TEST(Plan, IsTheSameAfterAFile) {
  Plan plan = study(two_layers({20000.0f, -20000.0f}), kInput).plan;
  plan.network = "two \"layers\".onnx";
  plan.layers[0].expected_error = std::numeric_limits<double>::infinity();
  const std::string path = testing::TempDir() + "sixfold_plan.json";
  write_plan(plan, path);
  const Plan read = read_plan(path);
  EXPECT_EQ(read.network, plan.network);
  EXPECT_EQ(read.threshold, plan.threshold);
  EXPECT_EQ(read.input.low, plan.input.low);
  EXPECT_EQ(read.input.high, plan.input.high);
  ASSERT_EQ(read.layers.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.layers[i].index, plan.layers[i].index);
    EXPECT_EQ(read.layers[i].value, plan.layers[i].value);
    EXPECT_EQ(read.layers[i].what, plan.layers[i].what);
    EXPECT_EQ(read.layers[i].accumulation, plan.layers[i].accumulation);
    EXPECT_EQ(read.layers[i].proved, plan.layers[i].proved);
    EXPECT_EQ(read.layers[i].expected_error, plan.layers[i].expected_error);
    EXPECT_EQ(read.layers[i].reason, plan.layers[i].reason);
  }
  EXPECT_EQ(json_of(read), json_of(plan));
}

TEST(Plan, IsWhatTheNetworkRunsBy) {
  const LayerGraph layers = two_layers({20000.0f, -20000.0f});
  Plan plan = study(layers, kInput).plan;
  ASSERT_EQ(plan.layers[1].accumulation, SIXFOLD_ACCUMULATE_FP32);
  const std::vector<float> finite = output_of(layers, planned(half_network(), layers, plan), kInput);
  EXPECT_TRUE(std::all_of(finite.begin(), finite.end(), [](float x) { return std::isfinite(x); }));
  plan.layers[1].accumulation = SIXFOLD_ACCUMULATE_FP16;  // which overflows
  const std::vector<float> infinite = output_of(layers, planned(half_network(), layers, plan), kInput);
  EXPECT_FALSE(std::all_of(infinite.begin(), infinite.end(), [](float x) { return std::isfinite(x); }));
}

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Plan, OfAnotherNetworkIsRefused) {
  const LayerGraph layers = two_layers({1.0f, -1.0f});
  const Plan plan = study(layers, kInput).plan;
  const auto refused = [&](const Plan& other) { return refusal([&] { planned(half_network(), layers, other); }); };
  EXPECT_EQ(refused(plan), "none");
  Plan other = plan;
  other.layers.pop_back();
  EXPECT_NE(refused(other).find("it lacks 'y'"), std::string::npos) << refused(other);
  other = plan;
  other.layers[1].value = "z";
  EXPECT_NE(refused(other).find("it has a layer 'z'"), std::string::npos) << refused(other);
  other = plan;
  other.layers.push_back(plan.layers[1]);
  EXPECT_NE(refused(other).find("twice"), std::string::npos) << refused(other);
}

TEST(Plan, BadFilesAreRefused) {
  const nlohmann::json sound = json_of(study(two_layers({1.0f, -1.0f}), kInput).plan);
  const auto refused = [](const nlohmann::json& document) { return refusal([&] { plan_of(document); }); };
  EXPECT_EQ(refused(sound), "none");
  EXPECT_EQ(refused(nlohmann::json::array()), "this is no plan");
  nlohmann::json bad = sound;
  bad["sixfold_plan"] = 2;
  EXPECT_EQ(refused(bad), "this plan is of version 2, known is 1");
  bad = sound;
  bad["layers"][0]["accumulation"] = "bf16";
  EXPECT_NE(refused(bad).find("no accumulation 'bf16'"), std::string::npos) << refused(bad);
  bad = sound;
  bad["layers"][0].erase("result");
  EXPECT_NE(refused(bad).find("result"), std::string::npos) << refused(bad);
  const std::string path = testing::TempDir() + "sixfold_no_plan.json";
  std::ofstream(path) << "this is not JSON";
  EXPECT_EQ(refusal([&] { read_plan(path); }), path + ": this is no plan");
  EXPECT_NE(refusal([&] { read_plan(path + ".missing"); }).find("cannot read"), std::string::npos);
}

// 1025 products, the first of which is so large that the others are lost beside it in fp16, and but 31 of them in blocks.
TEST(Precision, NamesTheLayerThatPassesTheThresholdAndTakesBlocks) {
  constexpr int64_t inputs = 1025;
  Graph graph;
  graph.opset = 13;
  graph.inputs = {{"x", {1, inputs, 1, 1}}};
  graph.outputs = {"y"};
  std::vector<float> weights(inputs, 0.5f);
  weights[0] = 2048.0f;
  graph.constants["w"] = Constant::of_floats({1, inputs, 1, 1}, std::move(weights));
  graph.nodes = {node("Conv", {"x", "w"}, "y")};
  LayerGraph layers = lower(graph, {});
  fuse(layers);
  const PrecisionStudy result = study(layers, std::vector<float>(inputs, 1.0f));
  const ModeResult& half = result.modes[accumulations().size() - 1];
  ASSERT_TRUE(half.first_bad);
  EXPECT_EQ(half.fault, Fault::threshold);
  EXPECT_EQ(half.evidence.expected, 2560.0f);
  EXPECT_EQ(half.evidence.actual, 2048.0f);
  EXPECT_EQ(half.cure.find("accumulate this layer in fp16 blocked: error 0."), 0u) << half.cure;
  ASSERT_EQ(result.plan.layers.size(), 1u);
  EXPECT_EQ(result.plan.layers[0].accumulation, SIXFOLD_ACCUMULATE_FP16_BLOCKED);
  EXPECT_EQ(result.plan.layers[0].reason.find("fp16: error 20 %; "), 0u) << result.plan.layers[0].reason;
  EXPECT_FALSE(result.modes[0].first_bad);
  EXPECT_FALSE(result.modes[1].first_bad);
}

TEST(Precision, ErrorsNameTheWorstElement) {
  const std::vector<float> reference = {1.0f, 2.0f, 3.0f, 4.0f};  // two channels of two pixels
  const LayerError error = error_of({1.0f, 2.0f, 3.5f, 4.25f}, reference, {1, 2, 1, 2});
  EXPECT_EQ(error.channel, 1u);
  EXPECT_EQ(error.expected, 3.0f);
  EXPECT_EQ(error.actual, 3.5f);
  EXPECT_EQ(error.difference.largest, 0.5);
  const float infinity = std::numeric_limits<float>::infinity();
  const LayerError infinite = error_of({1.0f, infinity, 9.0f, std::nanf("")}, reference, {1, 2, 1, 2});
  EXPECT_EQ(infinite.not_finite, 2u);
  EXPECT_EQ(infinite.channel, 0u);
  EXPECT_EQ(infinite.actual, infinity);
}

TEST(Precision, AgreementOfClassesAndOfPixels) {
  EXPECT_EQ(agreement({0.1f, 0.9f}, {0.4f, 0.6f}, {1, 2}), 1.0);
  EXPECT_EQ(agreement({0.7f, 0.3f}, {0.4f, 0.6f}, {1, 2}), 0.0);
  EXPECT_EQ(agreement({0.4f, 0.6f, 0.6f, 0.1f}, {0.4f, 0.6f, 0.4f, 0.2f}, {1, 1, 2, 2}), 0.75);
  EXPECT_EQ(agreement({std::nanf(""), 0.9f}, {0.4f, 0.6f}, {1, 2}), 0.0);
}

TEST(Intervals, AreOfHalvesAndPerChannel) {
  const Intervals intervals = observed({0.1f, 2.0f, -3.0f, -1.0f}, {1, 2, 1, 2});
  ASSERT_EQ(intervals.size(), 2u);
  EXPECT_EQ(intervals[0].low, 0x1.998p-4f);  // 0.1 as a half
  EXPECT_EQ(intervals[1].low, -3.0f);
  EXPECT_TRUE(observed({1e6f}, {1, 1}).empty());
  const Intervals wider = widened({{0.0f, 4.0f}, {-2.0f, 2.0f}}, 0.25f);
  EXPECT_EQ(wider[0].low, 0.0f);
  EXPECT_EQ(wider[0].high, 5.0f);
  EXPECT_EQ(wider[1].low, -3.0f);
}

}  // namespace
}  // namespace sixfold::net
