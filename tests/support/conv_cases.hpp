// Convolutions to try: shapes that hit every tail of a kernel, dressed with random options, and random ones.
#pragma once

#include <string>
#include <vector>

#include "reference/conv.hpp"
#include "support/arithmetic.hpp"
#include "support/operator.hpp"
#include "support/random.hpp"

namespace sixfold::test {

struct ConvShape {
  std::size_t batch = 1, height = 1, width = 1;
  std::size_t input_channels = 1, output_channels = 1, groups = 1;
  std::size_t kernel_height = 1, kernel_width = 1;
  std::size_t stride_height = 1, stride_width = 1;
  std::size_t dilation_height = 1, dilation_width = 1;
  std::size_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  bool scaled = false;  // its input, by factors
};

// Which activations and batch norms a kernel's epilogue stands for: the names that the library's list of kernels gives.
enum class EpilogueKind { clamp, hswish, general, any };
EpilogueKind epilogue_kind(const std::string& name);

// A whole case: a convolution and the tensors that it runs on.
struct ConvCase {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  reference::ConvArrays arrays;
  reference::Image input;
  reference::Image residual;
  reference::Image factors;  // of the input's channels
  RunSettings settings;

  std::vector<const reference::Image*> inputs() const;
  reference::Expected expected() const;
  void place(Placement placement);
  std::string text() const;
};

// Shapes for the kernels of matrix products: output channels, pixels and depth around every multiple of a register tile; kernel
// sizes, strides, dilations, paddings and groups of every sort.
std::vector<ConvShape> gemm_shapes(Random& random);

// Shapes for depthwise kernels: channels around multiples of a vector, columns around multiples of what is kept in registers,
// each window that has a kernel of its own and some that have none, multipliers 1 to 3.
std::vector<ConvShape> depthwise_shapes(Random& random);

// Images with few channels and long rows, as a network's first layer has: blocks of whole rows of windows, of which few hang over
// an edge.
std::vector<ConvShape> first_layer_shapes(Random& random);

ConvShape random_shape(Random& random);
bool can_be_scaled(const ConvShape& shape);  // a pointwise one
Arithmetic random_arithmetic(Random& random);

// Takes `count` of the shapes, evenly spread.
std::vector<ConvShape> thinned(std::vector<ConvShape> shapes, std::size_t count);

// Draws everything but the shape.
ConvCase make_case(const ConvShape& shape, Arithmetic arithmetic, EpilogueKind epilogue, Random& random);

sixfold_activation random_activation(EpilogueKind epilogue, Random& random);

}  // namespace sixfold::test
