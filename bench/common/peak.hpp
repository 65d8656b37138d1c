// What this machine can do with one thread: the yardsticks that every speed is held against, measured in the same process.
#pragma once

#include <cstddef>
#include <vector>

namespace sixfold::bench {

struct IsaLoops;

// Peak rate of fp32 multiply-adds with the vectors of this backend, in GFLOP/s (a multiply-add counts as two), from a loop
// of independent accumulators in registers: the median of several measurements. Takes about 40 ms.
// Throws std::invalid_argument for a backend that has no measuring loop. The CPU must be able to run the backend.
double measure_fma_peak_gflops(const char* backend);
// The same of multiply-adds of halves, in the backend's own half arithmetic; 0 if it has none.
double measure_half_fma_peak_gflops(const char* backend);
bool has_half_arithmetic(const char* backend);

// What one moment of the machine was good for.
struct Calibration {
  double fma_gflops;    // multiply-adds in registers
  double l1_gigabytes;  // a second, read from the first-level cache
  double half_gflops;   // multiply-adds of halves; where there are none, of floats: what emulates them is made of these

  double peak_gflops(bool in_halves) const { return in_halves ? half_gflops : fma_gflops; }
};

// Of each figure, the lower.
Calibration lowest(const Calibration& a, const Calibration& b);

// The peak, cheap enough (about half a millisecond) to be measured around every measurement. A machine that is shared, or that
// changes its clock, shows it here: what was measured while either figure was low is to be thrown away. A neighbour on the
// same core may leave the multiply-adds as fast as ever and take half of the cache.
class PeakMeter {
 public:
  explicit PeakMeter(const char* backend);

  Calibration recalibrate();
  bool is_low(const Calibration& now) const {
    return now.fma_gflops < lowest_fma_fraction * best_.fma_gflops ||
           now.l1_gigabytes < lowest_l1_fraction * best_.l1_gigabytes;
  }

  // Of the best yet seen. On an undisturbed machine the first varies by a few hundredths, the second by a tenth.
  static constexpr double lowest_fma_fraction = 0.95;
  static constexpr double lowest_l1_fraction = 0.85;

 private:
  double l1_gigabytes();

  const IsaLoops* loops_;
  std::size_t rounds_;  // of the loop, in one recalibration
  std::vector<float> l1_buffer_;
  Calibration best_{};
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
