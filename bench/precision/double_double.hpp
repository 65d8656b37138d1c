// Sums of doubles with 106 bits: the truth that sums in fewer are held against.
#pragma once

namespace sixfold::bench {

class DoubleDouble {
 public:
  void add(double x) {
    const double sum = high_ + x;
    const double x_part = sum - high_;
    const double lost = (high_ - (sum - x_part)) + (x - x_part);  // what the addition rounded away, exactly
    const double low = low_ + lost;
    high_ = sum + low;
    low_ = low - (high_ - sum);
  }
  double value() const { return high_ + low_; }

 private:
  double high_ = 0.0;
  double low_ = 0.0;
};

}  // namespace sixfold::bench
