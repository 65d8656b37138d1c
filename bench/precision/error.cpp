#include "error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sixfold::bench {

double half_ulp(double value) {
  constexpr int smallest_exponent = -14;
  constexpr int largest_exponent = 15;
  constexpr int fraction_bits = 10;
  const int exponent = value == 0 ? smallest_exponent : std::ilogb(value);
  return std::ldexp(1.0, std::clamp(exponent, smallest_exponent, largest_exponent) - fraction_bits);
}

void ErrorStatistics::add(double result, double truth) {
  ++count_;
  if (std::isinf(result) && std::isfinite(truth)) {
    ++overflows_;
    return;
  }
  const double error = std::fabs(result - truth);
  results_.insert(result);
  if (truth != 0) largest_relative_ = std::max(largest_relative_, error / std::fabs(truth));
  largest_ulp_ = std::max(largest_ulp_, error / half_ulp(truth));
  sum_ulp_ += error / half_ulp(truth);
  largest_absolute_ = std::max(largest_absolute_, error);
  sum_absolute_ += error;
  signal_ += truth * truth;
  noise_ += error * error;
}

double ErrorStatistics::mean(double sum) const {
  const std::size_t finite = count_ - overflows_;
  return finite == 0 ? 0.0 : sum / static_cast<double>(finite);
}

double ErrorStatistics::signal_to_noise() const {
  return noise_ == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal_ / noise_);
}

}  // namespace sixfold::bench
