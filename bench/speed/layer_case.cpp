#include "case.hpp"
#include "layer_parameters.hpp"

namespace sixfold::bench {
namespace {

constexpr std::uint64_t seed = 6;

std::size_t extent(std::int64_t value) { return static_cast<std::size_t>(value); }

Workload make_workload(const Layer& layer, const std::string& backend, const Precision& precision) {
  Random random(seed);
  Operator op = make_operator(layer, LayerParameters(layer, random), backend, precision);
  std::vector<Tensor> inputs;
  const auto add_input = [&](int size, int channels) {
    inputs.emplace_back(precision.type, Shape{1, extent(size), extent(size), extent(channels)});
    random.fill(inputs.back().elements(), -1.0f, 1.0f);
  };
  add_input(layer.size, layer.input_channels);
  if (layer.residual) add_input(layer.output_size(), layer.output_channels);
  return Workload(std::move(op), std::move(inputs));
}

}  // namespace

Case layer_case(const DistinctLayer& distinct, const std::string& backend, const Precision& precision) {
  const Layer& layer = distinct.layer;
  Case result;
  result.name = "layer/" + backend + "/" + name_of(precision) + "/" + identifier_of(layer);
  result.backend = backend;
  result.precision = precision;
  result.uses = uses_of(distinct);
  result.title = title_of(layer);
  result.shape = shape_of(layer);
  result.operations = 2.0 * static_cast<double>(layer.multiply_adds());
  result.elements = static_cast<double>(layer.outputs());
  result.bytes = static_cast<double>(layer.elements_moved()) * static_cast<double>(size_of(precision.type));
  result.layer = distinct;
  result.make = [layer, backend, precision] { return make_workload(layer, backend, precision); };
  return result;
}

}  // namespace sixfold::bench
