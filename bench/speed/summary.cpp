#include "summary.hpp"

#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "table.hpp"

namespace sixfold::bench {
namespace {

// Of one backend, in the order in which they were measured.
using LayerResults = std::vector<const Result*>;

LayerResults layers_of(const std::vector<Result>& results, const std::string& backend) {
  LayerResults layers;
  for (const Result& result : results) {
    if (result.measured->layer && result.measured->backend == backend) layers.push_back(&result);
  }
  return layers;
}

std::vector<std::string> backends_in(const std::vector<Result>& results) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Result& result : results) {
    if (seen.insert(result.measured->backend).second) names.push_back(result.measured->backend);
  }
  return names;
}

// The results in fp32 and in another precision of every layer that has both.
struct Pair {
  const Result* fp32;
  const Result* other;

  const Layer& layer() const { return fp32->measured->layer->layer; }
  double ratio() const { return other->microseconds / fp32->microseconds; }
};

std::vector<Pair> pairs_of(const LayerResults& layers, const Precision& other) {
  std::vector<Pair> pairs;
  for (const Result* a : layers) {
    for (const Result* b : layers) {
      const bool same = a->measured->layer->layer == b->measured->layer->layer;
      if (same && a->measured->precision == SIXFOLD_FP32 && b->measured->precision == other) pairs.push_back({a, b});
    }
  }
  return pairs;
}

// The sum over one network's layers, each as often as the network runs it.
struct Sum {
  double microseconds = 0.0;
  double microseconds_at_peak = 0.0;
  double operations = 0.0;
  std::size_t measured_layers = 0;
};

Sum sum_of(const LayerResults& layers, std::size_t network, const Precision& precision) {
  Sum sum;
  for (const Result* result : layers) {
    const int uses = result->measured->layer->uses[network];
    if (uses == 0 || result->measured->precision != precision) continue;
    sum.microseconds += uses * result->microseconds;
    sum.microseconds_at_peak += uses * result->microseconds * result->peak_fraction;
    sum.operations += uses * result->measured->operations;
    sum.measured_layers += static_cast<std::size_t>(uses);
  }
  return sum;
}

}  // namespace

void print_network_sums(const std::vector<Result>& results) {
  const Table table({{"network", 18, Align::left},
                     {"backend", 11, Align::left},
                     {"type", 7},
                     {"ms", 9},
                     {"ms at FMA peak", 14},
                     {"GFLOP/s", 8},
                     {"% peak", 6}});
  std::string rows;
  for (const std::string& backend : backends_in(results)) {
    const LayerResults layers = layers_of(results, backend);
    for (std::size_t network = 0; network < network_count; ++network) {
      for (const Precision& precision : precisions) {
        const Sum sum = sum_of(layers, network, precision);
        if (sum.measured_layers != networks[network].layers.count) continue;  // a part of a network says nothing
        rows += table.row({networks[network].name, backend, name_of(precision), fixed(sum.microseconds / 1e3, 3),
                           fixed(sum.microseconds_at_peak / 1e3, 3), fixed(sum.operations / sum.microseconds / 1e3, 1),
                           percent(sum.microseconds_at_peak / sum.microseconds)});
      }
    }
  }
  if (rows.empty()) return;
  std::printf("\nWhole networks: sums of the medians of their convolutions and fully connected layers\n%s%s",
              table.header().c_str(), rows.c_str());
}

namespace {

// Geometric means and worst cases by kind of layer; empty if nothing was measured in both.
std::string type_ratios(const std::vector<Result>& results, const Precision& other) {
  static constexpr std::pair<LayerKind, const char*> kinds[] = {{LayerKind::conv, "convolution"},
                                                                {LayerKind::depthwise, "depthwise"},
                                                                {LayerKind::pointwise, "pointwise"},
                                                                {LayerKind::fully_connected, "fully connected"}};
  const Table table({{"layers", 16, Align::left},
                     {"backend", 11, Align::left},
                     {"count", 5},
                     {"mean", 5},
                     {"worst", 5},
                     {"worst layer", 50, Align::left}});
  std::string rows;
  for (const std::string& backend : backends_in(results)) {
    const std::vector<Pair> pairs = pairs_of(layers_of(results, backend), other);
    for (const auto& [kind, text] : kinds) {
      double logarithms = 0.0;
      int count = 0;
      const Pair* worst = nullptr;
      for (const Pair& pair : pairs) {
        if (pair.layer().kind != kind) continue;
        logarithms += std::log(pair.ratio());
        ++count;
        if (worst == nullptr || pair.ratio() > worst->ratio()) worst = &pair;
      }
      if (worst == nullptr) continue;
      rows += table.row({text, backend, std::to_string(count), fixed(std::exp(logarithms / count), 2),
                         fixed(worst->ratio(), 2), title_of(worst->layer()) + " " + shape_of(worst->layer())});
    }
  }
  return rows.empty() ? rows : table.header() + rows;
}

}  // namespace

void print_type_ratios(const std::vector<Result>& results) {
  for (const Precision& other : precisions) {
    if (other == SIXFOLD_FP32) continue;
    const std::string table = type_ratios(results, other);
    if (!table.empty()) std::printf("\n%s time / fp32 time (geometric mean)\n%s", name_of(other), table.c_str());
  }
}

namespace {

struct Floor {
  const char* text;
  std::function<bool(const Layer&)> applies;
  double fraction;  // of the peak, at least, in fp32
};

const std::vector<Floor>& floors() {
  static const std::vector<Floor> list = {
      {"pointwise, 96 channels in or more, 14x14 or larger",
       [](const Layer& l) { return l.kind == LayerKind::pointwise && l.input_channels >= 96 && l.size >= 14; }, 0.85},
      {"first layer, 3x3 stride 2", [](const Layer& l) { return l.kind == LayerKind::conv; }, 0.70},
      {"depthwise 3x3 at 14x14",
       [](const Layer& l) { return l.kind == LayerKind::depthwise && l.kernel == 3 && l.size == 14 && l.stride == 1; },
       0.45},
      {"depthwise 5x5 at 14x14",
       [](const Layer& l) { return l.kind == LayerKind::depthwise && l.kernel == 5 && l.size == 14 && l.stride == 1; },
       0.60},
  };
  return list;
}

struct RatioCeiling {
  const char* text;
  LayerKind kind;
  double ratio;  // fp16 time / fp32 time, at most
};

constexpr RatioCeiling ceilings[] = {{"fp16 time / fp32 time, pointwise", LayerKind::pointwise, 1.15},
                                     {"fp16 time / fp32 time, depthwise", LayerKind::depthwise, 1.00}};

// Collects one criterion's failures while its layers go by.
class Verdict {
 public:
  void add(bool holds, const Result& result, const std::string& value) {
    ++count_;
    if (holds) return;
    const Case& measured = *result.measured;
    failures_.push_back(value + "  " + measured.title + "  " + measured.shape + "  " + result.kernel);
  }
  // Prints it; returns whether it holds.
  bool report(const char* text, double limit) const {
    std::string verdict = "not measured";
    if (count_ > 0) verdict = "holds for all " + std::to_string(count_);
    if (!failures_.empty()) verdict = "FAILS for " + std::to_string(failures_.size()) + " of " + std::to_string(count_);
    std::printf("%-52s %5.2f  %s\n", text, limit, verdict.c_str());
    for (const std::string& failure : failures_) std::printf("    %s\n", failure.c_str());
    return failures_.empty();
  }

 private:
  std::size_t count_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace

bool check_floors(const std::vector<Result>& results) {
  const std::vector<std::string> measured = backends_in(results);
  const std::string best = measured.empty() ? "" : measured[0];
  const LayerResults layers = layers_of(results, best);
  bool all_hold = true;
  std::printf("\nFloors, %s\n", best.c_str());
  for (const Floor& floor : floors()) {
    Verdict verdict;
    for (const Result* result : layers) {
      if (result->measured->precision != SIXFOLD_FP32 || !floor.applies(result->measured->layer->layer)) continue;
      verdict.add(result->peak_fraction >= floor.fraction, *result, fixed(result->peak_fraction, 3));
    }
    all_hold &= verdict.report(floor.text, floor.fraction);
  }
  for (const RatioCeiling& ceiling : ceilings) {
    Verdict verdict;
    for (const Pair& pair : pairs_of(layers, SIXFOLD_FP16)) {
      if (pair.layer().kind != ceiling.kind) continue;
      verdict.add(pair.ratio() <= ceiling.ratio, *pair.other, fixed(pair.ratio(), 3));
    }
    all_hold &= verdict.report(ceiling.text, ceiling.ratio);
  }
  return all_hold;
}

}  // namespace sixfold::bench
