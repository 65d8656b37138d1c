#include "reporter.hpp"

#include <cmath>
#include <cstdio>

#include "failed_run.hpp"
#include "table.hpp"

namespace sixfold::bench {
namespace {

namespace counter {
constexpr char count[] = "count";
constexpr char largest_ulp[] = "largest_ulp";
constexpr char mean_ulp[] = "mean_ulp";
constexpr char largest_absolute[] = "largest_absolute";
constexpr char mean_absolute[] = "mean_absolute";
constexpr char overflows[] = "overflows";
constexpr char largest_relative[] = "largest_relative";
constexpr char distinct[] = "distinct";
constexpr char signal_to_noise[] = "signal_to_noise_dB";  // not there if there is no noise at all
}  // namespace counter

const Table& table() {
  static const Table result({{"", 22, Align::left},
                             {"arithmetic", 18, Align::left},
                             {"range or length", 15},
                             {"values", 6},
                             {"max ulp", 8},
                             {"mean ulp", 8},
                             {"max abs", 9},
                             {"mean abs", 9},
                             {"distinct", 8},
                             {"overflows", 9},
                             {"SNR dB", 6}});
  return result;
}

std::string three_digits(double value) { return fixed(value, 3); }

}  // namespace

void set_counters(benchmark::State& state, const ErrorStatistics& errors) {
  state.counters[counter::count] = static_cast<double>(errors.count());
  state.counters[counter::largest_ulp] = errors.largest_ulp();
  state.counters[counter::mean_ulp] = errors.mean_ulp();
  state.counters[counter::largest_absolute] = errors.largest_absolute();
  state.counters[counter::mean_absolute] = errors.mean_absolute();
  state.counters[counter::overflows] = static_cast<double>(errors.overflows());
  state.counters[counter::largest_relative] = errors.largest_relative();
  state.counters[counter::distinct] = static_cast<double>(errors.distinct());
  if (std::isfinite(errors.signal_to_noise())) state.counters[counter::signal_to_noise] = errors.signal_to_noise();
}

PrecisionReporter::PrecisionReporter(const std::vector<Experiment>& experiments) {
  for (const Experiment& experiment : experiments) experiments_[experiment.name] = &experiment;
}

bool PrecisionReporter::ReportContext(const Context&) { return true; }

void PrecisionReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const auto found = experiments_.find(run.run_name.function_name);
    if (run.run_type != Run::RT_Iteration || found == experiments_.end()) continue;
    if (const std::string failure = failure_of(run); !failure.empty()) {
      std::printf("%s: %s\n", found->first.c_str(), failure.c_str());
      any_failed_ = true;
    } else {
      print_row(*found->second, run);
    }
  }
}

void PrecisionReporter::print_row(const Experiment& experiment, const Run& run) {
  if (experiment.section != section_) {
    section_ = experiment.section;
    std::printf("\n%s\n%s", section_.c_str(), table().header().c_str());
  }
  const auto value = [&](const char* name) { return static_cast<double>(run.counters.at(name)); };
  const bool all_overflow = value(counter::overflows) == value(counter::count);
  const auto text = [&](std::string (*format)(double), const char* name) {
    return all_overflow ? std::string("-") : format(value(name));
  };
  const bool noisy = run.counters.count(counter::signal_to_noise) != 0;
  std::fputs(table()
                 .row({experiment.subject, experiment.mode, experiment.parameter, fixed(value(counter::count), 0),
                       text(three_digits, counter::largest_ulp), text(three_digits, counter::mean_ulp),
                       text(significant, counter::largest_absolute), text(significant, counter::mean_absolute),
                       fixed(value(counter::distinct), 0), fixed(value(counter::overflows), 0),
                       noisy          ? fixed(value(counter::signal_to_noise), 1)
                       : all_overflow ? "-"
                                      : "exact"})
                 .c_str(),
             stdout);
  std::fflush(stdout);
}

}  // namespace sixfold::bench
