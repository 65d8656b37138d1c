#include "measure.hpp"

#include <algorithm>
#include <cmath>
#include <exception>

#include "clock.hpp"

namespace sixfold::bench {
namespace {

constexpr int most_discarded = 5;  // for one sample

struct Sample {
  double seconds_per_run;
  double peak_gflops;    // the higher of those before and after
  double lowest_gflops;  // and the lower
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
      return std::max<std::size_t>(
          1, static_cast<std::size_t>(std::lround(sample_seconds / seconds * static_cast<double>(runs))));
    }
    runs *= 2;
  }
}

Sample time_batch(Workload& workload, std::size_t runs, PeakMeter& meter) {
  const double before = meter.recalibrate();
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < runs; ++i) workload.run();
  });
  const double after = meter.recalibrate();
  return {seconds / static_cast<double>(runs), std::max(before, after), std::min(before, after)};
}

void wait_for_peak(PeakMeter& meter, Patience& patience) {
  while (patience.is_left()) {
    bool low = false;
    patience.spend(seconds_of([&] { low = meter.is_low(meter.recalibrate()); }));
    if (!low) return;
  }
}

struct KeptSample {
  Sample sample;
  int discarded;
};

// The first sample that the machine did not disturb; failing that, the least disturbed.
KeptSample take_sample(Workload& workload, PeakMeter& meter, Patience& patience, double sample_seconds) {
  const std::size_t runs = runs_for(workload, sample_seconds);
  KeptSample kept{time_batch(workload, runs, meter), 0};
  while (meter.is_low(kept.sample.lowest_gflops) && kept.discarded < most_discarded && patience.is_left()) {
    wait_for_peak(meter, patience);
    Sample again{};
    patience.spend(seconds_of([&] { again = time_batch(workload, runs, meter); }));
    if (again.lowest_gflops > kept.sample.lowest_gflops) kept.sample = again;
    ++kept.discarded;
  }
  return kept;
}

void set_counters(benchmark::State& state, const Case& measured, const Sample& sample) {
  const double gflops = measured.operations / sample.seconds_per_run * 1e-9;
  state.counters[counter::gigabytes] = measured.bytes / sample.seconds_per_run * 1e-9;
  state.counters[counter::ns_per_element] = sample.seconds_per_run / measured.elements * 1e9;
  if (measured.operations > 0) {
    state.counters[counter::gflops] = gflops;
    state.counters[counter::peak_fraction] = gflops / sample.peak_gflops;
    state.counters[counter::peak_gflops] = sample.peak_gflops;
  }
}

}  // namespace

void measure_case(benchmark::State& state, const Case& measured, PeakMeter& meter, Patience& patience,
                  double sample_seconds) {
  try {
    Workload workload = measured.make();
    const KeptSample kept = take_sample(workload, meter, patience, sample_seconds);
    for (auto _ : state) state.SetIterationTime(kept.sample.seconds_per_run);
    set_counters(state, measured, kept.sample);
    state.counters[counter::discarded] = kept.discarded;
    state.counters[counter::disturbed] = meter.is_low(kept.sample.lowest_gflops) ? 1 : 0;
    state.SetLabel(workload.op.kernel_name());
    if (!workload.output->elements().all_finite()) state.SkipWithError("the output is not finite");
  } catch (const std::exception& failure) {
    state.SkipWithError(failure.what());
  }
}

}  // namespace sixfold::bench
