// How a case is measured.
//
// One sample is a batch of runs, timed in CPU time of this thread, between two calibrations of the machine's peak. If either
// was low (see PeakMeter), the machine was doing something else - on a core that is shared with another thread, the units
// themselves are shared - and the sample is taken again when the peak has come back, as long as patience lasts.
// Google Benchmark repeats samples and takes the median of each counter.
//
// Cache condition: warm. The operator has run on the same buffers just before, so input, weights and output lie where they fit:
// in the first or second level for most layers. That is how a layer finds its input in a network, which the layer before has
// just written; its weights come from further out there, which matters for the last layers and the fully connected ones.
#pragma once

#include <benchmark/benchmark.h>

#include "case.hpp"
#include "peak.hpp"

namespace sixfold::bench {

// Names of the counters, in the JSON and for the reporter.
namespace counter {
inline constexpr char gflops[] = "GFLOP/s";
inline constexpr char peak_fraction[] = "peak_fraction";  // of the peak measured around this very sample
inline constexpr char peak_gflops[] = "peak_GFLOP/s";
inline constexpr char gigabytes[] = "GB/s";
inline constexpr char ns_per_element[] = "ns_per_element";
inline constexpr char discarded[] = "discarded";  // samples thrown away because the peak was low
inline constexpr char disturbed[] =
    "disturbed";  // 1 if it was low in the sample that was kept, for want of a better one
}  // namespace counter

// For how long, over all benchmarks, a busy machine is waited for.
class Patience {
 public:
  explicit Patience(double seconds) : seconds_left_(seconds) {}
  void spend(double seconds) { seconds_left_ -= seconds; }
  bool is_left() const { return seconds_left_ > 0; }

 private:
  double seconds_left_;
};

// Takes one sample of the case. The benchmark must have been registered with Iterations(1) and UseManualTime().
void measure_case(benchmark::State& state, const Case& measured, PeakMeter& meter, Patience& patience,
                  double sample_seconds);

}  // namespace sixfold::bench
