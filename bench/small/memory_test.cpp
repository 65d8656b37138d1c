#include "memory.hpp"

#include <gtest/gtest.h>

#include "../speed/layers.hpp"
#include "graph_runner.hpp"
#include "machine.hpp"
#include "name_of.hpp"

namespace sixfold::bench {
namespace {

constexpr double most_allowed = 1.15;

TEST(Memory, IsNotMuchMoreThanTheWeights) {
  for (const Network& network : networks) {
    const Graph graph = graph_of(network, 32);
    for (const BackendStatus& backend : backends_of_this_machine()) {
      if (!backend.supported) continue;
      for (const sixfold_type type : {SIXFOLD_FP32, SIXFOLD_FP16}) {
        const std::size_t held = GraphRunner(graph, {backend.name, type}).operator_bytes();
        EXPECT_GE(held, weight_bytes(graph, type));
        EXPECT_LE(static_cast<double>(held), most_allowed * static_cast<double>(weight_bytes(graph, type)))
            << network.name << ", " << backend.name << ", " << name_of(type);
      }
    }
  }
}

TEST(Memory, OfNoLayerIsMuchMoreThanItsWeights) {
  for (const DistinctLayer& distinct : distinct_layers()) {
    const Graph graph = graph_of(distinct.layer);
    if (!is_heavy(graph.nodes.front())) continue;
    for (const BackendStatus& backend : backends_of_this_machine()) {
      if (!backend.supported) continue;
      for (const Precision& precision : precisions) {
        if (!is_customary(precision, backend.name)) continue;  // halves that are emulated have one panel width for all
        EXPECT_LE(memory_ratio(graph.nodes.front(), backend.name, precision), most_allowed)
            << backend.name << ", " << name_of(precision) << ": " << identifier_of(distinct.layer);
      }
    }
  }
}

TEST(Memory, OfAPointwiseLayerIsCounted) {
  const Graph graph = graph_of({LayerKind::pointwise, 128, 96, 1, 1, 1, SIXFOLD_RELU6, false});
  EXPECT_EQ(weight_bytes(graph, SIXFOLD_FP16), 128u * 96u * 2u);
  EXPECT_THROW(most_for_its_weights(graph_of({LayerKind::pointwise, 8, 8, 1, 1, 1, SIXFOLD_RELU6, false}), "scalar",
                                    SIXFOLD_FP32),
               std::invalid_argument);
}

}  // namespace
}  // namespace sixfold::bench
