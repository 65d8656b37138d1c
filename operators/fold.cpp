#include "fold.hpp"

#include <fp16.h>

#include <bit>
#include <cmath>

#include "check.hpp"

namespace sixfold::operators {

sixfold_status check_batch_norm(const char* field, const sixfold_batch_norm& norm, std::size_t channels,
                                sixfold_error* error) {
  const sixfold_status status = check_enum(field, "position", "sixfold_batch_norm_position", norm.position,
                                           SIXFOLD_BATCH_NORM_AFTER_ACTIVATION, error);
  if (status != SIXFOLD_OK || norm.position == SIXFOLD_NO_BATCH_NORM) return status;
  if (norm.mean == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.mean is NULL", field);
  if (norm.variance == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.variance is NULL", field);
  const double epsilon = static_cast<double>(norm.epsilon);
  if (!(epsilon >= 0.0) || std::isinf(epsilon)) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.epsilon is %g, must be finite and not negative", field, epsilon);
  }
  for (std::size_t c = 0; c < channels; ++c) {
    const double variance = static_cast<double>(norm.variance[c]);
    if (!(variance >= 0.0) || std::isinf(variance)) {
      return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.variance[%zu] is %g, must be finite and not negative", field, c,
                  variance);
    }
    if (variance + epsilon == 0.0) {
      return fail(error, SIXFOLD_INVALID_ARGUMENT,
                  "%s.variance[%zu] is 0 and %s.epsilon is 0: their sum must be positive", field, c, field);
    }
  }
  return SIXFOLD_OK;
}

namespace {

// number / 2^shift, to nearest, ties to even.
std::uint64_t shift_right_rounding(std::uint64_t number, unsigned shift) {
  const std::uint64_t odd = (number >> shift) & 1;
  return (number + (std::uint64_t{1} << (shift - 1)) - 1 + odd) >> shift;
}

}  // namespace

// In integers: the functions of libm for this take twenty times as long, and a network has millions of weights.
Half half_from_double(double value) {
  constexpr std::uint64_t infinity = std::uint64_t{0x7ff} << 52;
  constexpr std::uint64_t smallest_normal = std::uint64_t{1023 - 14} << 52;
  constexpr std::uint64_t exponent_offset = std::uint64_t{1023 - 15} << 52;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  const unsigned sign = static_cast<unsigned>(bits >> 48) & 0x8000u;
  const std::uint64_t magnitude = bits & ~(std::uint64_t{1} << 63);
  if (magnitude > infinity) return {static_cast<std::uint16_t>(sign | 0x7e00u)};
  std::uint64_t half = 0;
  if (magnitude >= smallest_normal) {
    half = shift_right_rounding(magnitude - exponent_offset, 52 - 10);  // a carry into the exponent is right
    if (half > 0x7c00) half = 0x7c00;
  } else {
    // In steps of 2^-24. What is less than half of one has more to lose than there are bits.
    const unsigned shift = 1051 - static_cast<unsigned>(magnitude >> 52);
    const std::uint64_t significand = (magnitude & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1} << 52;
    if (shift < 54) half = shift_right_rounding(significand, shift);
  }
  return {static_cast<std::uint16_t>(sign | half)};
}

FoldedConv::FoldedConv(const sixfold_conv_desc& desc) : desc_(desc) {
  const std::size_t inputs = desc.input_channels / desc.groups;
  const std::size_t taps = desc.kernel_height * desc.kernel_width;
  const bool ohwi = desc.weights_layout == SIXFOLD_OHWI;
  stride_output_ = taps * inputs;
  stride_input_ = ohwi ? 1 : taps;
  stride_kx_ = ohwi ? inputs : 1;
  stride_ky_ = stride_kx_ * desc.kernel_width;
}

double FoldedConv::factor(std::size_t output) const {
  const sixfold_batch_norm& norm = desc_.batch_norm;
  const double gamma = norm.gamma == nullptr ? 1.0 : static_cast<double>(norm.gamma[output]);
  return gamma / std::sqrt(static_cast<double>(norm.variance[output]) + static_cast<double>(norm.epsilon));
}

double FoldedConv::weight_factor(std::size_t output) const {
  return desc_.batch_norm.position == SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION ? factor(output) : 1.0;
}

double FoldedConv::weight(std::size_t output, std::size_t ky, std::size_t kx, std::size_t input) const {
  const std::size_t index = output * stride_output_ + ky * stride_ky_ + kx * stride_kx_ + input * stride_input_;
  return desc_.weights_type == SIXFOLD_FP32
             ? static_cast<double>(static_cast<const float*>(desc_.weights)[index])
             : static_cast<double>(fp16_ieee_to_fp32_value(static_cast<const std::uint16_t*>(desc_.weights)[index]));
}

float FoldedConv::bias(std::size_t output) const {
  const sixfold_batch_norm& norm = desc_.batch_norm;
  const double bias = desc_.bias == nullptr ? 0.0 : static_cast<double>(desc_.bias[output]);
  if (norm.position != SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION) return static_cast<float>(bias);
  const double beta = norm.beta == nullptr ? 0.0 : static_cast<double>(norm.beta[output]);
  return static_cast<float>((bias - static_cast<double>(norm.mean[output])) * factor(output) + beta);
}

float FoldedConv::scale(std::size_t output) const { return static_cast<float>(factor(output)); }

float FoldedConv::shift(std::size_t output) const {
  const sixfold_batch_norm& norm = desc_.batch_norm;
  const double beta = norm.beta == nullptr ? 0.0 : static_cast<double>(norm.beta[output]);
  return static_cast<float>(beta - static_cast<double>(norm.mean[output]) * factor(output));
}

}  // namespace sixfold::operators
