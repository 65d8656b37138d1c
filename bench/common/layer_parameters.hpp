// Seeded weights for a layer, and the descriptors that go with them.
#pragma once

#include <sixfold/sixfold.h>

#include <vector>

#include "networks.hpp"
#include "precision.hpp"
#include "tensor.hpp"

namespace sixfold::bench {

// Weights that keep a layer's output about as large as its input, however many layers follow one another. A convolution has a
// batch norm like those of trained networks; a fully connected layer has a bias.
struct LayerParameters {
  std::vector<float> weights;  // OHWI
  std::vector<float> mean, variance, gamma, beta;
  std::vector<float> bias;

  LayerParameters(const Layer& layer, Random& random);

  sixfold_batch_norm batch_norm() const;
};

// What a convolution is for a library that knows no batch norm: folded in double, rounded once.
struct FoldedParameters {
  std::vector<float> weights;  // OHWI
  std::vector<float> bias;
};

FoldedParameters folded(const Layer& layer, const LayerParameters& parameters);

// The parameters must outlive the descriptors.
sixfold_conv_desc conv_desc(const Layer& layer, const LayerParameters& parameters, const Precision& precision);
sixfold_fully_connected_desc fully_connected_desc(const Layer& layer, const LayerParameters& parameters,
                                                  const Precision& precision);

// Throws std::runtime_error if the library refuses.
Operator make_operator(const Layer& layer, const LayerParameters& parameters, const std::string& backend,
                       const Precision& precision, sixfold_input_scale input_scale = SIXFOLD_NO_INPUT_SCALE);

}  // namespace sixfold::bench
