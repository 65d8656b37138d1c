// How far half precision results lie from the true ones.
#pragma once

#include <cstddef>
#include <unordered_set>

namespace sixfold::bench {

// The distance from |value| to the next binary16 number, as far as those reach: 2^-24 below 2^-14, 32 from 32768 on.
double half_ulp(double value);

// Collects pairs of a result and the true value. An overflow is an infinity in place of a finite value; it is counted, and
// left out of all else. (A true value of 65520 or more must overflow: there is no half for it.)
class ErrorStatistics {
 public:
  void add(double result, double truth);

  std::size_t count() const { return count_; }
  std::size_t overflows() const { return overflows_; }
  double largest_ulp() const { return largest_ulp_; }
  double mean_ulp() const { return mean(sum_ulp_); }
  double largest_absolute() const { return largest_absolute_; }
  double mean_absolute() const { return mean(sum_absolute_); }
  double largest_relative() const { return largest_relative_; }  // where the true value is not 0
  std::size_t distinct() const { return results_.size(); }       // results
  // In decibels: the energy of the true values over that of the errors. Infinite if there are no errors.
  double signal_to_noise() const;

 private:
  double mean(double sum) const;

  std::size_t count_ = 0;
  std::size_t overflows_ = 0;
  double largest_ulp_ = 0.0;
  double sum_ulp_ = 0.0;
  double largest_absolute_ = 0.0;
  double sum_absolute_ = 0.0;
  double largest_relative_ = 0.0;
  std::unordered_set<double> results_;
  double signal_ = 0.0;
  double noise_ = 0.0;
};

}  // namespace sixfold::bench
