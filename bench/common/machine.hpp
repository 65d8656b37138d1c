// What a result depends on besides the code that was measured.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sixfold::bench {

struct BackendStatus {
  std::string name;
  bool supported;
  std::string reason;
  double peak_gflops;       // 0 if not supported
  double half_peak_gflops;  // of its own half arithmetic; 0 if it has none
};

// All backends of the library, best first, with the peak of those that this machine can run.
std::vector<BackendStatus> backends_of_this_machine();

// Names and values: CPU, compiler, version of the library, date, backends with their reasons, peaks and bandwidths, and
// how far apart two threads are.
std::vector<std::pair<std::string, std::string>> describe_machine(const std::vector<BackendStatus>& backends);

// Prints them, and adds them to the context of Google Benchmark's JSON.
void report_machine(const std::vector<BackendStatus>& backends);

}  // namespace sixfold::bench
