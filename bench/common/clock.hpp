// Time that this thread spent on a CPU: a machine that runs other things then disturbs a measurement far less than wall time.
#pragma once

#include <ctime>

namespace sixfold::bench {

inline double thread_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// How long `work` takes, in seconds.
template <class Work>
double seconds_of(Work&& work) {
  const double start = thread_seconds();
  work();
  return thread_seconds() - start;
}

}  // namespace sixfold::bench
