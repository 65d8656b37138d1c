// The table of whole networks, and the same as JSON.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph_runner.hpp"
#include "turns.hpp"

namespace sixfold::bench {

struct NetworkResult {
  std::string network;
  std::string backend;
  Precision precision;
  std::size_t threads;
  double multiply_adds;
  Timing timing;
  double speedup;           // over one thread; 0 if that was not measured
  double possible_speedup;  // of as many copies of the network as there are threads, which share nothing; 0 likewise
  std::size_t activation_bytes;
  std::size_t workspace_bytes;
  std::size_t operator_bytes;

  // Of what its threads together can do; where halves are added up by instructions for that, of the peak of halves.
  double peak_fraction() const { return 2 * multiply_adds / timing.operations_at_peak / static_cast<double>(threads); }
};

void print_header();
void print_row(const NetworkResult& result);
void print_footer(const std::vector<NetworkResult>& results);

using MachineDescription = std::vector<std::pair<std::string, std::string>>;

// Throws std::runtime_error if the file cannot be written.
void write_json(const std::string& path, const MachineDescription& machine, const std::vector<NetworkResult>& results);

}  // namespace sixfold::bench
