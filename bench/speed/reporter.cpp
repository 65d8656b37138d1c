#include "reporter.hpp"

#include <algorithm>
#include <cstdio>

#include "failed_run.hpp"
#include "measure.hpp"
#include "table.hpp"

namespace sixfold::bench {
namespace {

using Run = benchmark::BenchmarkReporter::Run;

constexpr char legend[] =
    "One thread, CPU time, median of the samples, warm caches. % peak: of the rate of fp32 multiply-adds measured "
    "around each\n"
    "sample; where fp16 is added up in fp16 by instructions for that, of multiply-adds of halves. GB/s: input, weights "
    "and output, each counted once. networks: v1:5 is five times in MobileNetV1.\n";

const Table& layer_table() {
  static const Table table({{"networks", 14, Align::left},
                            {"layer", 17, Align::left},
                            {"shape", 23, Align::left},
                            {"type", 7},
                            {"kernel", 34, Align::left},
                            {"us", 8},
                            {"GFLOP/s", 7},
                            {"% peak", 6},
                            {"GB/s", 6},
                            {"", 1}});
  return table;
}

const Table& small_table() {
  static const Table table({{"operator", 24, Align::left},
                            {"shape", 12, Align::left},
                            {"type", 7},
                            {"kernel", 34, Align::left},
                            {"us", 8},
                            {"ns/element", 10},
                            {"GB/s", 6},
                            {"", 1}});
  return table;
}

double counter_of(const Run& run, const char* name) {
  const auto found = run.counters.find(name);
  return found == run.counters.end() ? 0.0 : static_cast<double>(found->second);
}

// The median over the samples; with one sample there are no statistics, and it is the result.
const Run* median_of(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median") return &run;
  }
  return runs.size() == 1 ? &runs[0] : nullptr;
}

}  // namespace

TableReporter::TableReporter(const std::vector<Case>& cases) {
  for (const Case& measured : cases) cases_[measured.name] = &measured;
}

bool TableReporter::ReportContext(const Context&) { return true; }

void TableReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const std::string failure = failure_of(run);
    if (failure.empty()) continue;
    std::printf("%s: %s\n", run.run_name.function_name.c_str(), failure.c_str());
    any_failed_ = true;
    return;
  }
  const Run* run = median_of(runs);
  if (run == nullptr) return;  // single samples; their statistics follow
  const auto found = cases_.find(run->run_name.function_name);
  if (found == cases_.end()) return;
  results_.push_back({found->second, run->report_label, run->GetAdjustedRealTime(), counter_of(*run, counter::gflops),
                      counter_of(*run, counter::peak_fraction), counter_of(*run, counter::gigabytes),
                      counter_of(*run, counter::ns_per_element), counter_of(*run, counter::disturbed) > 0.5});
  print_row(results_.back());
}

void TableReporter::print_disturbed() const {
  const auto count =
      std::count_if(results_.begin(), results_.end(), [](const Result& result) { return result.disturbed; });
  if (count == 0) return;
  std::printf(
      "\n~ marks %td of %zu results during which the machine was busy otherwise: its multiply-adds were under %.2f of "
      "the "
      "best seen, or its first-level cache under %.2f.\n",
      count, results_.size(), PeakMeter::lowest_fma_fraction, PeakMeter::lowest_l1_fraction);
}

void TableReporter::print_row(const Result& result) {
  const Case& measured = *result.measured;
  const bool is_layer = measured.layer.has_value();
  const std::string section = (is_layer ? "Layers, " : "Small operators, ") + measured.backend;
  const Table& table = is_layer ? layer_table() : small_table();
  if (section != section_) {
    std::printf("\n%s\n", section.c_str());
    if (section_.empty()) std::fputs(legend, stdout);
    std::fputs(table.header().c_str(), stdout);
    section_ = section;
  }
  std::vector<std::string> cells;
  if (is_layer) cells.push_back(measured.uses);
  cells.insert(cells.end(), {measured.title, measured.shape, name_of(measured.precision), result.kernel,
                             fixed(result.microseconds, 2)});
  if (is_layer) {
    cells.insert(cells.end(), {fixed(result.gflops, 1), percent(result.peak_fraction)});
  } else {
    cells.push_back(fixed(result.ns_per_element, 4));
  }
  cells.push_back(fixed(result.gigabytes, 1));
  cells.push_back(result.disturbed ? "~" : "");
  std::fputs(table.row(cells).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace sixfold::bench
