// Running a network: its time step by step, its values, and how two runs differ.
#ifndef SIXFOLD_BENCH_NET_MEASURE_HPP
#define SIXFOLD_BENCH_NET_MEASURE_HPP

#include <memory>
#include <string>
#include <vector>

#include "network.hpp"

namespace sixfold::net {

// Memory aligned to 64 bytes, for the arena of a network.
class Arena {
 public:
  explicit Arena(size_t bytes);
  void* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
};

// What every step of one run computed, in the order of ONNX.
struct Values {
  std::vector<std::vector<float>> steps;
  std::vector<std::vector<float>> outputs;
};

Values values_of(const Network& network, const Arena& arena, const std::vector<const float*>& inputs);

// The same, but each step is given the results that the steps before it had in `reference`, rounded to the network's
// type: what the step itself does wrong, without what it was handed.
std::vector<std::vector<float>> results_alone(const Network& network, const Arena& arena,
                                              const std::vector<const float*>& inputs, const Values& reference);

struct Times {
  std::vector<double> steps;  // the median of each, in seconds
  double whole = 0;           // the median of whole runs; on one thread its time on a CPU: other programs do not count
  int repetitions = 0;
};

// `repetitions` 0 measures for about two seconds, 5 to 200 times. Shows its progress on a terminal.
Times times_of(const Network& network, const Arena& arena, const std::vector<const float*>& inputs, int repetitions);

struct Difference {
  double largest = 0;          // absolute
  double magnitude = 0;        // the largest in the reference
  double signal_to_noise = 0;  // in decibels; infinite if they are equal
  size_t overflows = 0;        // not finite where the reference is
  double relative() const { return magnitude > 0 ? largest / magnitude : largest; }
};

// Elements that are not finite in `values` count as overflows only.
Difference difference(const std::vector<float>& values, const std::vector<float>& reference);

}  // namespace sixfold::net

#endif
