#include "conv_cases.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "reference/elementwise.hpp"

namespace sixfold::test {

namespace {

struct Window {
  std::size_t height, width;
};

// Draws the parameters of one direction, and an image size that the window fits into.
void draw_axis(Random& random, std::size_t kernel, std::size_t& dilation, std::size_t& before, std::size_t& after,
               std::size_t& size, std::size_t largest_extra) {
  dilation = kernel > 1 && random.one_in(3) ? random.between(2, 3) : 1;
  const std::size_t extent = dilation * (kernel - 1) + 1;
  before = random.below(std::min<std::size_t>(extent, 4));
  after = random.below(std::min<std::size_t>(extent, 4));
  const std::size_t padding = before + after;
  size = (extent > padding ? extent - padding : 1) + random.below(largest_extra + 1);
}

void draw_axes(Random& random, ConvShape& shape, std::size_t largest_extra) {
  draw_axis(random, shape.kernel_height, shape.dilation_height, shape.pad_top, shape.pad_bottom, shape.height,
            largest_extra);
  draw_axis(random, shape.kernel_width, shape.dilation_width, shape.pad_left, shape.pad_right, shape.width,
            largest_extra);
}

ConvShape pointwise(std::size_t height, std::size_t width, std::size_t in, std::size_t out) {
  ConvShape shape;
  shape.height = height;
  shape.width = width;
  shape.input_channels = in;
  shape.output_channels = out;
  return shape;
}

bool folds_into(EpilogueKind epilogue, sixfold_activation_kind kind) {
  switch (kind) {
    case SIXFOLD_IDENTITY:
    case SIXFOLD_RELU:
    case SIXFOLD_RELU6:
    case SIXFOLD_CLAMP:
      return epilogue == EpilogueKind::clamp;
    case SIXFOLD_HARD_SWISH:
      return epilogue == EpilogueKind::hswish;
    default:
      return epilogue == EpilogueKind::general;
  }
}

sixfold_batch_norm_position draw_batch_norm(EpilogueKind epilogue, sixfold_activation_kind kind, Random& random) {
  // Only the general epilogue can scale after the activation; it needs a reason to be chosen.
  if (epilogue == EpilogueKind::general && !folds_into(epilogue, kind)) return SIXFOLD_BATCH_NORM_AFTER_ACTIVATION;
  if (epilogue == EpilogueKind::clamp || epilogue == EpilogueKind::hswish) {
    return random.pick({SIXFOLD_NO_BATCH_NORM, SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION});
  }
  return random.pick(
      {SIXFOLD_NO_BATCH_NORM, SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION, SIXFOLD_BATCH_NORM_AFTER_ACTIVATION});
}

void draw_arrays(ConvCase& test, Random& random) {
  const std::size_t channels = test.desc.output_channels;
  const std::size_t weights =
      channels * (test.desc.input_channels / test.desc.groups) * test.desc.kernel_height * test.desc.kernel_width;
  test.arrays.weights = random.uniform(weights, -1.0f, 1.0f);
  if (test.desc.weights_type == SIXFOLD_FP16) {
    for (float& weight : test.arrays.weights) weight = reference::stored(SIXFOLD_FP16, weight);
  }
  if (!random.one_in(4)) test.arrays.bias = random.uniform(channels, -3.0f, 3.0f);
  if (test.desc.batch_norm.position != SIXFOLD_NO_BATCH_NORM) {
    test.desc.batch_norm.epsilon = random.pick({0.0f, 1e-5f, 1e-3f});
    test.arrays.mean = random.uniform(channels, -2.0f, 2.0f);
    test.arrays.variance = random.uniform(channels, 0.1f, 3.0f);
    if (!random.one_in(4)) test.arrays.gamma = random.uniform(channels, -2.0f, 2.0f);
    if (!random.one_in(4)) test.arrays.beta = random.uniform(channels, -2.0f, 2.0f);
  }
  if (test.desc.activation.kind == SIXFOLD_PRELU) test.arrays.slopes = random.uniform(channels, -1.0f, 1.0f);
}

std::size_t draw_gap(Random& random) { return random.pick<std::size_t>({0, 0, 1, 3, 8, 17}); }

const char* epilogue_order(sixfold_residual residual) {
  return residual == SIXFOLD_NO_RESIDUAL ? "none" : residual == SIXFOLD_RESIDUAL_BEFORE_ACTIVATION ? "before" : "after";
}

}  // namespace

EpilogueKind epilogue_kind(const std::string& name) {
  if (name == "clamp") return EpilogueKind::clamp;
  if (name == "hswish") return EpilogueKind::hswish;
  if (name == "general") return EpilogueKind::general;
  throw std::runtime_error("no test knows the epilogue " + name);
}

std::vector<const reference::Image*> ConvCase::inputs() const {
  std::vector<const reference::Image*> list = {&input};
  if (desc.residual != SIXFOLD_NO_RESIDUAL) list.push_back(&residual);
  if (desc.input_scale != SIXFOLD_NO_INPUT_SCALE) list.push_back(&factors);
  return list;
}

reference::Expected ConvCase::expected() const {
  const reference::Image* addend = desc.residual == SIXFOLD_NO_RESIDUAL ? nullptr : &residual;
  if (desc.input_scale == SIXFOLD_NO_INPUT_SCALE) return reference::conv(desc, arrays, input, addend);
  return reference::conv(desc, arrays, reference::scaled(input, factors), addend);
}

void ConvCase::place(Placement placement) {
  settings.first.placement = placement;
  settings.second.placement = placement;
  settings.output.placement = placement;
}

std::string ConvCase::text() const {
  std::ostringstream out;
  out << Arithmetic(desc.type, desc.accumulation) << ", input " << input.batch << " x " << input.height << " x "
      << input.width << " x " << desc.input_channels << " (gap " << settings.first.gap << "), output channels "
      << desc.output_channels << " (gap " << settings.output.gap << "), groups " << desc.groups << ", kernel "
      << desc.kernel_height << " x " << desc.kernel_width << ", stride " << desc.stride_height << " x "
      << desc.stride_width << ", dilation " << desc.dilation_height << " x " << desc.dilation_width
      << ", padding top left bottom right " << desc.pad_top << " " << desc.pad_left << " " << desc.pad_bottom << " "
      << desc.pad_right << ", weights " << (desc.weights_type == SIXFOLD_FP16 ? "fp16 " : "fp32 ")
      << (desc.weights_layout == SIXFOLD_OIHW ? "OIHW" : "OHWI") << (arrays.bias.empty() ? "" : ", bias")
      << ", batch norm " << desc.batch_norm.position << ", activation " << desc.activation.kind << " ("
      << desc.activation.alpha << ", " << desc.activation.beta << "), factors of " << factors.batch << ", residual "
      << epilogue_order(desc.residual) << " (gap " << settings.second.gap
      << (settings.output_is_input == 1 ? ", and it is the output), " : "), ")
      << (settings.output.placement == Placement::at_end ? "guard after" : "guard before");
  return out.str();
}

std::vector<ConvShape> gemm_shapes(Random& random) {
  std::vector<ConvShape> shapes;
  for (std::size_t out = 1; out <= 49; ++out) {
    shapes.push_back(pointwise(random.between(1, 3), random.between(1, 5), random.between(1, 20), out));
  }
  for (std::size_t pixels = 1; pixels <= 25; ++pixels) {
    shapes.push_back(pointwise(1, pixels, random.between(1, 9), random.between(1, 49)));
  }
  for (std::size_t in = 1; in <= 33; ++in)
    shapes.push_back(pointwise(1, random.between(1, 8), in, random.between(1, 25)));
  shapes.push_back(pointwise(1, 7, 1000, 17));  // deeper than any block of the depth
  shapes.push_back(pointwise(3, 3, 5, 300));
  shapes.push_back(pointwise(17, 31, 3, 9));    // several blocks of pixels
  shapes.push_back(pointwise(13, 17, 3, 100));  // portions of pixels, with panels that stay in L1
  // Portions of pixels, and of panels, that are converted at once.
  shapes.push_back(pointwise(5, 13, 100, 33));
  shapes.push_back(pointwise(4, 13, 200, 9));
  shapes.push_back(pointwise(5, 6, 520, 64));
  // One pixel: several panels at once, up to 256 channels, and those that are left over.
  for (const std::size_t out : std::initializer_list<std::size_t>{64, 72, 128, 145, 257, 300, 520}) {
    shapes.push_back(pointwise(1, 1, random.between(1, 40), out));
    ConvShape window = pointwise(3, 2, random.between(1, 20), out);
    window.kernel_height = 3;
    window.kernel_width = 2;
    shapes.push_back(window);
  }
  // Depths around the ends of the blocks that half accumulators are added up in.
  for (const std::size_t in : std::initializer_list<std::size_t>{63, 64, 65, 95, 96, 97}) {
    shapes.push_back(pointwise(1, random.between(1, 8), in, 9));
  }

  // Scaled inputs: by portions of pixels, of which the last has the rest, across images, in groups; as halves with few panels
  // and with many.
  for (const std::size_t in : std::initializer_list<std::size_t>{1, 10, 40, 150}) {
    for (const std::size_t out : std::initializer_list<std::size_t>{7, 36}) {
      ConvShape shape = pointwise(random.between(5, 7), random.between(5, 7), in, out);
      shape.batch = random.between(1, 3);
      if (in % 2 == 0 && out % 2 == 0) shape.groups = random.between(1, 2);
      shape.scaled = true;
      shapes.push_back(shape);
    }
  }
  shapes.push_back(pointwise(5, 6, 350, 100));
  shapes.back().scaled = true;

  for (const Window window : {Window{1, 1}, {3, 3}, {5, 5}, {7, 1}, {1, 7}, {2, 3}, {2, 2}}) {
    for (std::size_t stride = 1; stride <= 3; ++stride) {
      for (const std::size_t groups : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
        ConvShape shape;
        shape.batch = random.pick<std::size_t>({1, 1, 3, 0});
        shape.groups = groups;
        shape.input_channels = groups * random.between(groups == 1 ? 1 : 2, 9);  // one input a group would be depthwise
        shape.output_channels = groups * random.between(1, 19);
        shape.kernel_height = window.height;
        shape.kernel_width = window.width;
        shape.stride_height = stride;
        shape.stride_width = random.one_in(3) ? random.between(1, 3) : stride;
        draw_axes(random, shape, 7);
        shapes.push_back(shape);
      }
    }
  }
  return shapes;
}

std::vector<ConvShape> first_layer_shapes(Random& random) {
  std::vector<ConvShape> shapes;
  for (const Window window : {Window{3, 3}, {5, 5}, {2, 3}}) {
    for (std::size_t stride = 1; stride <= 2; ++stride) {
      ConvShape shape;
      shape.batch = random.between(1, 2);
      shape.input_channels = random.between(2, 4);
      shape.output_channels = random.between(2, 19);
      shape.kernel_height = window.height;
      shape.kernel_width = window.width;
      shape.stride_height = shape.stride_width = stride;
      shape.dilation_height = random.between(1, 2);
      shape.width = random.between(60, 70);
      shape.height = random.between(4, 8) * stride + (window.height - 1) * shape.dilation_height;
      shape.pad_top = random.between(0, 1);
      shape.pad_left = random.between(0, 2);
      shape.pad_right = random.between(0, 1);
      shapes.push_back(shape);
    }
  }
  return shapes;
}

std::vector<ConvShape> depthwise_shapes(Random& random) {
  std::vector<ConvShape> shapes;
  const auto add = [&](Window window, std::size_t stride, std::size_t channels, std::size_t multiplier,
                       std::size_t extra) {
    ConvShape shape;
    shape.groups = shape.input_channels = channels;
    shape.output_channels = channels * multiplier;
    shape.kernel_height = window.height;
    shape.kernel_width = window.width;
    shape.stride_height = shape.stride_width = stride;
    shape.batch = random.pick<std::size_t>({1, 1, 3, 0});
    draw_axes(random, shape, extra);
    if (random.one_in(2)) shape.dilation_height = shape.dilation_width = 1;
    shapes.push_back(shape);
  };
  for (const Window window : {Window{3, 3}, {5, 5}}) {
    for (std::size_t stride = 1; stride <= 3; ++stride) {
      for (std::size_t channels = 1; channels <= 17; ++channels) add(window, stride, channels, 1, 9);
      // Around one and two vectors of up to 32 channels.
      for (const std::size_t channels : {std::size_t{24}, std::size_t{31}, std::size_t{32}, std::size_t{33},
                                         std::size_t{48}, std::size_t{63}, std::size_t{64}, std::size_t{65}}) {
        add(window, stride, channels, 1, 5);
      }
      for (std::size_t width = 1; width <= 17; ++width) {  // "same" padding, every number of columns
        ConvShape shape;
        shape.groups = shape.input_channels = shape.output_channels = random.one_in(2) ? 64 : random.between(1, 70);
        shape.kernel_height = window.height;
        shape.kernel_width = window.width;
        shape.stride_height = shape.stride_width = stride;
        shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = window.width / 2;
        shape.width = width;
        shape.height = random.between(1, 5);
        shapes.push_back(shape);
      }
      for (const std::size_t width : {std::size_t{129}, std::size_t{300}}) {  // several bands of columns
        ConvShape shape = shapes.back();
        shape.width = width;
        shapes.push_back(shape);
      }
      ConvShape shape = shapes.back();
      shape.height = random.between(1, 3);
      shape.width = random.between(1, 9);
      // Windows of padding alone.
      shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = window.width + 1;
      shapes.push_back(shape);
      shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = window.width / 2;
      shape.groups = shape.input_channels = shape.output_channels = 300;  // several blocks of channels
      shape.height = shape.width = 3;
      shapes.push_back(shape);
      if (stride == 1 && window.width == 3) {  // more than a cache holds: several bands of rows
        shape.groups = shape.input_channels = shape.output_channels = 34;
        shape.height = 400;
        shape.width = 20;
        shapes.push_back(shape);
      }
      for (std::size_t multiplier = 2; multiplier <= 3; ++multiplier) {
        add(window, stride, random.between(1, 9), multiplier, 5);
        add(window, stride, random.between(20, 40), multiplier, 3);
      }
    }
  }
  for (const Window window : {Window{1, 1}, {7, 1}, {1, 7}, {2, 3}, {7, 7}, {3, 5}}) {
    for (std::size_t stride = 1; stride <= 3; ++stride) {
      for (std::size_t multiplier = 1; multiplier <= 3; ++multiplier)
        add(window, stride, random.between(1, 19), multiplier, 7);
    }
  }
  return shapes;
}

ConvShape random_shape(Random& random) {
  ConvShape shape;
  shape.batch = random.one_in(20) ? 0 : random.pick<std::size_t>({1, 1, 2});
  shape.kernel_height = random.pick<std::size_t>({1, 1, 2, 3, 3, 5, 7});
  shape.kernel_width = random.one_in(3) ? random.between(1, 7) : shape.kernel_height;
  shape.stride_height = random.between(1, 3);
  shape.stride_width = random.one_in(3) ? random.between(1, 4) : shape.stride_height;
  const bool depthwise = random.one_in(3);
  shape.groups = depthwise ? random.between(1, 40) : random.pick<std::size_t>({1, 1, 1, 2, 5});
  shape.input_channels = shape.groups * (depthwise ? 1 : random.between(1, 24));
  shape.output_channels =
      shape.groups * (depthwise ? random.pick<std::size_t>({1, 1, 1, 2, 3}) : random.between(1, 33));
  draw_axes(random, shape, random.one_in(5) ? 20 : 6);
  return shape;
}

bool can_be_scaled(const ConvShape& shape) {
  return shape.kernel_height * shape.kernel_width * shape.stride_height * shape.stride_width == 1 &&
         shape.pad_top + shape.pad_left + shape.pad_bottom + shape.pad_right == 0 &&
         (shape.groups == 1 || shape.groups != shape.input_channels);
}

Arithmetic random_arithmetic(Random& random) { return random.pick(kArithmetics); }

std::vector<ConvShape> thinned(std::vector<ConvShape> shapes, std::size_t count) {
  if (count >= shapes.size()) return shapes;
  std::vector<ConvShape> kept;
  for (std::size_t i = 0; i < count; ++i) kept.push_back(shapes[i * shapes.size() / count]);
  return kept;
}

sixfold_activation random_activation(EpilogueKind epilogue, Random& random) {
  sixfold_activation activation{};
  do {
    activation =
        sixfold_activation_default(static_cast<sixfold_activation_kind>(random.below(SIXFOLD_ACTIVATION_KINDS)));
  } while (epilogue != EpilogueKind::any && epilogue != EpilogueKind::general &&
           !folds_into(epilogue, activation.kind));
  if (random.one_in(2)) {
    activation.alpha = random.uniform(-2.0f, 2.0f);
    activation.beta = random.uniform(-2.0f, 2.0f);
    if (activation.alpha > activation.beta) std::swap(activation.alpha, activation.beta);
  }
  return activation;
}

ConvCase make_case(const ConvShape& shape, Arithmetic arithmetic, EpilogueKind epilogue, Random& random) {
  ConvCase test;
  sixfold_conv_desc& desc = test.desc;
  desc.type = arithmetic.type;
  desc.accumulation = arithmetic.accumulation;
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
  desc.weights_type = random.pick({SIXFOLD_FP32, SIXFOLD_FP16});
  desc.weights_layout = random.pick({SIXFOLD_OHWI, SIXFOLD_OIHW});
  desc.activation = random_activation(epilogue, random);
  desc.batch_norm.position = draw_batch_norm(epilogue, desc.activation.kind, random);
  desc.residual = random.pick({SIXFOLD_NO_RESIDUAL, SIXFOLD_NO_RESIDUAL, SIXFOLD_RESIDUAL_BEFORE_ACTIVATION,
                               SIXFOLD_RESIDUAL_AFTER_ACTIVATION});
  draw_arrays(test, random);

  test.input = reference::Image(desc.type, shape.batch, shape.height, shape.width, shape.input_channels);
  fill_uniform(test.input, random);
  if (desc.residual != SIXFOLD_NO_RESIDUAL) {
    const auto [height, width] = reference::conv_output_size(desc, test.input);
    test.residual = reference::Image(desc.type, shape.batch, height, width, shape.output_channels);
    fill_uniform(test.residual, random);
  }
  if (shape.scaled) {
    desc.input_scale = SIXFOLD_INPUT_SCALE_PER_CHANNEL;
    test.factors = reference::Image(desc.type, random.one_in(3) ? 1 : shape.batch, 1, 1, shape.input_channels);
    fill_uniform(test.factors, random);
  }
  test.settings.first.gap = draw_gap(random);
  test.settings.second.gap = draw_gap(random);
  test.settings.output.gap = draw_gap(random);
  test.settings.first.implied = test.settings.second.implied = test.settings.output.implied = random.one_in(2);
  if (desc.residual != SIXFOLD_NO_RESIDUAL && random.one_in(3)) test.settings.output_is_input = 1;
  return test;
}

}  // namespace sixfold::test
