#include "machine.hpp"

#include <benchmark/benchmark.h>
#include <sixfold/sixfold.h>

#include <cstdio>
#include <ctime>
#include <fstream>

#include "peak.hpp"
#include "round_trip.hpp"
#include "table.hpp"

namespace sixfold::bench {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const bool names_it = line.rfind("model name", 0) == 0 || line.rfind("Hardware", 0) == 0;
    const std::size_t colon = line.find(':');
    if (names_it && colon != std::string::npos && colon + 2 < line.size()) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " __VERSION__;
#else
  return "unknown";
#endif
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &local);
  return text;
}

std::string bandwidth_of(const BackendStatus& backend) {
  const Bandwidth b = measure_bandwidth(backend.name.c_str());
  return "L2 (" + std::to_string(b.l2_bytes >> 10) + " KiB) read " + fixed(b.l2_read, 1) + " write " +
         fixed(b.l2_write, 1) + "; beyond (" + std::to_string(b.memory_bytes >> 20) + " MiB) read " +
         fixed(b.memory_read, 1) + " write " + fixed(b.memory_write, 1) + " GB/s";
}

}  // namespace

std::vector<BackendStatus> backends_of_this_machine() {
  std::vector<BackendStatus> result;
  for (std::size_t i = 0; i < sixfold_backend_count(); ++i) {
    sixfold_backend_info info{};
    info.struct_size = sizeof info;
    if (sixfold_backend_get(i, &info, nullptr) != SIXFOLD_OK) continue;
    const bool supported = info.supported != 0;
    const double peak = supported ? measure_fma_peak_gflops(info.name) : 0.0;
    const double half_peak = supported ? measure_half_fma_peak_gflops(info.name) : 0.0;
    result.push_back({info.name, supported, info.reason, peak, half_peak});
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> describe_machine(const std::vector<BackendStatus>& backends) {
  std::vector<std::pair<std::string, std::string>> result = {
      {"cpu", cpu_model()}, {"compiler", compiler()}, {"sixfold", sixfold_version()}, {"date", date()}};
  for (const BackendStatus& backend : backends) {
    std::string peak = backend.supported ? fixed(backend.peak_gflops, 1) + " GFLOP/s fp32 FMA peak, one thread; " : "";
    if (backend.half_peak_gflops > 0) peak += fixed(backend.half_peak_gflops, 1) + " of halves; ";
    result.emplace_back("backend " + backend.name, peak + backend.reason);
  }
  for (const BackendStatus& backend : backends) {
    if (!backend.supported) continue;
    result.emplace_back("bandwidth", bandwidth_of(backend) + " (" + backend.name + ")");
    break;  // the best one shows what the machine can do
  }
  if (const double ns = round_trip_ns(); ns > 0.0) {
    result.emplace_back("two threads", fixed(ns, 0) + " ns for a cache line from one to the other and back");
  }
  return result;
}

void report_machine(const std::vector<BackendStatus>& backends) {
  for (const auto& [name, value] : describe_machine(backends)) {
    std::printf("%-16s %s\n", name.c_str(), value.c_str());
    benchmark::AddCustomContext(name, value);
  }
  std::fflush(stdout);
}

}  // namespace sixfold::bench
