// Activation, addition and multiplication, element by element.
#include "../kernels/elementwise_args.hpp"

#include <cstring>

#include "activation.hpp"
#include "check.hpp"
#include "operator.hpp"
#include "parallel.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

constexpr std::size_t tile_elements = 16384;
constexpr std::size_t tiles_per_task = 4;
constexpr double elements_a_cycle = 8.0;  // within a factor of four of what second-level caches give

struct ElementwiseOperator {
  sixfold_operator common;
  sixfold_type type;
  sixfold_elementwise_kind kind;
  sixfold_activation_kind activation;
  std::size_t channels;  // 0: any number
  EpilogueArgs epilogue;
};

const ElementwiseOperator& self(const sixfold_operator& op) { return *part<ElementwiseOperator>(op, 0); }

bool same_image(const Tensor& a, const Tensor& b) {
  return a.batch == b.batch && a.height == b.height && a.width == b.width;
}

sixfold_status check_second(const Tensor& a, const Tensor& b, sixfold_error* error) {
  if (b.channels != a.channels) {
    return fail(error, SIXFOLD_SHAPE_MISMATCH, "inputs[1].channels is %zu, but inputs[0].channels is %zu", b.channels,
                a.channels);
  }
  const bool one_pixel = b.height == 1 && b.width == 1 && (b.batch == 1 || b.batch == a.batch);
  if (one_pixel || same_image(a, b)) return SIXFOLD_OK;
  return fail(
      error, SIXFOLD_SHAPE_MISMATCH,
      "inputs[1]: batch %zu x height %zu x width %zu must be as in inputs[0], %zu x %zu x %zu, or one pixel an image",
      b.batch, b.height, b.width, a.batch, a.height, a.width);
}

sixfold_status output_shape(const sixfold_operator& op, const Tensor* inputs, Tensor& output, sixfold_error* error) {
  const ElementwiseOperator& it = self(op);
  const Tensor& a = inputs[0];
  sixfold_status status = check_tensor_type("inputs[0]", a.type, it.type, error);
  if (status == SIXFOLD_OK && it.channels != 0 && a.channels != it.channels) {
    status = fail(error, SIXFOLD_SHAPE_MISMATCH, "inputs[0].channels is %zu, but the operator was made for %zu",
                  a.channels, it.channels);
  }
  if (status == SIXFOLD_OK && op.input_count == 2) {
    status = check_tensor_type("inputs[1]", inputs[1].type, it.type, error);
    if (status == SIXFOLD_OK) status = check_second(a, inputs[1], error);
  }
  if (status != SIXFOLD_OK) return status;
  output = a;
  output.data = nullptr;
  output.pixel_stride = 0;
  return SIXFOLD_OK;
}

// The tensor as `images` blocks of pixels x channels. Each block has its own pixel of b, where b is one pixel an image.
struct Plan {
  ElementwiseArgs args;  // of everything
  std::size_t images;
  std::size_t tile_pixels;
  std::size_t tile_channels;
  std::size_t channel_tiles;
  std::size_t tiles;  // of one image
  std::size_t bytes;  // of an element
  std::size_t tasks;
};

bool dense(const Tensor& tensor) { return tensor.pixel_stride == tensor.channels; }

// No element asks for its channel, and there are no gaps: one long row, however few channels there are.
bool is_one_row(const ElementwiseOperator& it, const Run& run) {
  if (!dense(run.inputs[0]) || !dense(run.output) || it.activation == SIXFOLD_PRELU) return false;
  return it.common.input_count == 1 || (dense(run.inputs[1]) && same_image(run.inputs[0], run.inputs[1]));
}

Plan make_plan(const ElementwiseOperator& it, const Run& run) {
  const Tensor& a = run.inputs[0];
  const Tensor& b = it.common.input_count == 2 ? run.inputs[1] : a;
  const bool b_an_image = !same_image(a, b) && b.batch != 1;
  const std::size_t pixels = a.height * a.width;

  Plan plan;
  plan.bytes = element_bytes(a.type);
  plan.images = b_an_image ? a.batch : 1;
  plan.args = {a.data,
               b.data,
               run.output.data,
               b_an_image ? pixels : a.batch * pixels,
               a.channels,
               0,
               a.pixel_stride,
               same_image(a, b) ? b.pixel_stride : 0,
               run.output.pixel_stride,
               &it.epilogue};
  if (is_one_row(it, run)) {
    plan.args.channels *= plan.args.pixels;
    plan.args.pixels = 1;
  }
  const std::size_t channels = plan.args.channels;
  const std::size_t elements = plan.args.pixels * channels;
  plan.tasks = worthwhile_tasks(run.max_tasks,
                                static_cast<double>(plan.images) * static_cast<double>(elements) / elements_a_cycle);
  const std::size_t even = plan.tasks == 1 ? tile_elements : ceil_div(elements, tiles_per_task * plan.tasks);
  const std::size_t size = min_of(round_up(even, 64), tile_elements);
  plan.tile_pixels = elements <= size ? plan.args.pixels : divide(size, channels).quotient;
  plan.tile_channels = plan.tile_pixels == 0 ? size : channels;
  plan.tile_pixels = max_of(plan.tile_pixels, 1);
  plan.channel_tiles = ceil_div(channels, plan.tile_channels);
  plan.tiles = ceil_div(plan.args.pixels, plan.tile_pixels) * plan.channel_tiles;
  return plan;
}

std::size_t piece(std::size_t total, std::size_t begin, std::size_t size) {
  return total - begin < size ? total - begin : size;
}

ElementwiseArgs tile_args(const Plan& plan, const Run& run, std::size_t index) {
  const Division tile = divide(index, plan.tiles);
  const Division rectangle = divide(tile.remainder, plan.channel_tiles);
  const std::size_t image = tile.quotient;
  const std::size_t channel = rectangle.remainder * plan.tile_channels;
  const std::size_t pixel = rectangle.quotient * plan.tile_pixels;
  const std::size_t pixel_of_all = image * plan.args.pixels + pixel;
  const std::size_t b_pixel = plan.images > 1 ? image * run.inputs[1].pixel_stride : pixel_of_all * plan.args.b_stride;

  ElementwiseArgs args = plan.args;
  args.pixels = piece(plan.args.pixels, pixel, plan.tile_pixels);
  args.channels = piece(plan.args.channels, channel, plan.tile_channels);
  args.channel = channel;
  args.a = static_cast<const unsigned char*>(args.a) + (pixel_of_all * args.a_stride + channel) * plan.bytes;
  args.b = static_cast<const unsigned char*>(args.b) + (b_pixel + channel) * plan.bytes;
  args.output = static_cast<unsigned char*>(args.output) + (pixel_of_all * args.output_stride + channel) * plan.bytes;
  return args;
}

void run_elementwise(const sixfold_operator& op, const Run& run) {
  const Plan plan = make_plan(self(op), run);
  for_each_tile(run, plan.tasks, plan.images * plan.tiles, [&](std::size_t tile, std::size_t) {
    const ElementwiseArgs args = tile_args(plan, run, tile);
    op.row->run(&args);
  });
}

void describe(const sixfold_operator& op, TextWriter& text) {
  static constexpr const char* operands[] = {"a", "a + b", "a * b"};
  const ElementwiseOperator& it = self(op);
  text.add("%s of %s, element by element\n", activation_name(it.activation), operands[it.kind]);
  text.add("kernel: %s: the one for this operation, type and epilogue\n", op.row->name);
}

constexpr OperatorClass elementwise_class = {"elementwise", output_shape, no_workspace, run_elementwise, describe};

sixfold_status check_desc(const sixfold_elementwise_desc* desc, sixfold_error* error) {
  sixfold_status status = check_struct("desc", desc, error);
  if (status == SIXFOLD_OK) status = check_type("desc", "type", desc->type, error);
  if (status == SIXFOLD_OK) {
    status = check_enum("desc", "kind", "sixfold_elementwise_kind", desc->kind, SIXFOLD_MULTIPLY, error);
  }
  if (status == SIXFOLD_OK) status = check_activation("desc.activation", desc->activation, error);
  if (status != SIXFOLD_OK || desc->activation.kind != SIXFOLD_PRELU) return status;
  if (desc->channels == 0) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.channels is 0, but prelu has one slope a channel");
  }
  if (desc->channels > PTRDIFF_MAX / sizeof(float)) {
    return fail(error, SIXFOLD_OVERFLOW, "desc.channels is %zu: the slopes do not fit size_t", desc->channels);
  }
  return SIXFOLD_OK;
}

Op op_of(sixfold_elementwise_kind kind) {
  return kind == SIXFOLD_ADD ? Op::add : kind == SIXFOLD_MULTIPLY ? Op::multiply : Op::activate;
}

void fill(sixfold_operator* op, const sixfold_elementwise_desc& desc, const EpilogueArgs& epilogue, float* slopes) {
  ElementwiseOperator& it = *part<ElementwiseOperator>(op, 0);
  it.type = desc.type;
  it.kind = desc.kind;
  it.activation = desc.activation.kind;
  it.channels = desc.channels;
  it.epilogue = epilogue;
  if (desc.activation.kind == SIXFOLD_PRELU) {
    std::memcpy(slopes, desc.activation.slopes, desc.channels * sizeof(float));
    it.epilogue.activation_args.slopes = slopes;
  }
}

}  // namespace
}  // namespace sixfold::operators

sixfold_status sixfold_elementwise_create(const sixfold_elementwise_desc* desc, const sixfold_options* options,
                                          sixfold_operator** op, sixfold_error* error) {
  using namespace sixfold;
  using namespace sixfold::operators;
  Options checked;
  if (const sixfold_status status = read_options(options, op, checked, error)) return status;
  if (const sixfold_status status = check_desc(desc, error)) return status;
  const ActivationPlan plan = plan_activation(desc->activation, *checked.backend->table, false);
  const Type type = kernel_type(desc->type);
  const KernelRow* row = find_row(checked, {op_of(desc->kind), type, type, plan.epilogue}, error);
  if (row == nullptr) return SIXFOLD_UNSUPPORTED;

  BlockLayout layout;
  layout.add(1, sizeof(ElementwiseOperator));
  const std::size_t slope_count = desc->activation.kind == SIXFOLD_PRELU ? round_up(desc->channels, 64) : 0;
  const std::size_t slopes = layout.add(slope_count, sizeof(float));
  sixfold_operator* created =
      allocate_operator(layout, elementwise_class, checked, row, desc->kind == SIXFOLD_ACTIVATE ? 1 : 2, error);
  if (created == nullptr) return layout.overflow() ? SIXFOLD_OVERFLOW : SIXFOLD_OUT_OF_MEMORY;
  fill(created, *desc, plan.args, part<float>(created, slopes));
  *op = created;
  return SIXFOLD_OK;
}
