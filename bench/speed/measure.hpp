// How a case is measured.
//
// One sample is a batch of runs, timed in CPU time of this thread, between two calibrations of the machine's peak. If either
// was low (see PeakMeter) the machine was doing something else and the sample is taken again. Google Benchmark repeats
// samples and takes the median of each counter.
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
}  // namespace counter

// Takes one sample of the case. The benchmark must have been registered with Iterations(1) and UseManualTime().
void measure_case(benchmark::State& state, const Case& measured, PeakMeter& meter, double sample_seconds);

}  // namespace sixfold::bench
