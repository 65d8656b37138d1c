#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "name_of.hpp"
#include "table.hpp"

namespace sixfold::bench {
namespace {

constexpr char legend[] =
    "\nWhole networks, batch 1, everything included. Medians, warm; one thread in CPU time, more in wall time. % peak: "
    "of the\n"
    "fp32 multiply-adds that all threads could have done meanwhile. half and blocked: fp16 added up in fp16, and in "
    "blocks of\n"
    "fp16; with instructions for that, of the multiply-adds of halves. activations: the most that is needed at a time, "
    "beside the\n"
    "input. speed-up: over one thread. possible: that of independent copies of the network, one a thread: what the "
    "machine's cores\n"
    "have to give together.\n";

const Table& table() {
  static const Table result({{"network", 17, Align::left},
                             {"backend", 11, Align::left},
                             {"type", 7},
                             {"threads", 7},
                             {"ms", 8},
                             {"% peak", 6},
                             {"speed-up", 8},
                             {"possible", 8},
                             {"activations KB", 14},
                             {"workspace KB", 12},
                             {"operators KB", 12},
                             {"", 1}});
  return result;
}

std::string kilobytes(std::size_t bytes) { return fixed(static_cast<double>(bytes) / 1024, 0); }

nlohmann::json json_of(const NetworkResult& result) {
  return {{"name", result.network + "/" + result.backend + "/" + name_of(result.precision) + "/" +
                       std::to_string(result.threads)},
          {"label", result.backend},
          {"network", result.network},
          {"type", name_of(result.precision)},
          {"threads", result.threads},
          {"milliseconds", result.timing.seconds * 1e3},
          {"peak_fraction", result.peak_fraction()},
          {"speedup", result.speedup},
          {"possible_speedup", result.possible_speedup},
          {"multiply_adds", result.multiply_adds},
          {"activation_bytes", result.activation_bytes},
          {"workspace_bytes", result.workspace_bytes},
          {"operator_bytes", result.operator_bytes},
          {"discarded", result.timing.discarded},
          {"disturbed", result.timing.disturbed}};
}

}  // namespace

void print_header() {
  std::fputs(legend, stdout);
  std::fputs(table().header().c_str(), stdout);
}

void print_row(const NetworkResult& result) {
  std::fputs(table()
                 .row({result.network, result.backend, name_of(result.precision), std::to_string(result.threads),
                       fixed(result.timing.seconds * 1e3, 3), percent(result.peak_fraction()),
                       result.threads == 1 || result.speedup == 0 ? "" : fixed(result.speedup, 2),
                       result.possible_speedup == 0 ? "" : fixed(result.possible_speedup, 2),
                       kilobytes(result.activation_bytes), kilobytes(result.workspace_bytes),
                       kilobytes(result.operator_bytes), result.timing.disturbed ? "~" : ""})
                 .c_str(),
             stdout);
  std::fflush(stdout);
}

void print_footer(const std::vector<NetworkResult>& results) {
  int discarded = 0;
  for (const NetworkResult& result : results) discarded += result.timing.discarded;
  std::printf("\n%d samples thrown away because the machine was busy otherwise.\n", discarded);
  if (std::any_of(results.begin(), results.end(), [](const NetworkResult& r) { return r.timing.disturbed; })) {
    std::printf("~ marks those that the machine disturbed all the same.\n");
  }
}

void write_json(const std::string& path, const MachineDescription& machine, const std::vector<NetworkResult>& results) {
  nlohmann::json document;
  for (const auto& [name, value] : machine) document["context"][name] = value;
  document["benchmarks"] = nlohmann::json::array();
  for (const NetworkResult& result : results) document["benchmarks"].push_back(json_of(result));
  std::ofstream file(path);
  if (!(file << document.dump(1) << '\n')) throw std::runtime_error("cannot write " + path);
}

}  // namespace sixfold::bench
