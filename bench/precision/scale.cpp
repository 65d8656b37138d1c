#include <cmath>

#include "experiment.hpp"
#include "name_of.hpp"
#include "table.hpp"
#include "tensor.hpp"
#include "truth.hpp"

namespace sixfold::bench {
namespace {

constexpr char section[] =
    "Activations of real numbers from -scale to scale, kept in fp16 before and after\n"
    "(distinct: how many different results are left of 20000 inputs. What bounds its output, as ReLU6 does, keeps its "
    "error "
    "while the scale grows.)";

constexpr float scales[] = {1, 3, 10, 30, 100, 300, 1e3f, 3e3f, 1e4f, 3e4f, 1e5f};
constexpr std::size_t samples = 20000;
constexpr std::uint64_t seed = 5;

// PRELU is leaky ReLU with a slope a channel.
constexpr sixfold_activation_kind kinds[] = {
    SIXFOLD_IDENTITY,     SIXFOLD_RELU,     SIXFOLD_RELU6,    SIXFOLD_HARD_SWISH, SIXFOLD_SWISH,
    SIXFOLD_HARD_SIGMOID, SIXFOLD_SIGMOID,  SIXFOLD_GELU_ERF, SIXFOLD_MISH,       SIXFOLD_LEAKY_RELU,
    SIXFOLD_ELU,          SIXFOLD_SOFTPLUS, SIXFOLD_TANH};

ErrorStatistics measure(const sixfold_activation& activation, float scale, const std::string& backend) {
  Random random(seed);
  const std::vector<float> values = random.values(samples, -scale, scale);
  Tensor input(SIXFOLD_FP16, {1, 1, samples, 1});
  Tensor output(SIXFOLD_FP16, input.shape());
  for (std::size_t i = 0; i < samples; ++i) input.elements().set(i, values[i]);

  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.type = SIXFOLD_FP16;
  desc.channels = 1;
  desc.activation = activation;
  const sixfold_options options = options_for(backend);
  Operator op = Operator::make([&](sixfold_operator** created, sixfold_error* error) {
    return sixfold_elementwise_create(&desc, &options, created, error);
  });
  op.prepare({input.view()});
  op.run({input.view()}, output.view());

  ErrorStatistics errors;
  for (std::size_t i = 0; i < samples; ++i)
    errors.add(output.elements().get(i), true_value(activation, 0.0f, values[i]));
  return errors;
}

}  // namespace

std::vector<Experiment> scale_experiments(const std::string& backend) {
  std::vector<Experiment> result;
  for (const sixfold_activation_kind kind : kinds) {
    const sixfold_activation activation = sixfold_activation_default(kind);
    for (const float scale : scales) {
      const std::string bound = fixed(static_cast<double>(scale), 0);
      result.push_back({section, "scale/" + backend + "/" + name_of(kind) + "/scale:" + bound, name_of(kind), "fp16",
                        bound, [=] { return measure(activation, scale, backend); }});
    }
  }
  return result;
}

}  // namespace sixfold::bench
