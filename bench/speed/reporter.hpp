// Prints one row a benchmark as soon as its samples are in, and keeps the medians for the summary.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "case.hpp"

namespace sixfold::bench {

// Medians over the samples of a case.
struct Result {
  const Case* measured;
  std::string kernel;
  double microseconds;
  double gflops;
  double peak_fraction;
  double gigabytes;
  double ns_per_element;
  bool disturbed;  // in more than half of its samples the machine was busy otherwise
};

class TableReporter : public benchmark::BenchmarkReporter {
 public:
  // `cases` must outlive the reporter.
  explicit TableReporter(const std::vector<Case>& cases);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  // How many results the machine disturbed, if any.
  void print_disturbed() const;

  const std::vector<Result>& results() const { return results_; }
  bool any_failed() const { return any_failed_; }

 private:
  void print_row(const Result& result);

  std::map<std::string, const Case*> cases_;
  std::vector<Result> results_;
  std::string section_;
  bool any_failed_ = false;
};

}  // namespace sixfold::bench
