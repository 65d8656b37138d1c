#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "table.hpp"

namespace sixfold::bench {
namespace {

constexpr char legend[] =
    "\nfp32, batch 1, one thread, CPU time (ONNX Runtime: wall time), medians, warm, taken in turns. % peak: of the "
    "fp32\n"
    "multiply-adds measured around each sample. x: how many times as long as Sixfold a peer takes; under 1 it is "
    "faster, and\n"
    "is marked by <. Peers have their weights packed and their inputs in the layout that they like best beforehand.\n";

// Whether the library has columns in this kind of table.
bool takes_part(const Library& library, const std::string& kind) {
  return kind == "network" || !library.whole_networks_only;
}

Table table_of(const std::string& kind, const std::vector<Library>& libraries) {
  const bool layers = kind == "layer";
  std::vector<Column> columns;
  if (layers) columns.push_back({"networks", 14, Align::left});
  columns.push_back({kind, 18, Align::left});
  if (layers) columns.push_back({"shape", 23, Align::left});
  for (const Library& library : libraries) {
    if (!takes_part(library, kind)) continue;
    columns.push_back({library.name + (layers ? " us" : " ms"), static_cast<int>(library.name.size()) + 3});
    columns.push_back({"% peak", 6});
    if (&library != &libraries[0]) columns.push_back({"x", 6});
  }
  columns.push_back({"", 1});
  return Table(columns);
}

// What is averaged over: the first word of a layer's title, with its window.
std::string group_of(const Comparison& comparison) {
  if (comparison.kind == "network") return "whole networks";
  const std::string& title = comparison.title;
  if (title.rfind("dw ", 0) == 0) return "depthwise " + title.substr(3, title.find(' ', 3) - 3);
  if (title.rfind("pw", 0) == 0) return "pointwise";
  return title.rfind("fc", 0) == 0 ? "fully connected" : "first layer";
}

nlohmann::json json_of(const Comparison& comparison, const Entry& entry) {
  return {{"name", comparison.kind + "/" + comparison.title + "/" + comparison.shape + "/" + entry.library},
          {"label", entry.library},
          {"kind", comparison.kind},
          {"title", comparison.title},
          {"shape", comparison.shape},
          {"group", group_of(comparison)},
          {"uses", comparison.uses},
          {"multiply_adds", comparison.multiply_adds},
          {"microseconds", entry.timing.seconds * 1e6},
          {"peak_fraction", comparison.peak_fraction(entry)},
          {"ratio", comparison.ratio(entry)},
          {"discarded", entry.timing.discarded},
          {"disturbed", entry.timing.disturbed}};
}

bool is_disturbed(const Comparison& comparison) {
  return std::any_of(comparison.entries.begin(), comparison.entries.end(),
                     [](const Entry& entry) { return entry.timing.disturbed; });
}

}  // namespace

PeersReport::PeersReport(const std::vector<Library>& libraries) : libraries_(libraries) {
  for (const Library& library : libraries) std::printf("%-16s %s\n", library.name.c_str(), library.description.c_str());
  std::fputs(legend, stdout);
}

void PeersReport::add(const Comparison& comparison) {
  if (comparisons_.empty() || comparisons_.back().kind != comparison.kind) print_header(comparison.kind);
  comparisons_.push_back(comparison);
  print_row(comparison);
}

void PeersReport::print_header(const std::string& kind) const {
  std::printf("\n%s", table_of(kind, libraries_).header().c_str());
}

void PeersReport::print_row(const Comparison& comparison) const {
  const bool layers = comparison.kind == "layer";
  std::vector<std::string> cells;
  if (layers) cells.push_back(comparison.uses);
  cells.push_back(comparison.title);
  if (layers) cells.push_back(comparison.shape);
  for (const Library& library : libraries_) {
    if (!takes_part(library, comparison.kind)) continue;
    const Entry* entry = comparison.find(library.name);
    const bool first = &library == &libraries_[0];
    const double seconds = entry->timing.seconds;
    cells.push_back(layers ? fixed(seconds * 1e6, 2) : fixed(seconds * 1e3, 3));
    cells.push_back(percent(comparison.peak_fraction(*entry)));
    const double ratio = comparison.ratio(*entry);
    if (!first) cells.push_back((ratio < 1 ? "< " : "") + fixed(ratio, 2));
  }
  cells.push_back(is_disturbed(comparison) ? "~" : "");
  std::fputs(table_of(comparison.kind, libraries_).row(cells).c_str(), stdout);
  std::fflush(stdout);
}

void PeersReport::print_summary() const {
  print_means();
  print_losses();
  int discarded = 0;
  for (const Comparison& comparison : comparisons_) {
    for (const Entry& entry : comparison.entries) discarded += entry.timing.discarded;
  }
  std::printf(
      "\n%d samples thrown away because the machine was busy otherwise; ~ marks rows that it disturbed all the same.\n",
      discarded);
}

void PeersReport::print_means() const {
  std::map<std::string, std::map<std::string, std::vector<double>>> logarithms;  // by group and library
  for (const Comparison& comparison : comparisons_) {
    for (const Entry& entry : comparison.entries) {
      logarithms[group_of(comparison)][entry.library].push_back(std::log(comparison.ratio(entry)));
    }
  }
  std::vector<Column> columns = {{"times Sixfold's, geometric mean", 31, Align::left}, {"count", 5}};
  for (std::size_t i = 1; i < libraries_.size(); ++i) columns.push_back({libraries_[i].name, 12});
  const Table table(columns);
  std::printf("\n%s", table.header().c_str());
  for (const auto& [group, by_library] : logarithms) {
    std::vector<std::string> cells = {group, std::to_string(by_library.at(libraries_[0].name).size())};
    for (std::size_t i = 1; i < libraries_.size(); ++i) {
      const auto found = by_library.find(libraries_[i].name);
      if (found == by_library.end()) {
        cells.push_back("-");
        continue;
      }
      double sum = 0.0;
      for (const double logarithm : found->second) sum += logarithm;
      cells.push_back(fixed(std::exp(sum / static_cast<double>(found->second.size())), 2));
    }
    std::fputs(table.row(cells).c_str(), stdout);
  }
}

void PeersReport::print_losses() const {
  for (std::size_t i = 1; i < libraries_.size(); ++i) {
    std::size_t rows = 0, losses = 0;
    for (const Comparison& comparison : comparisons_) {
      const Entry* entry = comparison.find(libraries_[i].name);
      if (entry == nullptr) continue;
      ++rows;
      if (comparison.ratio(*entry) < 1) ++losses;
    }
    std::printf("%s%s is faster in %zu of %zu rows\n", i == 1 ? "\n" : "", libraries_[i].name.c_str(), losses, rows);
  }
}

void PeersReport::write_json(const std::string& path,
                             const std::vector<std::pair<std::string, std::string>>& machine) const {
  nlohmann::json document;
  for (const auto& [name, value] : machine) document["context"][name] = value;
  for (const Library& library : libraries_) document["context"]["library " + library.name] = library.description;
  document["benchmarks"] = nlohmann::json::array();
  for (const Comparison& comparison : comparisons_) {
    for (const Entry& entry : comparison.entries) document["benchmarks"].push_back(json_of(comparison, entry));
  }
  std::ofstream file(path);
  if (!(file << document.dump(1) << '\n')) throw std::runtime_error("cannot write " + path);
}

}  // namespace sixfold::bench
