#pragma once

#include <chrono>

namespace sixfold::bench {

// For how long, over all measurements, a machine that is busy otherwise is waited for.
class Patience {
 public:
  explicit Patience(double seconds) : left_(seconds) {}

  bool is_left() const { return left_.count() > 0; }
  // Calls `work`, and takes away the time that passed.
  template <class Work>
  void spend_on(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    left_ -= std::chrono::steady_clock::now() - start;
  }

 private:
  std::chrono::duration<double> left_;
};

}  // namespace sixfold::bench
