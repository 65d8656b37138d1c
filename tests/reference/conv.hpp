// Convolution and fully connected, one output element after another, in the order that sixfold.h promises.
#pragma once

#include "image.hpp"

namespace sixfold::reference {

// The arrays that a descriptor points to; an empty one stands for NULL. Weights lie in the descriptor's layout.
struct ConvArrays {
  std::vector<float> weights;
  std::vector<float> bias;
  std::vector<float> mean;
  std::vector<float> variance;
  std::vector<float> gamma;
  std::vector<float> beta;
  std::vector<float> slopes;
};

struct Size {
  std::size_t height, width;
};
Size conv_output_size(const sixfold_conv_desc& desc, const Image& input);

// The descriptor's pointers are not looked at. residual: NULL for none.
Expected conv(const sixfold_conv_desc& desc, const ConvArrays& arrays, const Image& input, const Image* residual);

// A fully connected layer is a convolution with one tap.
sixfold_conv_desc as_conv(const sixfold_fully_connected_desc& desc);

}  // namespace sixfold::reference
