// Several programs of work timed in turns, so that what the machine does meanwhile strikes all of them alike.
#pragma once

#include <functional>
#include <vector>

#include "patience.hpp"
#include "peak.hpp"

namespace sixfold::bench {

struct Contestant {
  std::function<double(std::size_t runs)> seconds_of;  // runs, and says how long that took
  bool in_halves = false;                              // held against the peak of halves
};

// Threads are timed by the clock on the wall; one thread by its time on a CPU, in which other programs do not count.
Contestant contestant(std::function<void()> run, std::size_t threads, bool in_halves = false);

struct Timing {
  double seconds = 0.0;  // of one run, the median
  // What one thread could have computed in this time at the peak measured around each sample, the median: unlike the time, it
  // does not move with the machine's clock. In floating-point operations.
  double operations_at_peak = 0.0;
  int discarded = 0;       // samples thrown away because the peak was low around them
  bool disturbed = false;  // it was low in more than half of those that were kept, for want of better
};

struct TurnsOptions {
  int samples = 25;
  double sample_seconds = 5e-3;  // at least one run
};

// One timing a contestant, in their order. Each has run before it is timed: caches and threads are warm.
std::vector<Timing> take_turns(const std::vector<Contestant>& contestants, PeakMeter& meter, Patience& patience,
                               const TurnsOptions& options);

}  // namespace sixfold::bench
