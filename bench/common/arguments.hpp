// Command lines that are shared between a program and Google Benchmark.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace sixfold::bench {

inline constexpr char google_benchmark_footer[] =
    "All options of Google Benchmark too, such as --benchmark_filter=REGEX and --benchmark_out=FILE (JSON).";

// Whether there is an option that is neither the program's nor Google Benchmark's; if so, says which.
bool reports_unknown_option(const CLI::App& app);

// `defaults` are options of Google Benchmark that those on the command line may override.
void initialize_google_benchmark(int argc, char** argv, std::vector<std::string> defaults);

}  // namespace sixfold::bench
