#include <cmath>

#include "layer.hpp"

namespace sixfold::bench {
namespace {

constexpr std::size_t lengths[] = {9, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

struct Signs {
  const char* name;
  const char* description;
  bool positive;
};

// With both signs a sum grows with the square root of its length, and small results are left over from large terms; with one
// it grows with the length itself.
constexpr Signs kinds_of_signs[] = {{"signed", "weights of both signs", false}, {"positive", "positive weights", true}};

// Inputs as after ReLU6, and weights such that the typical sum of both signs is about 6.
PointwiseLayer layer_of(std::size_t length, bool positive) {
  const float weight_bound = 3.0f / std::sqrt(static_cast<float>(length));
  return {length, 0.0f, 6.0f, weight_bound, positive, SIXFOLD_IDENTITY};
}

}  // namespace

std::vector<Experiment> accumulation_experiments(const std::string& backend) {
  std::vector<Experiment> result;
  for (const Mode& mode : modes()) {
    for (const Signs& signs : kinds_of_signs) {
      for (const std::size_t length : lengths) {
        result.push_back(
            {"Sums of growing length (inputs 0 to 6, as after ReLU6)",
             "accumulation/" + backend + "/" + mode.name + "/" + signs.name + "/k:" + std::to_string(length),
             signs.description, mode.description, "k = " + std::to_string(length),
             [=] { return compare_with_double(layer_of(length, signs.positive), mode, backend); }});
      }
    }
  }
  return result;
}

}  // namespace sixfold::bench
