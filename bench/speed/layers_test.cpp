#include "layers.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sixfold::bench {
namespace {

TEST(DistinctLayers, AddUpToTheNetworks) {
  for (std::size_t network = 0; network < network_count; ++network) {
    std::int64_t multiply_adds = 0;
    std::size_t layers = 0;
    for (const DistinctLayer& distinct : distinct_layers()) {
      multiply_adds += distinct.uses[network] * distinct.layer.multiply_adds();
      layers += static_cast<std::size_t>(distinct.uses[network]);
    }
    EXPECT_EQ(multiply_adds, networks[network].layers.multiply_adds()) << networks[network].name;
    EXPECT_EQ(layers, networks[network].layers.count) << networks[network].name;
  }
}

TEST(DistinctLayers, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const DistinctLayer& distinct : distinct_layers()) {
    EXPECT_TRUE(names.insert(identifier_of(distinct.layer)).second) << identifier_of(distinct.layer);
  }
}

// The trainable parameters of the published models (V1 of Keras, the others of torchvision), which the tables were not made from:
// all weights, a bias an output of a fully connected layer, and for any other layer a batch norm's scale and shift.
TEST(Networks, HaveAsManyParametersAsPublished) {
  constexpr std::int64_t published[network_count] = {4'231'976, 3'504'872, 5'483'032, 2'542'856};
  for (std::size_t network = 0; network < network_count; ++network) {
    std::int64_t parameters = 0;
    for (const Layer& layer : networks[network].layers) {
      const int an_output = layer.kind == LayerKind::fully_connected ? 1 : 2;
      parameters += layer.weights() + an_output * layer.output_channels;
    }
    EXPECT_EQ(parameters, published[network]) << networks[network].name;
  }
}

TEST(Layers, AreDescribed) {
  const Layer layer{LayerKind::depthwise, 72, 72, 56, 5, 2, SIXFOLD_HARD_SWISH, false};
  EXPECT_EQ(title_of(layer), "dw 5x5/2 hswish");
  EXPECT_EQ(shape_of(layer), "56x56x72 > 28x28x72");
  EXPECT_EQ(identifier_of(layer), "dw_5x5s2_hswish_56x56x72_to_28x28x72");
  EXPECT_EQ(uses_of({layer, {5, 0, 1, 0}}), "v1:5 v3l");
}

TEST(Layers, PadAsTensorFlowDoes) {
  const Layer first{LayerKind::conv, 3, 32, 224, 3, 2, SIXFOLD_RELU6, false};
  EXPECT_EQ(first.output_size(), 112);
  EXPECT_EQ(first.padding_before(), 0);
  EXPECT_EQ(first.padding_after(), 1);
  const Layer wide{LayerKind::depthwise, 8, 8, 14, 5, 1, SIXFOLD_RELU6, false};
  EXPECT_EQ(wide.padding_before(), 2);
  EXPECT_EQ(wide.padding_after(), 2);
}

}  // namespace
}  // namespace sixfold::bench
