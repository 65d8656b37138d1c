#include "measure.hpp"

#include <algorithm>
#include <cmath>
#include <exception>

#include "clock.hpp"

namespace sixfold::bench {
namespace {

constexpr int most_discarded = 20;

struct Sample {
  double seconds_per_run;
  double peak_gflops;
  int discarded;
};

// How many runs fill a sample. Runs until a tenth of the sample's time is used, which also warms the caches.
std::size_t runs_for(Workload& workload, double sample_seconds) {
  workload.run();
  std::size_t runs = 1;
  for (;;) {
    const double seconds = seconds_of([&] {
      for (std::size_t i = 0; i < runs; ++i) workload.run();
    });
    if (seconds >= sample_seconds / 10) {
      return std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(sample_seconds / seconds * static_cast<double>(runs))));
    }
    runs *= 2;
  }
}

Sample take_sample(Workload& workload, PeakMeter& meter, double sample_seconds) {
  const std::size_t runs = runs_for(workload, sample_seconds);
  Sample sample{};
  for (sample.discarded = 0;; ++sample.discarded) {
    const double before = meter.recalibrate();
    const double seconds = seconds_of([&] {
      for (std::size_t i = 0; i < runs; ++i) workload.run();
    });
    const double after = meter.recalibrate();
    sample.seconds_per_run = seconds / static_cast<double>(runs);
    sample.peak_gflops = std::max(before, after);
    if (sample.discarded == most_discarded || !meter.is_low(std::min(before, after))) return sample;
  }
}

void set_counters(benchmark::State& state, const Case& measured, const Sample& sample) {
  const double gflops = measured.operations / sample.seconds_per_run * 1e-9;
  state.counters[counter::gigabytes] = measured.bytes / sample.seconds_per_run * 1e-9;
  state.counters[counter::ns_per_element] = sample.seconds_per_run / measured.elements * 1e9;
  state.counters[counter::discarded] = sample.discarded;
  if (measured.operations > 0) {
    state.counters[counter::gflops] = gflops;
    state.counters[counter::peak_fraction] = gflops / sample.peak_gflops;
    state.counters[counter::peak_gflops] = sample.peak_gflops;
  }
}

}  // namespace

void measure_case(benchmark::State& state, const Case& measured, PeakMeter& meter, double sample_seconds) {
  try {
    Workload workload = measured.make();
    const Sample sample = take_sample(workload, meter, sample_seconds);
    for (auto _ : state) state.SetIterationTime(sample.seconds_per_run);
    set_counters(state, measured, sample);
    state.SetLabel(workload.op.kernel_name());
    if (!workload.output->elements().all_finite()) state.SkipWithError("the output is not finite");
  } catch (const std::exception& failure) {
    state.SkipWithError(failure.what());
  }
}

}  // namespace sixfold::bench
