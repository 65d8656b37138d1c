#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "arena.hpp"
#include "graph_runner.hpp"
#include "machine.hpp"
#include "network_graph.hpp"
#include "reference_check.hpp"

namespace sixfold::bench {
namespace {

constexpr int small_image = 32;

TEST(Arena, KeepsApartWhatIsNeededTogether) {
  Random random(1);
  const auto draw = [&](float below) { return static_cast<std::size_t>(random.uniform(0.0f, below)); };
  for (int i = 0; i < 100; ++i) {
    std::vector<Lifetime> values;
    for (std::size_t step = 0; step < 30; ++step) values.push_back({1 + draw(1000.0f), step, step + draw(4.0f)});
    const ArenaPlan plan = plan_arena(values);
    for (std::size_t a = 0; a < values.size(); ++a) {
      EXPECT_EQ(plan.offsets[a] % 64, 0u);
      EXPECT_LE(plan.offsets[a] + values[a].bytes, plan.bytes);
      for (std::size_t b = 0; b < a; ++b) {
        if (values[a].first > values[b].last || values[b].first > values[a].last) continue;
        EXPECT_TRUE(plan.offsets[a] + values[a].bytes <= plan.offsets[b] ||
                    plan.offsets[b] + values[b].bytes <= plan.offsets[a]);
      }
    }
  }
}

TEST(Arena, UsesMemoryAgain) {
  const ArenaPlan plan = plan_arena({{640, 0, 1}, {64, 1, 2}, {640, 2, 3}});
  EXPECT_EQ(plan.bytes, 640u + 64u);
  EXPECT_EQ(plan.offsets[0], plan.offsets[2]);
}

std::map<StepKind, int> kinds_of(const Graph& graph) {
  std::map<StepKind, int> count;
  for (const Node& node : graph.nodes) ++count[node.kind];
  return count;
}

int residuals_of(const Graph& graph) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
    return node.kind == StepKind::layer && node.second >= 0;
  }));
}

// Counted in the tables of the papers.
TEST(Graphs, HaveTheirShortcutsAndSqueezes) {
  constexpr int residuals[network_count] = {0, 10, 10, 6};
  constexpr int squeezes[network_count] = {0, 0, 8, 9};
  for (std::size_t i = 0; i < network_count; ++i) {
    const Graph graph = graph_of(networks[i], small_image);
    EXPECT_EQ(residuals_of(graph), residuals[i]) << graph.name;
    EXPECT_EQ(kinds_of(graph)[StepKind::channel_scale], squeezes[i]) << graph.name;
    EXPECT_EQ(kinds_of(graph)[StepKind::global_pool], squeezes[i] + 1) << graph.name;
    EXPECT_EQ(graph.values.back().count(), 1000u) << graph.name;
  }
}

// All of them can be left to the layer behind, and no value changes.
TEST(Graphs, LeaveScalesToLayers) {
  for (const Network& network : networks) {
    const Graph graph = graph_of(network, small_image);
    const Graph fused = with_scales_in_layers(graph);
    EXPECT_EQ(kinds_of(fused)[StepKind::channel_scale], 0) << graph.name;
    EXPECT_EQ(fused.nodes.size() + static_cast<std::size_t>(kinds_of(graph)[StepKind::channel_scale]),
              graph.nodes.size());
    const auto inputs = inputs_for(graph);
    for (const Precision& precision : precisions) {
      GraphRunner apart(graph, {"scalar", precision}), together(fused, {"scalar", precision});
      apart.set_inputs(inputs);
      together.set_inputs(inputs);
      apart.run();
      together.run();
      EXPECT_EQ(apart.output(), together.output()) << graph.name << " " << name_of(precision);
    }
  }
}

TEST(Graphs, KeepScalesThatOthersRead) {
  Graph graph = graph_of(networks[3], small_image);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {  // the first is read once more
    if (graph.nodes[i].kind != StepKind::channel_scale) continue;
    graph.nodes.push_back({StepKind::global_pool, {}, {}, graph.value_of(i), -1});
    graph.values.push_back({1, 1, 1, graph.shape(graph.value_of(i)).channels});
    break;
  }
  EXPECT_EQ(kinds_of(with_scales_in_layers(graph))[StepKind::channel_scale], 1);
}

TEST(Graphs, AddImagesOfTheSameShape) {
  for (const Network& network : networks) {
    const Graph graph = graph_of(network, small_image);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node& node = graph.nodes[i];
      if (node.kind != StepKind::layer || node.second < 0) continue;
      const Shape& output = graph.shape(graph.value_of(i));
      const Shape& residual = graph.shape(node.second);
      EXPECT_EQ(residual.count(), output.count()) << graph.name << ", node " << i;
      EXPECT_EQ(residual.channels, output.channels) << graph.name << ", node " << i;
    }
  }
}

// Neither dying out nor growing, in every node: only then do fp16 and the comparison of values mean something.
TEST(Graphs, KeepValuesInRange) {
  for (const Network& network : networks) {
    const Graph graph = graph_of(network, small_image);
    GraphRunner runner(graph, {"scalar", SIXFOLD_FP16});
    runner.set_inputs(inputs_for(graph));
    const auto values = recorded_values(runner);
    for (std::size_t node = 0; node < values.size(); ++node) {
      double squares = 0.0;
      for (const float value : values[node].values) squares += static_cast<double>(value) * static_cast<double>(value);
      const double size = std::sqrt(squares / static_cast<double>(values[node].values.size()));
      EXPECT_GT(size, 0.05) << graph.name << ", node " << node;
      EXPECT_LT(size, 20.0) << graph.name << ", node " << node;
    }
  }
}

TEST(Runner, AgreesWithTheReferenceOnEveryBackendAndNumberOfThreads) {
  for (const Network& network : networks) {
    const Graph graph = with_scales_in_layers(graph_of(network, small_image));
    const auto inputs = inputs_for(graph);
    for (const Precision& precision : precisions) {
      GraphRunner scalar(graph, {"scalar", precision});
      scalar.set_inputs(inputs);
      const auto expected = recorded_values(scalar);
      EXPECT_EQ(difference_from_reference(graph, inputs, precision, expected), "")
          << graph.name << " " << name_of(precision);
      for (const BackendStatus& backend : backends_of_this_machine()) {
        if (!backend.supported) continue;
        for (const std::size_t threads : {1u, 3u}) {
          ThreadPool pool(threads);
          GraphRunner runner(graph, {backend.name, precision, &pool});
          runner.set_inputs(inputs);
          EXPECT_EQ(difference(expected, recorded_values(runner)), "")
              << graph.name << " on " << backend.name << ", " << name_of(precision) << ", " << threads << " threads";
        }
      }
    }
  }
}

TEST(Runner, RunsASingleLayerWithItsResidual) {
  const Graph graph = graph_of({LayerKind::pointwise, 24, 16, 7, 1, 1, SIXFOLD_IDENTITY, true});
  EXPECT_EQ(graph.input_count, 2u);
  const auto inputs = inputs_for(graph);
  GraphRunner runner(graph, {"scalar"});
  runner.set_inputs(inputs);
  EXPECT_EQ(difference_from_reference(graph, inputs, SIXFOLD_FP32, recorded_values(runner)), "");
  EXPECT_EQ(runner.output().size(), 7u * 7u * 16u);
}

TEST(Checks, FindOneWrongValue) {
  const Graph graph = graph_of({LayerKind::pointwise, 24, 16, 7, 1, 1, SIXFOLD_IDENTITY, true});
  const auto inputs = inputs_for(graph);
  GraphRunner runner(graph, {"scalar"});
  runner.set_inputs(inputs);
  const auto right = recorded_values(runner);
  auto wrong = right;
  float& value = wrong[0].values[100];
  value = std::nextafter(value, 1e9f);
  EXPECT_NE(difference_from_reference(graph, inputs, SIXFOLD_FP32, wrong), "");
  EXPECT_NE(difference(right, wrong), "");
}

TEST(Runner, UsesMemoryAgain) {
  for (const Network& network : networks) {
    const Graph graph = graph_of(network, customary_image_size);
    std::size_t all = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) all += graph.shape(graph.value_of(i)).count() * sizeof(float);
    EXPECT_LT(GraphRunner(graph, {"scalar"}).activation_bytes(), all / 3) << graph.name;
  }
}

}  // namespace
}  // namespace sixfold::bench
