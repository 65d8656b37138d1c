// A fully connected layer is a 1x1 convolution. Its own fields are checked here, so that errors name them; what the two have
// in common goes by the same names.
#include "check.hpp"
#include "operator.hpp"

namespace sixfold::operators {
namespace {

sixfold_status check_weights(const sixfold_fully_connected_desc& desc, sixfold_error* error) {
  if (desc.weights == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.weights is NULL");
  std::size_t count = 0;
  if (desc.input_features > size_limit || desc.output_features > size_limit ||
      __builtin_mul_overflow(desc.input_features, desc.output_features, &count) || count > PTRDIFF_MAX / 16) {
    return fail(error, SIXFOLD_OVERFLOW,
                "desc.input_features %zu x desc.output_features %zu: the weights do not fit size_t",
                desc.input_features, desc.output_features);
  }
  return SIXFOLD_OK;
}

sixfold_status check_desc(const sixfold_fully_connected_desc* desc, sixfold_error* error) {
  sixfold_status status = check_struct("desc", desc, error);
  if (status == SIXFOLD_OK) status = check_type("desc", "type", desc->type, error);
  if (status == SIXFOLD_OK) status = check_type("desc", "weights_type", desc->weights_type, error);
  if (status == SIXFOLD_OK) {
    status =
        check_enum("desc", "residual", "sixfold_residual", desc->residual, SIXFOLD_RESIDUAL_AFTER_ACTIVATION, error);
  }
  if (status == SIXFOLD_OK) status = check_accumulation(desc->accumulation, desc->type, error);
  if (status == SIXFOLD_OK) {
    status = check_positive(
        {{"desc.input_features", desc->input_features}, {"desc.output_features", desc->output_features}}, error);
  }
  return status == SIXFOLD_OK ? check_weights(*desc, error) : status;
}

sixfold_conv_desc as_conv(const sixfold_fully_connected_desc& desc) {
  sixfold_conv_desc conv = sixfold_conv_desc_default();
  conv.type = desc.type;
  conv.input_channels = desc.input_features;
  conv.output_channels = desc.output_features;
  conv.weights_type = desc.weights_type;
  conv.weights = desc.weights;
  conv.bias = desc.bias;
  conv.batch_norm = desc.batch_norm;
  conv.activation = desc.activation;
  conv.residual = desc.residual;
  conv.accumulation = desc.accumulation;
  conv.ranges = desc.ranges;
  conv.tolerance = desc.tolerance;
  return conv;
}

}  // namespace
}  // namespace sixfold::operators

sixfold_status sixfold_fully_connected_create(const sixfold_fully_connected_desc* desc, const sixfold_options* options,
                                              sixfold_operator** op, sixfold_error* error) {
  using namespace sixfold::operators;
  Options checked;
  if (const sixfold_status status = read_options(options, op, checked, error)) return status;
  if (const sixfold_status status = check_desc(desc, error)) return status;
  const sixfold_conv_desc conv = as_conv(*desc);
  const sixfold_status status = sixfold_conv_create(&conv, options, op, error);
  if (status == SIXFOLD_OK) (*op)->name = "fully_connected";
  return status;
}

sixfold_status sixfold_fully_connected_range(const sixfold_fully_connected_desc* desc, sixfold_channel_range* channels,
                                             size_t channel_count, sixfold_range* range, sixfold_error* error) {
  using namespace sixfold::operators;
  succeed(error);
  if (const sixfold_status status = check_desc(desc, error)) return status;
  const sixfold_conv_desc conv = as_conv(*desc);
  return sixfold_conv_range(&conv, channels, channel_count, range, error);
}
