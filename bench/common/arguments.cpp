#include "arguments.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>

namespace sixfold::bench {

bool reports_unknown_option(const CLI::App& app) {
  for (const std::string& argument : app.remaining()) {
    if (argument.rfind("--benchmark_", 0) == 0 || argument.rfind("--v=", 0) == 0) continue;
    std::fprintf(stderr, "unknown option %s; --help lists them\n", argument.c_str());
    return true;
  }
  return false;
}

void initialize_google_benchmark(int argc, char** argv, std::vector<std::string> defaults) {
  std::vector<char*> arguments = {argv[0]};
  for (std::string& argument : defaults) arguments.push_back(argument.data());
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
}

}  // namespace sixfold::bench
