// What both ways to run a convolution share: its shape, and the per-channel arguments of the epilogue.
#pragma once

#include <cstddef>

#include "activation.hpp"
#include "fold.hpp"
#include "operator.hpp"
#include "range.hpp"

namespace sixfold::operators {

struct ConvShape {
  std::size_t input_channels;
  std::size_t output_channels;
  std::size_t groups;
  std::size_t kernel_height;
  std::size_t kernel_width;
  std::size_t stride_height;
  std::size_t stride_width;
  std::size_t dilation_height;
  std::size_t dilation_width;
  std::size_t pad_top;
  std::size_t pad_left;
  std::size_t pad_bottom;
  std::size_t pad_right;

  std::size_t group_inputs() const { return input_channels / groups; }
  std::size_t group_outputs() const { return output_channels / groups; }
  std::size_t taps() const { return kernel_height * kernel_width; }
  // Each output pixel is made of the input's pixel of the same number.
  bool is_pointwise() const {
    return taps() == 1 && stride_height == 1 && stride_width == 1 && pad_top + pad_left + pad_bottom + pad_right == 0;
  }
};

// The epilogue's per-channel arrays in an operator's block; offset 0 means that there is none.
struct EpilogueLayout {
  std::size_t slopes = 0;
  std::size_t scale = 0;
  std::size_t shift = 0;
};

struct Conv : sixfold_operator {
  ConvShape shape;
  sixfold_type type;
  sixfold_accumulation accumulation;
  AccumulationChoice choice;  // how it came to its accumulation
  sixfold_activation_kind activation_kind;
  EpilogueArgs epilogue;  // without the per-channel arrays
  EpilogueLayout per_channel;
  std::size_t residual_input;  // its number among the inputs; 0 if there is none
  std::size_t scale_input;     // likewise, of the factors
};

// A descriptor that has been checked, and what follows from it.
struct ConvPlan {
  const sixfold_conv_desc* desc;  // with a definite accumulation
  AccumulationChoice choice;
  ConvShape shape;
  ActivationPlan activation;
};

// Checks all that a descriptor says, but for its ranges.
sixfold_status check_conv(const sixfold_conv_desc* desc, sixfold_error* error);

// Adds the arrays that the plan needs to the layout.
EpilogueLayout lay_out_epilogue(const ConvPlan& plan, BlockLayout& layout);

// Fills in the common part of a new operator.
void fill_conv(Conv& conv, const ConvPlan& plan, const EpilogueLayout& per_channel);

// How many inputs an operator of this plan has.
std::size_t input_count_of(const ConvPlan& plan);

// The epilogue with pointers into the operator's block.
EpilogueArgs epilogue_of(const Conv& conv);

// OperatorClass::output_shape of both.
sixfold_status conv_output_shape(const sixfold_operator& op, const Tensor* inputs, Tensor& output,
                                 sixfold_error* error);

// Writes "conv2d fp16 accumulated in fp32, 3x3 stride 2x2 ..." for explain.
void describe_conv(const Conv& conv, TextWriter& text);

// Any convolution, as a matrix product.
sixfold_status create_gemm_conv(const ConvPlan& plan, const Options& options, sixfold_operator** op,
                                sixfold_error* error);

// One input channel a group.
sixfold_status create_depthwise_conv(const ConvPlan& plan, const Options& options, sixfold_operator** op,
                                     sixfold_error* error);

}  // namespace sixfold::operators
