// What half precision does to a network: each way to accumulate beside fp32 on the same input, layer by layer, and what can
// be proved of each layer.
#ifndef SIXFOLD_BENCH_NET_PRECISION_HPP
#define SIXFOLD_BENCH_NET_PRECISION_HPP

#include <optional>
#include <string>
#include <vector>

#include "measure.hpp"
#include "network.hpp"
#include "plan.hpp"

namespace sixfold::net {

// Those that an fp16 network can be run with, most exact first.
std::vector<sixfold_accumulation> accumulations();

// One layer's result beside that of fp32.
struct LayerError {
  Difference difference;
  size_t not_finite = 0;  // infinities and NaN
  // The element with the largest error; the first that is not finite, if there is one.
  size_t channel = 0;
  float expected = 0.0f;
  float actual = 0.0f;
};

LayerError error_of(const std::vector<float>& values, const std::vector<float>& reference, const Dims& dims);

// What is proved of a layer for one way to accumulate.
struct LayerProof {
  double largest = 0;   // magnitude of a partial sum
  double headroom = 0;  // 65504 (fp32: the largest float) over that
  double error = 0;     // bound of an output's error; infinite where something may overflow
  bool overflows = false;
};

struct LayerPrecision {
  size_t step = 0;
  bool accumulates = false;  // a convolution or matrix product
  size_t chain = 0;          // multiply-adds of an output
  double low = 0, high = 0;  // of the results in fp32
  // One an accumulation, in their order:
  std::vector<LayerError> alone;        // on exact inputs, rounded to fp16
  std::vector<LayerError> accumulated;  // with all that came before in fp16, too
  std::vector<LayerProof> observed;     // for inputs as this run saw them, with a margin; none if they overflow
  std::vector<LayerProof> proved;       // for every input of the network in its interval; none if nothing can be said
};

enum class Fault { none, overflow, not_finite, threshold };

// One way to run the whole network.
struct ModeResult {
  std::string name;
  LayerError output;  // of the first output, against fp32
  double agreement = 0;
  std::optional<size_t> first_bad;  // a layer
  Fault fault = Fault::none;
  LayerError evidence;  // of that layer
  std::string cure;
};

struct PrecisionStudy {
  std::vector<LayerPrecision> layers;          // one a step
  std::vector<std::vector<size_t>> histogram;  // of each layer's results: see histogram_bins
  std::vector<ModeResult> modes;               // each accumulation, then the plan
  Plan plan;                                   // without the network's name
};

// Bins of |x| by powers of two from 2^-25 (and less) to 2^16 (and more: beyond a half), after one for exact zeros.
inline constexpr int histogram_low = -25, histogram_high = 16;

// `reference` is the fp32 network and its values on this input. `threshold`: the error of a layer by itself, as a fraction
// of the largest magnitude it gives, from which on it is bad. `range`: of all inputs that proofs are for; widened to hold this one.
PrecisionStudy study_precision(const LayerGraph& graph, const Network& reference, const Values& values,
                               const std::vector<const float*>& inputs, const NetworkOptions& options, double threshold,
                               const std::optional<sixfold_interval>& range = std::nullopt);

// The decisions of each way to run, on other inputs: as study_precision found them, against fp32.
struct Agreement {
  std::string name;             // of the way to run
  size_t inputs = 0;            // tried
  size_t equal = 0;             // of them: the same decision throughout
  double mean_agreement = 0;    // share of equal decisions
  double largest_error = 0;     // of an output
  double largest_relative = 0;  // as a fraction of the largest magnitude of that output
  size_t not_finite = 0;        // inputs that gave an infinity or NaN
};
std::vector<Agreement> agreement_over(const LayerGraph& graph, const std::vector<std::vector<float>>& inputs,
                                      const NetworkOptions& options, const PrecisionStudy& study);

// The share of equal decisions: the largest class, or for an image the pixels on the same side of one half.
double agreement(const std::vector<float>& output, const std::vector<float>& reference, const Dims& dims);

}  // namespace sixfold::net

#endif
