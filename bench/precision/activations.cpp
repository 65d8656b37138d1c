#include <cmath>
#include <cstdint>
#include <optional>

#include "experiment.hpp"
#include "name_of.hpp"
#include "table.hpp"
#include "tensor.hpp"
#include "truth.hpp"

namespace sixfold::bench {
namespace {

constexpr char section[] =
    "Activations of every half from -range to range\n"
    "(0.5 ulp is the best that a result kept in fp16 can have; mean and SNR are over halves, of which most are small.)";

constexpr float largest_half = 65504.0f;
constexpr float ranges[] = {1.0f, 8.0f, 64.0f, 1024.0f, largest_half};
constexpr float slope = 0.25f;  // PReLU's, for the one channel

std::vector<float> finite_halves_up_to(float bound) {
  std::vector<float> result;
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float value = from_half(static_cast<std::uint16_t>(bits));
    if (std::fabs(value) <= bound) result.push_back(value);
  }
  return result;
}

ErrorStatistics measure(const sixfold_activation& activation, float range, const std::string& backend) {
  const std::vector<float> values = finite_halves_up_to(range);
  Tensor input(SIXFOLD_FP16, {1, 1, values.size(), 1});
  Tensor output(SIXFOLD_FP16, input.shape());
  for (std::size_t i = 0; i < values.size(); ++i) input.elements().set(i, values[i]);

  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.type = SIXFOLD_FP16;
  desc.kind = SIXFOLD_ACTIVATE;
  desc.channels = 1;
  desc.activation = activation;
  desc.activation.slopes = activation.kind == SIXFOLD_PRELU ? &slope : nullptr;
  const sixfold_options options = options_for(backend);
  Operator op = Operator::make([&](sixfold_operator** created, sixfold_error* error) {
    return sixfold_elementwise_create(&desc, &options, created, error);
  });
  op.prepare({input.view()});
  op.run({input.view()}, output.view());

  ErrorStatistics errors;
  for (std::size_t i = 0; i < values.size(); ++i)
    errors.add(output.elements().get(i), true_value(activation, slope, values[i]));
  return errors;
}

}  // namespace

std::vector<Experiment> activation_experiments(const std::string& backend) {
  std::vector<Experiment> result;
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    const sixfold_activation activation = sixfold_activation_default(static_cast<sixfold_activation_kind>(kind));
    for (const float range : ranges) {
      const std::string name = name_of(activation.kind);
      const std::string bound = fixed(static_cast<double>(range), 0);
      result.push_back({section, "activation/" + backend + "/" + name + "/range:" + bound, name, "fp16", bound,
                        [=] { return measure(activation, range, backend); }});
    }
  }
  return result;
}

}  // namespace sixfold::bench
