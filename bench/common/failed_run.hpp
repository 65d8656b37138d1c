#pragma once

#include <benchmark/benchmark.h>

#include <string>

namespace sixfold::bench {

// The message of a run that ended with an error, empty for any other. Google Benchmark 1.8 renamed what tells them apart.
template <class Run>
std::string failure_of(const Run& run) {
  if constexpr (requires { run.error_occurred; }) {
    return run.error_occurred ? run.error_message : std::string();
  } else {
    return run.skipped ? run.skip_message : std::string();
  }
}

}  // namespace sixfold::bench
