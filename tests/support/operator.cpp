#include "operator.hpp"

#include <optional>
#include <stdexcept>

#include "support/denormals.hpp"

namespace sixfold::test {

namespace {

// The arrays of a descriptor while a create function looks at them.
class PlacedArrays {
 public:
  PlacedArrays(const reference::ConvArrays& arrays, sixfold_type weights_type, Placement placement)
      : weights_(guarded_array(arrays.weights, weights_type, placement)),
        bias_(guarded_array(arrays.bias, SIXFOLD_FP32, placement)),
        mean_(guarded_array(arrays.mean, SIXFOLD_FP32, placement)),
        variance_(guarded_array(arrays.variance, SIXFOLD_FP32, placement)),
        gamma_(guarded_array(arrays.gamma, SIXFOLD_FP32, placement)),
        beta_(guarded_array(arrays.beta, SIXFOLD_FP32, placement)),
        slopes_(guarded_array(arrays.slopes, SIXFOLD_FP32, placement)) {}

  template <class Desc>
  Desc pointed_to_by(Desc desc) const {
    desc.weights = weights_.data();
    desc.bias = floats(bias_);
    desc.batch_norm.mean = floats(mean_);
    desc.batch_norm.variance = floats(variance_);
    desc.batch_norm.gamma = floats(gamma_);
    desc.batch_norm.beta = floats(beta_);
    desc.activation.slopes = floats(slopes_);
    return desc;
  }

 private:
  static const float* floats(const GuardedBuffer& buffer) { return static_cast<const float*>(buffer.data()); }

  GuardedBuffer weights_, bias_, mean_, variance_, gamma_, beta_, slopes_;
};

template <class Desc>
Created call(sixfold_status (*function)(const Desc*, const sixfold_options*, sixfold_operator**, sixfold_error*),
             const Desc& desc, const sixfold_options& options) {
  sixfold_operator* op = nullptr;
  sixfold_error error;
  const sixfold_status status = function(&desc, &options, &op, &error);
  Created created{Operator(op), status, error.text};
  if (error.status != status) throw std::runtime_error("error.status differs from the status that was returned");
  if ((status == SIXFOLD_OK) != (op != nullptr))
    throw std::runtime_error("an operator comes with SIXFOLD_OK, and only then");
  if ((status == SIXFOLD_OK) != created.text.empty())
    throw std::runtime_error("a text comes with a failure, and only then");
  return created;
}

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

void require_ok(sixfold_status status, const char* call, const sixfold_error& error) {
  require(status == SIXFOLD_OK, std::string(call) + ": " + error.text);
}

sixfold_tensor without_data(sixfold_tensor view) {
  view.data = nullptr;
  return view;
}

}  // namespace

Created create(const sixfold_conv_desc& desc, const reference::ConvArrays& arrays, const sixfold_options& options,
               Placement placement) {
  const PlacedArrays placed(arrays, desc.weights_type, placement);
  return call(sixfold_conv_create, placed.pointed_to_by(desc), options);
}

Created create(const sixfold_fully_connected_desc& desc, const reference::ConvArrays& arrays,
               const sixfold_options& options, Placement placement) {
  const PlacedArrays placed(arrays, desc.weights_type, placement);
  return call(sixfold_fully_connected_create, placed.pointed_to_by(desc), options);
}

Created create(const sixfold_elementwise_desc& desc, const std::vector<float>& slopes, const sixfold_options& options,
               Placement placement) {
  const GuardedBuffer placed = guarded_array(slopes, SIXFOLD_FP32, placement);
  sixfold_elementwise_desc with_slopes = desc;
  with_slopes.activation.slopes = static_cast<const float*>(placed.data());
  return call(sixfold_elementwise_create, with_slopes, options);
}

Created create(const sixfold_pool_desc& desc, const sixfold_options& options) {
  return call(sixfold_pool_create, desc, options);
}

Created create(const sixfold_convert_desc& desc, const sixfold_options& options) {
  return call(sixfold_convert_create, desc, options);
}

sixfold_options forced(const char* backend, const char* kernel) {
  sixfold_options options = sixfold_options_default();
  options.backend = backend;
  options.kernel = kernel;
  return options;
}

reference::Image run(const sixfold_operator* op, const std::vector<const reference::Image*>& inputs,
                     const RunSettings& settings) {
  std::vector<GuardedTensor> tensors;
  std::vector<sixfold_tensor> views;
  std::vector<sixfold_tensor> shapes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    tensors.emplace_back(*inputs[i], i == 0 ? settings.first : settings.second);
    views.push_back(tensors.back().view());
    shapes.push_back(without_data(views.back()));
    if (settings.output_is_input != static_cast<int>(i)) tensors.back().make_read_only();
  }

  sixfold_error error;
  sixfold_tensor shape{};
  shape.data = &shape;
  require_ok(sixfold_output_shape(op, shapes.data(), shapes.size(), &shape, &error), "output_shape", error);
  require(shape.pixel_stride == shape.channels, "output_shape: pixel_stride is not dense");
  require(shape.data == &shape, "output_shape: data was changed");

  std::optional<GuardedTensor> own_output;
  if (settings.output_is_input < 0) own_output.emplace(shape, settings.output);
  const GuardedTensor& output =
      own_output.has_value() ? *own_output : tensors[static_cast<std::size_t>(settings.output_is_input)];

  std::size_t bytes = ~std::size_t{0};
  require_ok(sixfold_workspace_size(op, shapes.data(), shapes.size(), settings.max_tasks, &bytes, &error),
             "workspace_size", error);
  const GuardedBuffer workspace(bytes, settings.output.placement);

  sixfold_context context = sixfold_context_default();
  context.workspace = workspace.data();
  context.workspace_bytes = bytes;
  context.max_tasks = settings.max_tasks;
  context.parallel_for = settings.parallel_for;
  context.pool = settings.pool;
  require_ok(sixfold_run(op, views.data(), views.size(), &output.view(), &context, &error), "run", error);
  require(output.surroundings_untouched(), "run wrote outside the output's elements");
  require(workspace.surroundings_untouched(), "run wrote outside the workspace");
  reference::Image result = output.read();
  result.flushed = flushes_denormals(sixfold_kernel_name(op));
  return result;
}

}  // namespace sixfold::test
