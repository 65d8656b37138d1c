// The table of sixfold-precision, and the counters that it is made from.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "experiment.hpp"

namespace sixfold::bench {

void set_counters(benchmark::State& state, const ErrorStatistics& errors);

class PrecisionReporter : public benchmark::BenchmarkReporter {
 public:
  // `experiments` must outlive the reporter.
  explicit PrecisionReporter(const std::vector<Experiment>& experiments);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  bool any_failed() const { return any_failed_; }

 private:
  void print_row(const Experiment& experiment, const Run& run);

  std::map<std::string, const Experiment*> experiments_;
  std::string section_;
  bool any_failed_ = false;
};

}  // namespace sixfold::bench
