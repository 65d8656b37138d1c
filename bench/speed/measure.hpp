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

#include <map>
#include <optional>
#include <string>

#include "case.hpp"
#include "patience.hpp"
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
inline constexpr char disturbed[] = "disturbed";  // 1 if it was low in the sample that was kept, for want of a better
}  // namespace counter

class Measurer {
 public:
  Measurer(double sample_seconds, double patience_seconds)
      : sample_seconds_(sample_seconds), patience_(patience_seconds) {}

  // Takes one sample. The benchmark must have been registered with Iterations(1) and UseManualTime().
  void measure(benchmark::State& state, const Case& measured);

 private:
  struct Sample {
    double seconds_per_run;
    double peak_gflops;  // the higher of those before and after
    Calibration lowest;  // of each figure, the lower
    int discarded;       // before it
  };

  void prepare(const Case& measured);
  Sample time_batch(PeakMeter& meter);
  Sample take_sample(PeakMeter& meter);
  void wait_for_peak(PeakMeter& meter);

  double sample_seconds_;
  Patience patience_;
  std::map<std::string, PeakMeter> meters_;  // by backend
  // What is being measured, kept from sample to sample.
  const Case* current_ = nullptr;
  std::optional<Workload> workload_;
  std::size_t runs_ = 0;  // in a sample
};

}  // namespace sixfold::bench
