// What this machine can do with one thread: the yardsticks that every speed is held against, measured in the same process.
#pragma once

#include <cstddef>

namespace sixfold::bench {

struct IsaLoops;

// Peak rate of fp32 multiply-adds with the vectors of this backend, in GFLOP/s (a multiply-add counts as two), from a loop
// of independent accumulators in registers: the median of several measurements. Takes about 40 ms.
// Throws std::invalid_argument for a backend that has no measuring loop. The CPU must be able to run the backend.
double measure_fma_peak_gflops(const char* backend);

// The same, cheap enough (about half a millisecond) to be done around every measurement. A machine that is shared, or that
// changes its clock, shows it here: what was measured while the peak was low is to be thrown away.
class PeakMeter {
 public:
  explicit PeakMeter(const char* backend);

  double recalibrate();                         // the peak now, in GFLOP/s
  double best() const { return best_gflops_; }  // the highest yet seen
  bool is_low(double gflops) const { return gflops < lowest_accepted_fraction * best_gflops_; }

  static constexpr double lowest_accepted_fraction = 0.95;

 private:
  const IsaLoops* loops_;
  std::size_t rounds_;  // of the loop, in one recalibration
  double best_gflops_ = 0.0;
};

// GB/s, one thread, with the vectors of this backend.
struct Bandwidth {
  std::size_t l2_bytes;      // the sizes of the buffers gone over
  std::size_t memory_bytes;  // well beyond the second-level cache; a large third level may still hold it
  double l2_read;
  double l2_write;
  double memory_read;
  double memory_write;
};

// Throws as measure_fma_peak_gflops() does.
Bandwidth measure_bandwidth(const char* backend);

}  // namespace sixfold::bench
