#include "turns.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "clock.hpp"
#include "statistics.hpp"

namespace sixfold::bench {
namespace {

constexpr int most_discarded = 5;  // in place of one sample

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::size_t runs_for(const Contestant& contestant, double sample_seconds) {
  contestant.seconds_of(1);
  for (std::size_t runs = 1;; runs *= 2) {
    const double seconds = contestant.seconds_of(runs);
    if (seconds < sample_seconds / 10) continue;
    const double fitting = sample_seconds / seconds * static_cast<double>(runs);
    return std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(fitting)));
  }
}

struct Sample {
  double seconds;
  double peak_gflops;  // the higher of those before and after
  Calibration lowest;
};

struct Samples {
  std::size_t runs;  // in each
  std::vector<double> seconds;
  std::vector<double> operations_at_peak;
  int discarded = 0;
  std::size_t low = 0;
};

Sample take_sample(const Contestant& contestant, std::size_t runs, PeakMeter& meter) {
  const Calibration before = meter.recalibrate();
  const double seconds = contestant.seconds_of(runs);
  const Calibration after = meter.recalibrate();
  const auto peak = [&](const Calibration& c) { return c.peak_gflops(contestant.in_halves); };
  return {seconds / static_cast<double>(runs), std::max(peak(before), peak(after)), lowest(before, after)};
}

// The first sample that the machine did not disturb; failing that, the least disturbed.
void add_sample(const Contestant& contestant, PeakMeter& meter, Patience& patience, Samples& samples) {
  Sample kept = take_sample(contestant, samples.runs, meter);
  for (int i = 0; meter.is_low(kept.lowest) && i < most_discarded && patience.is_left(); ++i) {
    Sample again{};
    patience.spend_on([&] { again = take_sample(contestant, samples.runs, meter); });
    if (!meter.is_low(again.lowest) || again.lowest.fma_gflops > kept.lowest.fma_gflops) kept = again;
    ++samples.discarded;
  }
  samples.seconds.push_back(kept.seconds);
  samples.operations_at_peak.push_back(kept.seconds * kept.peak_gflops * 1e9);
  if (meter.is_low(kept.lowest)) ++samples.low;
}

}  // namespace

Contestant contestant(std::function<void()> run, std::size_t threads, bool in_halves) {
  return {[run = std::move(run), now = threads > 1 ? wall_seconds : thread_seconds](std::size_t runs) {
            const double start = now();
            for (std::size_t i = 0; i < runs; ++i) run();
            return now() - start;
          },
          in_halves};
}

std::vector<Timing> take_turns(const std::vector<Contestant>& contestants, PeakMeter& meter, Patience& patience,
                               const TurnsOptions& options) {
  std::vector<Samples> all;
  for (const Contestant& contestant : contestants)
    all.push_back({runs_for(contestant, options.sample_seconds), {}, {}});
  for (int sample = 0; sample < options.samples; ++sample) {
    for (std::size_t i = 0; i < contestants.size(); ++i) add_sample(contestants[i], meter, patience, all[i]);
  }
  std::vector<Timing> timings;
  for (const Samples& samples : all) {
    timings.push_back({median(samples.seconds), median(samples.operations_at_peak), samples.discarded,
                       2 * samples.low > samples.seconds.size()});
  }
  return timings;
}

}  // namespace sixfold::bench
