#include "panels.hpp"

namespace sixfold::operators {
namespace {

// A core that starts two multiply-adds and two loads a cycle, and waits four cycles for a multiply-add.
constexpr double fma_per_cycle = 2.0;
constexpr double loads_per_cycle = 2.0;
constexpr double fma_latency = 4.0;

struct Candidate {
  std::size_t first_panels;
  std::size_t second_panels;
  const KernelRow* first;
  const KernelRow* second;
  double cost;
};

std::size_t panel_channels(const KernelRow& row) { return static_cast<std::size_t>(row.tile_channels); }

// `first` for as many panels as `first_panels` says, `second` for the rest.
Candidate make_candidate(const KernelRow& first, std::size_t first_panels, const KernelRow& second,
                         std::size_t channels) {
  const std::size_t covered = first_panels * panel_channels(first);
  const std::size_t rest = covered < channels ? channels - covered : 0;
  const std::size_t second_panels = ceil_div(rest, panel_channels(second));
  const double cost =
      static_cast<double>(first_panels) * panel_cost(first) + static_cast<double>(second_panels) * panel_cost(second);
  return {first_panels, second_panels, &first, &second, cost};
}

// The cheapest way to follow some panels of `first` by panels of `second`. Only the last few panels are worth trying.
void try_pair(const KernelRow& first, const KernelRow& second, std::size_t channels, Candidate& best) {
  const std::size_t all = ceil_div(channels, panel_channels(first));
  const std::size_t tries = &first == &second ? 0 : 8;
  const std::size_t fewest = all < tries ? 0 : all - tries;
  for (std::size_t count = all;; --count) {
    const Candidate candidate = make_candidate(first, count, second, channels);
    if (best.first == nullptr || candidate.cost < best.cost) best = candidate;
    if (count == fewest) break;
  }
}

void add_segment(Segments& segments, const KernelRow& row, std::size_t panels, std::size_t channels) {
  if (panels == 0) return;
  const std::size_t start = segments.padded_channels;
  const std::size_t width = panels * panel_channels(row);
  segments.items[segments.count++] = {&row, start, channels - start < width ? channels - start : width, panels};
  segments.padded_channels += width;
}

}  // namespace

double panel_cost(const KernelRow& row) {
  const double accumulators = row.tile.rows * row.tile.vectors;
  const double loads = row.tile.rows + row.tile.vectors;
  double cycles = accumulators / fma_per_cycle;
  if (cycles < loads / loads_per_cycle) cycles = loads / loads_per_cycle;
  if (cycles < fma_latency) cycles = fma_latency;
  return cycles / row.tile.rows;
}

Segments choose_segments(const Options& options, const RowQuery& query, std::size_t channels) {
  // Both kernels are of one table: what a backend has itself is better than what it adds to.
  Candidate best{};
  for (const KernelTable* table = options.backend->table; table != nullptr && best.first == nullptr;
       table = table->base) {
    for (std::size_t i = 0; i < table->row_count; ++i) {
      if (!row_fits(table->rows[i], query, options.kernel)) continue;
      for (std::size_t j = 0; j < table->row_count; ++j) {
        if (row_fits(table->rows[j], query, options.kernel)) try_pair(table->rows[i], table->rows[j], channels, best);
      }
    }
  }
  Segments segments{};
  if (best.first == nullptr) return segments;
  add_segment(segments, *best.first, best.first_panels, channels);
  add_segment(segments, *best.second, best.second_panels, channels);
  return segments;
}

}  // namespace sixfold::operators
