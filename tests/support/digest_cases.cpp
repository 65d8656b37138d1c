#include "digest_cases.hpp"

#include <bit>
#include <cmath>
#include <stdexcept>

#include "support/arithmetic.hpp"
#include "support/conv_cases.hpp"
#include "support/random.hpp"
#include "support/rows.hpp"

namespace sixfold::test {

namespace {

constexpr std::uint64_t kSeed = 20260101;  // not the one that a test run may change

// Draws a value for each element.
using Draw = std::function<float(Random&)>;

float any_small(Random& random) { return random.uniform(-2.0f, 2.0f); }
float any_moderate(Random& random) { return random.uniform(-9.0f, 9.0f); }
// Sums of these reach beyond halves.
float any_large(Random& random) { return random.uniform(-900.0f, 900.0f); }
// A denormal float of any size; of either sign.
float any_denormal(Random& random) {
  const std::uint32_t sign = random.one_in(2) ? 0x80000000U : 0U;
  return std::bit_cast<float>(sign | static_cast<std::uint32_t>(random.below(0x800000U)));
}

std::vector<float> drawn(std::size_t count, const Draw& draw, sixfold_type type, Random& random) {
  std::vector<float> values(count);
  for (float& value : values) value = reference::stored(type, draw(random));
  return values;
}

reference::Image image(sixfold_type type, std::size_t n, std::size_t h, std::size_t w, std::size_t c, const Draw& draw,
                       Random& random) {
  reference::Image result(type, n, h, w, c);
  result.values = drawn(result.values.size(), draw, type, random);
  return result;
}

reference::Image run_created(const std::string& name, const Created& created,
                             const std::vector<const reference::Image*>& inputs) {
  if (created.op == nullptr) throw std::runtime_error(name + ": " + created.text);
  return run(created.op.get(), inputs);
}

const char* short_name(sixfold_type type) { return type == SIXFOLD_FP16 ? "fp16" : "fp32"; }

class Cases {
 public:
  // A convolution whose descriptor has everything but pointers; arrays are drawn as it needs them.
  void add_conv(const std::string& name, const ConvShape& shape, const sixfold_conv_desc& options,
                const Draw& draw = any_small) {
    for (const Arithmetic& arithmetic : kArithmetics) {
      sixfold_conv_desc desc = described(shape, options);
      desc.type = arithmetic.type;
      desc.accumulation = arithmetic.accumulation;
      add("conv_" + name + "_" + arithmetic.name(), [=](const std::string& full_name, const char* backend) {
        Random random(stream_of(name), kSeed);
        const reference::ConvArrays arrays = draw_arrays(desc, random);
        const reference::Image input =
            image(desc.type, shape.batch, shape.height, shape.width, shape.input_channels, draw, random);
        const reference::Size size = reference::conv_output_size(desc, input);
        const reference::Image residual =
            image(desc.type, shape.batch, size.height, size.width, shape.output_channels, draw, random);
        std::vector<const reference::Image*> inputs = {&input};
        if (desc.residual != SIXFOLD_NO_RESIDUAL) inputs.push_back(&residual);
        const reference::Image factors = image(desc.type, shape.batch, 1, 1, shape.input_channels, draw, random);
        if (desc.input_scale != SIXFOLD_NO_INPUT_SCALE) inputs.push_back(&factors);
        return run_created(full_name, create(desc, arrays, forced(backend)), inputs);
      });
    }
  }

  void add_fully_connected(const std::string& name, std::size_t inputs, std::size_t outputs, std::size_t batch,
                           sixfold_activation_kind activation) {
    for (const Arithmetic& arithmetic : kArithmetics) {
      sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
      desc.type = arithmetic.type;
      desc.accumulation = arithmetic.accumulation;
      desc.input_features = inputs;
      desc.output_features = outputs;
      desc.activation = sixfold_activation_default(activation);
      add("fully_connected_" + name + "_" + arithmetic.name(), [=](const std::string& full_name, const char* backend) {
        Random random(stream_of(name), kSeed);
        const reference::ConvArrays arrays = draw_arrays(reference::as_conv(desc), random);
        const reference::Image input = image(desc.type, batch, 1, 1, inputs, any_small, random);
        return run_created(full_name, create(desc, arrays, forced(backend)), {&input});
      });
    }
  }

  void add_elementwise(const std::string& name, sixfold_elementwise_kind kind, sixfold_activation_kind activation,
                       bool one_pixel, const Draw& draw, const std::vector<sixfold_type>& types) {
    for (const sixfold_type type : types) {
      sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
      desc.type = type;
      desc.kind = kind;
      desc.channels = 37;
      desc.activation = sixfold_activation_default(activation);
      add(name + "_" + short_name(type), [=](const std::string& full_name, const char* backend) {
        Random random(stream_of(name), kSeed);
        const reference::Image a = image(type, 2, 9, 7, desc.channels, draw, random);
        const std::size_t height = one_pixel ? 1 : a.height;
        const reference::Image b = image(type, 2, height, one_pixel ? 1 : a.width, desc.channels, draw, random);
        std::vector<const reference::Image*> inputs = {&a};
        if (kind != SIXFOLD_ACTIVATE) inputs.push_back(&b);
        std::vector<float> slopes;
        if (activation == SIXFOLD_PRELU) slopes = random.uniform(desc.channels, -1.0f, 1.0f);
        return run_created(full_name, create(desc, slopes, forced(backend)), inputs);
      });
    }
  }

  void add_pool(const std::string& name, const sixfold_pool_desc& options, const Draw& draw,
                const std::vector<sixfold_type>& types) {
    for (const sixfold_type type : types) {
      sixfold_pool_desc desc = options;
      desc.type = type;
      add("pool_" + name + "_" + short_name(type), [=](const std::string& full_name, const char* backend) {
        Random random(stream_of(name), kSeed);
        const reference::Image input = image(type, 2, 11, 14, 45, draw, random);
        return run_created(full_name, create(desc, forced(backend)), {&input});
      });
    }
  }

  void add_convert(const std::string& name, const sixfold_convert_desc& desc, const Draw& draw) {
    add("convert_" + name, [=](const std::string& full_name, const char* backend) {
      Random random(stream_of(name), kSeed);
      const reference::Image input = image(desc.input_type, 2, 7, 9, 21, draw, random);
      return run_created(full_name, create(desc, forced(backend)), {&input});
    });
  }

  std::vector<DigestCase> take() { return std::move(list_); }

 private:
  void add(const std::string& name, std::function<reference::Image(const std::string&, const char*)> outputs) {
    list_.push_back({name, [=](const char* backend) { return outputs(name, backend); }});
  }

  static sixfold_conv_desc described(const ConvShape& shape, const sixfold_conv_desc& options) {
    sixfold_conv_desc desc = options;
    desc.input_channels = shape.input_channels;
    desc.output_channels = shape.output_channels;
    desc.groups = shape.groups;
    desc.kernel_height = shape.kernel_height;
    desc.kernel_width = shape.kernel_width;
    desc.stride_height = shape.stride_height;
    desc.stride_width = shape.stride_width;
    desc.dilation_height = shape.dilation_height;
    desc.dilation_width = shape.dilation_width;
    desc.pad_top = shape.pad_top;
    desc.pad_left = shape.pad_left;
    desc.pad_bottom = shape.pad_bottom;
    desc.pad_right = shape.pad_right;
    return desc;
  }

  static reference::ConvArrays draw_arrays(const sixfold_conv_desc& desc, Random& random) {
    const std::size_t channels = desc.output_channels;
    reference::ConvArrays arrays;
    const std::size_t taps = desc.kernel_height * desc.kernel_width * (desc.input_channels / desc.groups);
    arrays.weights = random.uniform(channels * taps, -1.0f, 1.0f);
    arrays.bias = random.uniform(channels, -3.0f, 3.0f);
    if (desc.batch_norm.position != SIXFOLD_NO_BATCH_NORM) {
      arrays.mean = random.uniform(channels, -2.0f, 2.0f);
      arrays.variance = random.uniform(channels, 0.1f, 3.0f);
      arrays.gamma = random.uniform(channels, -2.0f, 2.0f);
      arrays.beta = random.uniform(channels, -2.0f, 2.0f);
    }
    if (desc.activation.kind == SIXFOLD_PRELU) arrays.slopes = random.uniform(channels, -1.0f, 1.0f);
    return arrays;
  }

  std::vector<DigestCase> list_;
};

ConvShape square(std::size_t size, std::size_t in, std::size_t out, std::size_t groups, std::size_t kernel,
                 std::size_t stride) {
  ConvShape shape;
  shape.batch = 2;
  shape.height = size;
  shape.width = size + 3;
  shape.input_channels = in;
  shape.output_channels = out;
  shape.groups = groups;
  shape.kernel_height = shape.kernel_width = kernel;
  shape.stride_height = shape.stride_width = stride;
  shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = kernel / 2;
  return shape;
}

ConvShape wide(std::size_t height, std::size_t width, std::size_t in, std::size_t out, std::size_t groups) {
  ConvShape shape;
  shape.height = 9;
  shape.width = 11;
  shape.kernel_height = height;
  shape.kernel_width = width;
  shape.input_channels = in;
  shape.output_channels = out;
  shape.groups = groups;
  shape.pad_right = 1;
  return shape;
}

ConvShape dilated(ConvShape shape) {
  shape.dilation_height = 2;
  shape.dilation_width = 3;
  return shape;
}

sixfold_conv_desc activated(sixfold_activation_kind kind) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.activation = sixfold_activation_default(kind);
  return desc;
}

sixfold_conv_desc with(sixfold_conv_desc desc, sixfold_batch_norm_position norm, sixfold_residual residual) {
  desc.batch_norm.position = norm;
  desc.batch_norm.epsilon = 1e-3f;
  desc.residual = residual;
  return desc;
}

sixfold_conv_desc scaled(sixfold_conv_desc desc) {
  desc.input_scale = SIXFOLD_INPUT_SCALE_PER_CHANNEL;
  return desc;
}

std::string activation_text(int kind) {
  static const char* const names[] = {"identity", "relu",      "relu6",        "clamp",     "leaky_relu", "prelu",
                                      "elu",      "sigmoid",   "tanh",         "softplus",  "swish",      "mish",
                                      "gelu_erf", "gelu_tanh", "hard_sigmoid", "hard_swish"};
  static_assert(sizeof names / sizeof names[0] == SIXFOLD_ACTIVATION_KINDS);
  return names[kind];
}

sixfold_activation_kind kind_of(int number) { return static_cast<sixfold_activation_kind>(number); }

void add_convolutions(Cases& cases) {
  const sixfold_conv_desc relu6 = activated(SIXFOLD_RELU6);
  const sixfold_conv_desc plain = activated(SIXFOLD_IDENTITY);
  const sixfold_conv_desc swish = activated(SIXFOLD_HARD_SWISH);
  cases.add_conv("pointwise", square(6, 40, 70, 1, 1, 1), relu6);
  cases.add_conv("pointwise_narrow", square(5, 24, 3, 1, 1, 1), plain);
  cases.add_conv("pointwise_scaled", square(7, 90, 40, 1, 1, 1), scaled(relu6));
  cases.add_conv("pointwise_stride_2", square(8, 33, 17, 1, 1, 2), swish);
  cases.add_conv("pointwise_deep", square(2, 600, 19, 1, 1, 1), plain);
  cases.add_conv("one_pixel", square(1, 97, 130, 1, 1, 1), relu6);
  cases.add_conv("first_layer", square(15, 3, 16, 1, 3, 2), swish);
  cases.add_conv("3x3", square(7, 12, 21, 1, 3, 1), relu6);
  cases.add_conv("5x5_grouped", square(7, 12, 10, 2, 5, 1), plain);
  cases.add_conv("3x3_dilated", dilated(square(9, 9, 8, 1, 3, 1)), plain);
  cases.add_conv("1x7", wide(1, 7, 10, 9, 1), swish);
  cases.add_conv("depthwise_3x3", square(9, 37, 37, 37, 3, 1), relu6);
  cases.add_conv("depthwise_3x3_stride_2", square(10, 20, 20, 20, 3, 2), swish);
  cases.add_conv("depthwise_5x5", square(9, 18, 18, 18, 5, 1), relu6);
  cases.add_conv("depthwise_5x5_stride_2", square(11, 33, 33, 33, 5, 2), plain);
  cases.add_conv("depthwise_7x7", square(8, 9, 9, 9, 7, 1), plain);
  cases.add_conv("depthwise_3x3_dilated", dilated(square(9, 19, 19, 19, 3, 1)), relu6);
  cases.add_conv("depthwise_2x3_multiplied", wide(2, 3, 11, 22, 11), plain);
  cases.add_conv("overflowing", square(4, 70, 13, 1, 1, 1), plain, any_large);
  cases.add_conv("depthwise_overflowing", square(6, 10, 10, 10, 5, 1), plain,
                 [](Random& random) { return any_large(random) * 40.0f; });

  const ConvShape small = square(4, 14, 18, 1, 1, 1);
  const ConvShape small_depthwise = square(5, 18, 18, 18, 3, 1);
  for (const bool depthwise : {false, true}) {
    const ConvShape& shape = depthwise ? small_depthwise : small;
    const std::string prefix = depthwise ? "depthwise_" : "";
    cases.add_conv(prefix + "norm_before", shape,
                   with(relu6, SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION, SIXFOLD_NO_RESIDUAL));
    cases.add_conv(prefix + "norm_after_residual_before", shape,
                   with(relu6, SIXFOLD_BATCH_NORM_AFTER_ACTIVATION, SIXFOLD_RESIDUAL_BEFORE_ACTIVATION));
    cases.add_conv(prefix + "residual_before", shape,
                   with(swish, SIXFOLD_NO_BATCH_NORM, SIXFOLD_RESIDUAL_BEFORE_ACTIVATION));
    cases.add_conv(prefix + "residual_after", shape,
                   with(relu6, SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION, SIXFOLD_RESIDUAL_AFTER_ACTIVATION));
    for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
      cases.add_conv(prefix + activation_text(kind), shape, activated(kind_of(kind)));
    }
  }
  cases.add_fully_connected("batch", 70, 45, 5, SIXFOLD_SIGMOID);
  cases.add_fully_connected("one", 300, 33, 1, SIXFOLD_IDENTITY);
}

sixfold_pool_desc pool(sixfold_pool_kind kind, std::size_t kernel, std::size_t stride, std::size_t pad) {
  sixfold_pool_desc desc = sixfold_pool_desc_default();
  desc.kind = kind;
  desc.kernel_height = desc.kernel_width = kernel;
  desc.stride_height = desc.stride_width = stride;
  desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = pad;
  return desc;
}

sixfold_pool_desc counting_padding(sixfold_pool_desc desc) {
  desc.count_include_pad = desc.ceil_mode = 1;
  return desc;
}

void add_pools(Cases& cases, const std::string& prefix, const Draw& draw, const std::vector<sixfold_type>& types) {
  cases.add_pool(prefix + "max_2x2", pool(SIXFOLD_MAX_POOL, 2, 2, 0), draw, types);
  cases.add_pool(prefix + "max_3x3", pool(SIXFOLD_MAX_POOL, 3, 2, 1), draw, types);
  cases.add_pool(prefix + "average_2x2", pool(SIXFOLD_AVERAGE_POOL, 2, 2, 0), draw, types);
  cases.add_pool(prefix + "average_3x3", pool(SIXFOLD_AVERAGE_POOL, 3, 2, 1), draw, types);
  cases.add_pool(prefix + "average_padding_counted", counting_padding(pool(SIXFOLD_AVERAGE_POOL, 3, 2, 1)), draw,
                 types);
  cases.add_pool(prefix + "global_average", pool(SIXFOLD_GLOBAL_AVERAGE_POOL, 1, 1, 0), draw, types);
}

void add_elementwise(Cases& cases, const std::string& prefix, const Draw& draw,
                     const std::vector<sixfold_type>& types) {
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    cases.add_elementwise(prefix + "activate_" + activation_text(kind), SIXFOLD_ACTIVATE, kind_of(kind), false, draw,
                          types);
  }
  cases.add_elementwise(prefix + "add", SIXFOLD_ADD, SIXFOLD_RELU6, false, draw, types);
  cases.add_elementwise(prefix + "add_swish", SIXFOLD_ADD, SIXFOLD_SWISH, false, draw, types);
  cases.add_elementwise(prefix + "multiply", SIXFOLD_MULTIPLY, SIXFOLD_HARD_SWISH, false, draw, types);
  cases.add_elementwise(prefix + "multiply_by_pixel", SIXFOLD_MULTIPLY, SIXFOLD_IDENTITY, true, draw, types);
}

void add_conversions(Cases& cases, const std::string& prefix, const Draw& draw) {
  const char* const layouts[] = {"nhwc", "nchw"};
  for (const sixfold_type from : {SIXFOLD_FP32, SIXFOLD_FP16}) {
    for (const sixfold_type to : {SIXFOLD_FP32, SIXFOLD_FP16}) {
      for (const sixfold_layout input : {SIXFOLD_NHWC, SIXFOLD_NCHW}) {
        for (const sixfold_layout output : {SIXFOLD_NHWC, SIXFOLD_NCHW}) {
          sixfold_convert_desc desc = sixfold_convert_desc_default();
          desc.input_type = from;
          desc.output_type = to;
          desc.input_layout = input;
          desc.output_layout = output;
          cases.add_convert(
              prefix + short_name(from) + "_" + layouts[input] + "_to_" + short_name(to) + "_" + layouts[output], desc,
              draw);
        }
      }
    }
  }
}

}  // namespace

std::vector<DigestCase> digest_cases() {
  Cases cases;
  add_convolutions(cases);
  add_pools(cases, "", any_moderate, {SIXFOLD_FP32, SIXFOLD_FP16});
  add_elementwise(cases, "", any_moderate, {SIXFOLD_FP32, SIXFOLD_FP16});
  add_conversions(cases, "", any_moderate);
  // Halves of all magnitudes, which as floats are all normal.
  const Draw any_half = [](Random& random) {
    return static_cast<float>(
        reference::half_to_double(static_cast<std::uint16_t>(random.below(0x7c00) | random.below(2) << 15)));
  };
  cases.add_conv("all_halves", square(5, 30, 10, 1, 1, 1), activated(SIXFOLD_IDENTITY), any_half);
  cases.add_conv("depthwise_all_halves", square(7, 30, 30, 30, 3, 1), activated(SIXFOLD_IDENTITY), any_half);
  cases.add_conv("small_halves", square(5, 40, 10, 1, 1, 1), activated(SIXFOLD_IDENTITY),
                 [](Random& random) { return random.uniform(-0x1p-14f, 0x1p-14f); });
  return cases.take();
}

std::vector<DigestCase> denormal_digest_cases() {
  Cases cases;
  const std::vector<sixfold_type> floats = {SIXFOLD_FP32};
  cases.add_conv("denormal_pointwise", square(4, 20, 18, 1, 1, 1), activated(SIXFOLD_IDENTITY), any_denormal);
  cases.add_conv("denormal_depthwise", square(6, 18, 18, 18, 3, 1), activated(SIXFOLD_IDENTITY), any_denormal);
  add_pools(cases, "denormal_", any_denormal, floats);
  add_elementwise(cases, "denormal_", any_denormal, floats);
  add_conversions(cases, "denormal_", any_denormal);
  // So far from 0 that results are denormal.
  cases.add_elementwise(
      "tiny_sigmoid", SIXFOLD_ACTIVATE, SIXFOLD_SIGMOID, false,
      [](Random& random) { return random.uniform(-103.0f, -87.0f); }, floats);
  cases.add_elementwise(
      "tiny_gelu", SIXFOLD_ACTIVATE, SIXFOLD_GELU_ERF, false,
      [](Random& random) { return random.uniform(-14.0f, -12.0f); }, floats);
  return cases.take();
}

}  // namespace sixfold::test
