#include <cmath>

#include "layer.hpp"

namespace sixfold::bench {
namespace {

constexpr std::size_t lengths[] = {9, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

constexpr char section[] =
    "Sums of growing length (inputs 0 to 6, as after ReLU6)\n"
    "(ulp: of the true value. A sum of both signs may be a small rest of large terms, whose rounding is then many ulp "
    "of it.)";

struct Weights {
  const char* name;
  const char* description;
  bool positive;
  float (*bound)(std::size_t length);
};

// As networks have them: the typical sum of both signs is about 6.
float scaled_to_length(std::size_t length) { return 3.0f / std::sqrt(static_cast<float>(length)); }
// Sums of about 16 times their length: at 4096 about half of them are beyond the range of a half.
float large(std::size_t) { return 32.0f / 3.0f; }

// With both signs a sum grows with the square root of its length, and a small one is left over from large terms: its error is
// many of its own ulp. With one sign it grows with the length itself.
constexpr Weights kinds_of_weights[] = {{"signed", "weights of both signs", false, scaled_to_length},
                                        {"positive", "positive weights", true, scaled_to_length},
                                        {"large", "weights up to 10.7", true, large}};

// Inputs as after ReLU6.
PointwiseLayer layer_of(std::size_t length, const Weights& weights) {
  return {length, 0.0f, 6.0f, weights.bound(length), weights.positive, SIXFOLD_IDENTITY};
}

}  // namespace

std::vector<Experiment> accumulation_experiments(const std::string& backend) {
  std::vector<Experiment> result;
  for (const Mode& mode : modes()) {
    for (const Weights& weights : kinds_of_weights) {
      for (const std::size_t length : lengths) {
        result.push_back(
            {section, "accumulation/" + backend + "/" + mode.name + "/" + weights.name + "/k:" + std::to_string(length),
             weights.description, mode.description, "k = " + std::to_string(length),
             [=] { return compare_with_double(layer_of(length, weights), mode, backend); }});
      }
    }
  }
  return result;
}

}  // namespace sixfold::bench
