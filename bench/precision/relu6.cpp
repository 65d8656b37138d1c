#include <cmath>
#include <utility>

#include "layer.hpp"
#include "table.hpp"

namespace sixfold::bench {
namespace {

constexpr float ranges[] = {1, 3, 10, 30, 100, 300, 1e3f, 3e3f, 1e4f, 3e4f, 1e5f};

constexpr char section[] =
    "Why ReLU6: one layer's output kept in fp16, while what enters the activation grows\n"
    "(range: three standard deviations of it. After ReLU the error grows with the range, and beyond 65504 a half "
    "overflows;\n"
    "after ReLU6 the error stays under 2^-9 = 0.00195, half of a unit in the last place of 4 to 8, and nothing "
    "overflows.)";

// The sums that enter the activation lie mostly (three standard deviations) between -range and range: inputs are spread
// evenly over [-1, 1], with variance 1/3, and so are weights over +-bound.
PointwiseLayer layer_of(float range, sixfold_activation_kind activation) {
  constexpr std::size_t length = 64;
  const float weight_bound = range / std::sqrt(static_cast<float>(length));
  return {length, -1.0f, 1.0f, weight_bound, false, activation};
}

}  // namespace

std::vector<Experiment> relu6_experiments(const std::string& backend) {
  constexpr std::pair<sixfold_activation_kind, const char*> activations[] = {{SIXFOLD_RELU, "relu"},
                                                                             {SIXFOLD_RELU6, "relu6"}};
  std::vector<Experiment> result;
  for (const Mode& mode : modes()) {
    for (const float range : ranges) {
      for (const auto& [activation, name] : activations) {
        const PointwiseLayer layer = layer_of(range, activation);
        const std::string text = fixed(static_cast<double>(range), 0);
        result.push_back({section, "relu6/" + backend + "/" + mode.name + "/" + name + "/range:" + text, name,
                          mode.description, text, [=] { return compare_with_double(layer, mode, backend); }});
      }
    }
  }
  return result;
}

}  // namespace sixfold::bench
