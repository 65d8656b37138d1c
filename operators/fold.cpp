#include "fold.hpp"

#include <fp16.h>

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

Half half_from_double(double value) {
  const unsigned sign = std::signbit(value) ? 0x8000u : 0u;
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) return {static_cast<std::uint16_t>(sign | 0x7e00u)};
  if (magnitude >= 65520.0) return {static_cast<std::uint16_t>(sign | 0x7c00u)};
  constexpr double smallest_normal = 0x1p-14;
  if (magnitude < smallest_normal) {
    const unsigned steps =
        static_cast<unsigned>(std::nearbyint(magnitude * 0x1p24));  // 1024 is the smallest normal: right
    return {static_cast<std::uint16_t>(sign | steps)};
  }
  const int exponent = std::ilogb(magnitude);
  const unsigned significand =
      static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));  // 1024 to 2048
  const unsigned biased = static_cast<unsigned>(exponent + 15) << 10;
  return {static_cast<std::uint16_t>(sign | (biased + (significand - 1024)))};  // 2048 carries into the exponent: right
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
