// Folds batch norm into a convolution's weights and bias, in double, and rounds once.
#pragma once

#include <cstddef>

#include "../include/sixfold/sixfold.h"
#include "../kernels/half.hpp"

namespace sixfold::operators {

// Checks mean, variance and epsilon of every channel. `field` is the name that errors give, such as "desc.batch_norm".
sixfold_status check_batch_norm(const char* field, const sixfold_batch_norm& norm, std::size_t channels,
                                sixfold_error* error);

// Nearest binary16, ties to even; overflow gives an infinity. Directly from double: by way of float it would round twice.
Half half_from_double(double value);

// The folded parameters of a checked descriptor. Reads the caller's arrays at each call.
class FoldedConv {
 public:
  explicit FoldedConv(const sixfold_conv_desc& desc);

  // What a batch norm before the activation multiplies the weights of a channel by, gamma / sqrt(variance + epsilon); else 1.
  double weight_factor(std::size_t output) const;
  // The weight as it was given.
  double weight(std::size_t output, std::size_t ky, std::size_t kx, std::size_t input) const;
  // (bias - mean) * gamma / sqrt(variance + epsilon) + beta, or the bias.
  float bias(std::size_t output) const;
  // A batch norm after the activation is y * scale + shift.
  bool has_scale() const { return desc_.batch_norm.position == SIXFOLD_BATCH_NORM_AFTER_ACTIVATION; }
  float scale(std::size_t output) const;
  float shift(std::size_t output) const;

 private:
  double factor(std::size_t output) const;  // gamma / sqrt(variance + epsilon)

  const sixfold_conv_desc& desc_;
  std::size_t stride_output_;
  std::size_t stride_ky_;
  std::size_t stride_kx_;
  std::size_t stride_input_;
};

}  // namespace sixfold::operators
