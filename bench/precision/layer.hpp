// A pointwise layer in half precision next to the same layer in double.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiment.hpp"

namespace sixfold::bench {

struct PointwiseLayer {
  std::size_t input_channels;
  float input_low;
  float input_high;
  float weight_bound;                  // weights are spread evenly from -bound to bound...
  bool positive;                       // ...or from 0
  sixfold_activation_kind activation;  // IDENTITY, RELU or RELU6
};

// Runs it on seeded random data, and compares every output. Inputs and weights are rounded to half before either side sees
// them, so that what is measured is the arithmetic and the rounding of the output.
ErrorStatistics compare_with_double(const PointwiseLayer& layer, const Mode& mode, const std::string& backend);

}  // namespace sixfold::bench
