// Convolution: checks the descriptor and chooses the way to run it.
#include "conv.hpp"

#include "check.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

sixfold_status check_sizes(const sixfold_conv_desc& d, sixfold_error* error) {
  return check_positive({{"desc.input_channels", d.input_channels},
                         {"desc.output_channels", d.output_channels},
                         {"desc.groups", d.groups},
                         {"desc.kernel_height", d.kernel_height},
                         {"desc.kernel_width", d.kernel_width},
                         {"desc.stride_height", d.stride_height},
                         {"desc.stride_width", d.stride_width},
                         {"desc.dilation_height", d.dilation_height},
                         {"desc.dilation_width", d.dilation_width}},
                        error);
}

sixfold_status check_limits(const sixfold_conv_desc& d, sixfold_error* error) {
  const NamedSize fields[] = {
      {"input_channels", d.input_channels},
      {"output_channels", d.output_channels},
      {"kernel_height", d.kernel_height},
      {"kernel_width", d.kernel_width},
      {"stride_height", d.stride_height},
      {"stride_width", d.stride_width},
      {"dilation_height", d.dilation_height},
      {"dilation_width", d.dilation_width},
      {"pad_top", d.pad_top},
      {"pad_left", d.pad_left},
      {"pad_bottom", d.pad_bottom},
      {"pad_right", d.pad_right},
  };
  for (const NamedSize& field : fields) {
    if (field.value > size_limit) {
      return fail(error, SIXFOLD_OVERFLOW, "desc.%s is %zu, more than the limit of %zu", field.field, field.value,
                  size_limit);
    }
  }
  std::size_t count = d.output_channels;
  if (__builtin_mul_overflow(count, d.kernel_height, &count) || __builtin_mul_overflow(count, d.kernel_width, &count) ||
      __builtin_mul_overflow(count, d.input_channels / d.groups, &count) || count > PTRDIFF_MAX / 16) {
    return fail(
        error, SIXFOLD_OVERFLOW,
        "desc: output_channels %zu x kernel_height %zu x kernel_width %zu x input_channels %zu / groups %zu weights "
        "do not fit size_t",
        d.output_channels, d.kernel_height, d.kernel_width, d.input_channels, d.groups);
  }
  return SIXFOLD_OK;
}

sixfold_status check_groups(const sixfold_conv_desc& d, sixfold_error* error) {
  if (d.input_channels % d.groups != 0) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.groups is %zu, which does not divide desc.input_channels %zu",
                d.groups, d.input_channels);
  }
  if (d.output_channels % d.groups != 0) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.groups is %zu, which does not divide desc.output_channels %zu",
                d.groups, d.output_channels);
  }
  return SIXFOLD_OK;
}

sixfold_status check_enums(const sixfold_conv_desc& d, sixfold_error* error) {
  sixfold_status status = check_type("desc", "type", d.type, error);
  if (status == SIXFOLD_OK) status = check_type("desc", "weights_type", d.weights_type, error);
  if (status == SIXFOLD_OK) {
    status = check_enum("desc", "weights_layout", "sixfold_weights_layout", d.weights_layout, SIXFOLD_OIHW, error);
  }
  if (status == SIXFOLD_OK) {
    status = check_enum("desc", "residual", "sixfold_residual", d.residual, SIXFOLD_RESIDUAL_AFTER_ACTIVATION, error);
  }
  if (status == SIXFOLD_OK) {
    status =
        check_enum("desc", "input_scale", "sixfold_input_scale", d.input_scale, SIXFOLD_INPUT_SCALE_PER_CHANNEL, error);
  }
  return status == SIXFOLD_OK ? check_accumulation(d.accumulation, d.type, error) : status;
}

bool is_depthwise(const sixfold_conv_desc& d) { return d.groups == d.input_channels && d.groups > 1; }

ConvShape shape_of(const sixfold_conv_desc& d) {
  return {d.input_channels, d.output_channels, d.groups,          d.kernel_height,  d.kernel_width,
          d.stride_height,  d.stride_width,    d.dilation_height, d.dilation_width, d.pad_top,
          d.pad_left,       d.pad_bottom,      d.pad_right};
}

sixfold_status check_scale(const sixfold_conv_desc& d, sixfold_error* error) {
  if (d.input_scale == SIXFOLD_NO_INPUT_SCALE || (shape_of(d).is_pointwise() && !is_depthwise(d))) return SIXFOLD_OK;
  return fail(error, SIXFOLD_INVALID_ARGUMENT,
              "desc.input_scale is %d, but this convolution is not pointwise: 1x1, stride 1, no padding, not depthwise",
              d.input_scale);
}

sixfold_status check_desc(const sixfold_conv_desc* desc, sixfold_error* error) {
  sixfold_status status = check_struct("desc", desc, error);
  if (status != SIXFOLD_OK) return status;
  const sixfold_conv_desc& d = *desc;
  status = check_enums(d, error);
  if (status == SIXFOLD_OK) status = check_sizes(d, error);
  if (status == SIXFOLD_OK) status = check_groups(d, error);
  if (status == SIXFOLD_OK) status = check_limits(d, error);
  if (status == SIXFOLD_OK) status = check_scale(d, error);
  if (status == SIXFOLD_OK && d.weights == nullptr) {
    status = fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.weights is NULL");
  }
  if (status == SIXFOLD_OK) status = check_activation("desc.activation", d.activation, error);
  if (status == SIXFOLD_OK) status = check_batch_norm("desc.batch_norm", d.batch_norm, d.output_channels, error);
  return status;
}

// After an identity is before it: the value is the same, and kernels are made for that.
ResidualPosition residual_position(const sixfold_conv_desc& d) {
  const bool nothing_between =
      d.activation.kind == SIXFOLD_IDENTITY && d.batch_norm.position != SIXFOLD_BATCH_NORM_AFTER_ACTIVATION;
  if (d.residual == SIXFOLD_RESIDUAL_AFTER_ACTIVATION && nothing_between) return ResidualPosition::before_activation;
  return static_cast<ResidualPosition>(d.residual);
}

ConvPlan make_plan(const sixfold_conv_desc& d, const Options& options) {
  ConvPlan plan{};
  plan.desc = &d;
  plan.shape = shape_of(d);
  const bool scale_follows = d.batch_norm.position == SIXFOLD_BATCH_NORM_AFTER_ACTIVATION;
  plan.activation = plan_activation(d.activation, *options.backend->table, scale_follows);
  plan.activation.args.residual = residual_position(d);
  return plan;
}

// One dimension of the output; 0 if the window is larger than the padded image.
std::size_t output_extent(std::size_t in, std::size_t pad_before, std::size_t pad_after, std::size_t kernel,
                          std::size_t stride, std::size_t dilation) {
  const std::size_t padded = in + pad_before + pad_after;
  const std::size_t window = dilation * (kernel - 1) + 1;
  return padded < window ? 0 : divide(padded - window, stride).quotient + 1;
}

// That a further input has the type and extents of `expected`; `why` it must.
sixfold_status check_input(std::size_t number, const Tensor& input, const Tensor& expected, const char* why,
                           sixfold_error* error) {
  const struct {
    const char* name;
    std::size_t value;
    std::size_t expected;
  } fields[] = {{"type", input.type, expected.type},
                {"batch", input.batch, expected.batch},
                {"height", input.height, expected.height},
                {"width", input.width, expected.width},
                {"channels", input.channels, expected.channels}};
  for (const auto& field : fields) {
    if (field.value != field.expected) {
      return fail(error, SIXFOLD_SHAPE_MISMATCH, "inputs[%zu].%s is %zu, must be %zu, %s", number, field.name,
                  field.value, field.expected, why);
    }
  }
  return SIXFOLD_OK;
}

sixfold_status check_factors(std::size_t number, const Tensor& factors, const Tensor& image, sixfold_error* error) {
  Tensor expected = image;
  expected.height = expected.width = 1;
  if (factors.batch == 1) expected.batch = 1;
  return check_input(number, factors, expected, "to scale inputs[0]", error);
}

}  // namespace

sixfold_status check_conv(const sixfold_conv_desc* desc, sixfold_error* error) { return check_desc(desc, error); }

sixfold_status conv_output_shape(const sixfold_operator& op, const Tensor* inputs, Tensor& output,
                                 sixfold_error* error) {
  const Conv& conv = static_cast<const Conv&>(op);
  const ConvShape& s = conv.shape;
  const Tensor& in = inputs[0];
  if (in.type != conv.type) {
    return fail(error, SIXFOLD_SHAPE_MISMATCH, "inputs[0].type is %d, must be %d", static_cast<int>(in.type),
                static_cast<int>(conv.type));
  }
  if (in.channels != s.input_channels) {
    return fail(error, SIXFOLD_SHAPE_MISMATCH, "inputs[0].channels is %zu, must be %zu", in.channels, s.input_channels);
  }
  const std::size_t height =
      output_extent(in.height, s.pad_top, s.pad_bottom, s.kernel_height, s.stride_height, s.dilation_height);
  const std::size_t width =
      output_extent(in.width, s.pad_left, s.pad_right, s.kernel_width, s.stride_width, s.dilation_width);
  if (height == 0) {
    return fail(error, SIXFOLD_SHAPE_MISMATCH,
                "inputs[0].height is %zu: with padding %zu + %zu it is smaller than the window of %zu", in.height,
                s.pad_top, s.pad_bottom, s.dilation_height * (s.kernel_height - 1) + 1);
  }
  if (width == 0) {
    return fail(error, SIXFOLD_SHAPE_MISMATCH,
                "inputs[0].width is %zu: with padding %zu + %zu it is smaller than the window of %zu", in.width,
                s.pad_left, s.pad_right, s.dilation_width * (s.kernel_width - 1) + 1);
  }
  output.type = conv.type;
  output.batch = in.batch;
  output.height = height;
  output.width = width;
  output.channels = s.output_channels;
  sixfold_status status = SIXFOLD_OK;
  if (conv.residual_input != 0)
    status = check_input(conv.residual_input, inputs[conv.residual_input], output, "as in the output", error);
  if (status != SIXFOLD_OK || conv.scale_input == 0) return status;
  return check_factors(conv.scale_input, inputs[conv.scale_input], in, error);
}

std::size_t input_count_of(const ConvPlan& plan) {
  const bool residual = plan.activation.args.residual != ResidualPosition::none;
  const bool scale = plan.desc->input_scale != SIXFOLD_NO_INPUT_SCALE;
  return 1 + (residual ? 1 : 0) + (scale ? 1 : 0);
}

EpilogueLayout lay_out_epilogue(const ConvPlan& plan, BlockLayout& layout) {
  // Kernels read per-channel arguments in whole vectors.
  const std::size_t channels = round_up(plan.shape.output_channels, 64) + 64;
  EpilogueLayout result;
  if (plan.desc->activation.kind == SIXFOLD_PRELU) result.slopes = layout.add(channels, sizeof(float));
  if (plan.desc->batch_norm.position == SIXFOLD_BATCH_NORM_AFTER_ACTIVATION) {
    result.scale = layout.add(channels, sizeof(float));
    result.shift = layout.add(channels, sizeof(float));
  }
  return result;
}

void fill_conv(Conv& conv, const ConvPlan& plan, const EpilogueLayout& per_channel) {
  conv.shape = plan.shape;
  conv.type = plan.desc->type;
  conv.accumulation = plan.desc->accumulation;
  conv.choice = plan.choice;
  conv.activation_kind = plan.desc->activation.kind;
  conv.epilogue = plan.activation.args;
  conv.per_channel = per_channel;
  conv.residual_input = plan.activation.args.residual == ResidualPosition::none ? 0 : 1;
  conv.scale_input = plan.desc->input_scale == SIXFOLD_NO_INPUT_SCALE ? 0 : conv.residual_input + 1;
  const FoldedConv folded(*plan.desc);
  for (std::size_t c = 0; c < plan.shape.output_channels; ++c) {
    if (per_channel.slopes != 0) part<float>(&conv, per_channel.slopes)[c] = plan.desc->activation.slopes[c];
    if (per_channel.scale != 0) {
      part<float>(&conv, per_channel.scale)[c] = folded.scale(c);
      part<float>(&conv, per_channel.shift)[c] = folded.shift(c);
    }
  }
}

EpilogueArgs epilogue_of(const Conv& conv) {
  EpilogueArgs args = conv.epilogue;
  const EpilogueLayout& offsets = conv.per_channel;
  if (offsets.slopes != 0) args.activation_args.slopes = part<float>(conv, offsets.slopes);
  if (offsets.scale != 0) {
    args.scale = part<float>(conv, offsets.scale);
    args.shift = part<float>(conv, offsets.shift);
  }
  return args;
}

void describe_conv(const Conv& conv, TextWriter& text) {
  const ConvShape& s = conv.shape;
  text.add(
      "conv2d %s accumulated in %s, %zux%zu stride %zux%zu dilation %zux%zu, %zu -> %zu channels, %zu group%s, %s\n",
      conv.type == SIXFOLD_FP32 ? "fp32" : "fp16", accumulation_text(conv.accumulation), s.kernel_height,
      s.kernel_width, s.stride_height, s.stride_width, s.dilation_height, s.dilation_width, s.input_channels,
      s.output_channels, s.groups, s.groups == 1 ? "" : "s", activation_name(conv.activation_kind));
  describe_choice(conv.choice, conv.accumulation, text);
}

}  // namespace sixfold::operators

sixfold_status sixfold_conv_create(const sixfold_conv_desc* desc, const sixfold_options* options, sixfold_operator** op,
                                   sixfold_error* error) {
  using namespace sixfold::operators;
  Options checked;
  if (const sixfold_status status = read_options(options, op, checked, error)) return status;
  if (const sixfold_status status = check_desc(desc, error)) return status;
  sixfold_conv_desc settled = *desc;
  AccumulationChoice choice;
  if (const sixfold_status status = settle_accumulation(settled, choice, error)) return status;
  ConvPlan plan = make_plan(settled, checked);
  plan.choice = choice;
  return is_depthwise(*desc) ? create_depthwise_conv(plan, checked, op, error)
                             : create_gemm_conv(plan, checked, op, error);
}
