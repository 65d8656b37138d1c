// The same graph on several libraries: first that they agree, then how fast each is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "peer.hpp"
#include "turns.hpp"

namespace sixfold::bench {

struct Entry {
  std::string library;
  Timing timing;
};

struct Comparison {
  std::string kind;  // "layer" or "network"
  std::string title;
  std::string shape;
  std::string uses;  // by which networks
  double multiply_adds;
  std::vector<Entry> entries;  // Sixfold's first; those that cannot run the graph are missing

  double peak_fraction(const Entry& entry) const { return 2 * multiply_adds / entry.timing.operations_at_peak; }
  // How many times as long as Sixfold it takes, the machine's clock taken out.
  double ratio(const Entry& entry) const {
    return entry.timing.operations_at_peak / entries.front().timing.operations_at_peak;
  }
  const Entry* find(const std::string& library) const;
};

// How far two libraries may be apart that add up in different orders: each multiply-add rounds once, by at most half a unit in
// the last place of the largest value that can stand in an accumulator. For a network, the layers' bounds relative to their
// values add up, since its layers keep values about as large as they are.
double tolerance_of(const Graph& graph, const std::vector<std::vector<float>>& inputs,
                    const std::vector<float>& output);

// Fills in the entries, the first library's first. Throws std::runtime_error if a library differs from the first by more than
// the tolerance.
void compare(Comparison& comparison, const Graph& graph, const std::vector<Library>& libraries, PeakMeter& meter,
             Patience& patience, const TurnsOptions& options);

}  // namespace sixfold::bench
