#include "measure.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <stdexcept>

#include "clock.hpp"

namespace sixfold::bench {
namespace {

constexpr int most_discarded = 5;  // for one sample

// How many runs fill a sample. Runs until a tenth of the sample's time is used, which also warms the caches.
std::size_t runs_for(Workload& workload, double sample_seconds) {
  for (std::size_t runs = 1;; runs *= 2) {
    const double seconds = seconds_of([&] {
      for (std::size_t i = 0; i < runs; ++i) workload.run();
    });
    if (seconds < sample_seconds / 10) continue;
    const double fitting = sample_seconds / seconds * static_cast<double>(runs);
    return std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(fitting)));
  }
}

}  // namespace

void Measurer::prepare(const Case& measured) {
  if (current_ == &measured) return;
  current_ = nullptr;  // in case that what follows throws
  workload_.reset();
  workload_.emplace(measured.make());
  workload_->run();
  if (!workload_->output->elements().all_finite()) throw std::runtime_error("the output is not finite");
  runs_ = runs_for(*workload_, sample_seconds_);
  current_ = &measured;
}

Measurer::Sample Measurer::time_batch(PeakMeter& meter) {
  const Calibration before = meter.recalibrate();
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < runs_; ++i) workload_->run();
  });
  const Calibration after = meter.recalibrate();
  const auto peak = [this](const Calibration& c) { return c.peak_gflops(current_->precision.in_halves()); };
  return {seconds / static_cast<double>(runs_), std::max(peak(before), peak(after)), lowest(before, after), 0};
}

void Measurer::wait_for_peak(PeakMeter& meter) {
  bool low = true;
  while (low && patience_.is_left()) {
    patience_.spend_on([&] { low = meter.is_low(meter.recalibrate()); });
  }
}

// The first sample that the machine did not disturb; failing that, the least disturbed.
Measurer::Sample Measurer::take_sample(PeakMeter& meter) {
  Sample kept = time_batch(meter);
  int discarded = 0;
  while (meter.is_low(kept.lowest) && discarded < most_discarded && patience_.is_left()) {
    wait_for_peak(meter);
    Sample again{};
    patience_.spend_on([&] { again = time_batch(meter); });
    if (!meter.is_low(again.lowest) || again.lowest.fma_gflops > kept.lowest.fma_gflops) kept = again;
    ++discarded;
  }
  kept.discarded = discarded;
  return kept;
}

void Measurer::measure(benchmark::State& state, const Case& measured) {
  try {
    PeakMeter& meter = meters_.try_emplace(measured.backend, measured.backend.c_str()).first->second;
    prepare(measured);
    const Sample sample = take_sample(meter);
    for (auto _ : state) state.SetIterationTime(sample.seconds_per_run);
    state.SetLabel(workload_->op.kernel_name());
    state.counters[counter::gigabytes] = measured.bytes / sample.seconds_per_run * 1e-9;
    state.counters[counter::ns_per_element] = sample.seconds_per_run / measured.elements * 1e9;
    state.counters[counter::discarded] = sample.discarded;
    state.counters[counter::disturbed] = meter.is_low(sample.lowest) ? 1 : 0;
    if (measured.operations == 0) return;
    const double gflops = measured.operations / sample.seconds_per_run * 1e-9;
    state.counters[counter::gflops] = gflops;
    state.counters[counter::peak_fraction] = gflops / sample.peak_gflops;
    state.counters[counter::peak_gflops] = sample.peak_gflops;
  } catch (const std::exception& failure) {
    state.SkipWithError(failure.what());
  }
}

}  // namespace sixfold::bench
