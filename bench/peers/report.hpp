// Tables and JSON of what was compared.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "comparison.hpp"

namespace sixfold::bench {

class PeersReport {
 public:
  // Sixfold first.
  explicit PeersReport(const std::vector<Library>& libraries);

  void add(const Comparison& comparison);  // and prints its row
  // Geometric means by kind of layer, and where a peer is faster.
  void print_summary() const;
  // Throws std::runtime_error if the file cannot be written.
  void write_json(const std::string& path, const std::vector<std::pair<std::string, std::string>>& machine) const;

  bool empty() const { return comparisons_.empty(); }

 private:
  void print_header(const std::string& kind) const;
  void print_row(const Comparison& comparison) const;
  void print_means() const;
  void print_losses() const;

  std::vector<Library> libraries_;
  std::vector<Comparison> comparisons_;
};

}  // namespace sixfold::bench
