// Max, average and global average pooling. A tile is one output row, or some channels of one.
#include "../kernels/pool_args.hpp"

#include "check.hpp"
#include "operator.hpp"
#include "parallel.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

struct PoolOperator {
  sixfold_operator common;
  sixfold_pool_desc desc;
};

const sixfold_pool_desc& desc_of(const sixfold_operator& op) { return part<PoolOperator>(op, 0)->desc; }

// One direction of the windows.
struct Axis {
  std::size_t in;
  std::size_t kernel;
  std::size_t stride;
  std::size_t dilation;
  std::size_t before;  // padding
  std::size_t after;

  std::size_t extent() const { return (kernel - 1) * dilation + 1; }
  std::size_t padded() const { return before + in + after; }

  // How many of the taps of the window for output `out` come before `end`, which like all positions here counts from the
  // leading padding.
  std::size_t taps_before(std::size_t out, std::size_t end) const {
    return pool_taps_before(kernel, dilation, out * stride, end);
  }
};

Axis rows_of(const sixfold_pool_desc& desc, const Tensor& input) {
  if (desc.kind == SIXFOLD_GLOBAL_AVERAGE_POOL) return {input.height, input.height, 1, 1, 0, 0};
  return {input.height, desc.kernel_height, desc.stride_height, desc.dilation_height, desc.pad_top, desc.pad_bottom};
}

Axis columns_of(const sixfold_pool_desc& desc, const Tensor& input) {
  if (desc.kind == SIXFOLD_GLOBAL_AVERAGE_POOL) return {input.width, input.width, 1, 1, 0, 0};
  return {input.width, desc.kernel_width, desc.stride_width, desc.dilation_width, desc.pad_left, desc.pad_right};
}

// The window must fit the padded axis. With ceil_mode one more window may start inside the image or its leading padding.
std::size_t output_extent(const Axis& axis, bool ceil_mode) {
  const std::size_t slack = axis.padded() - axis.extent();
  const std::size_t whole = slack / axis.stride + 1;
  std::size_t next = 0;
  const bool one_more = ceil_mode && slack % axis.stride != 0 && !__builtin_mul_overflow(whole, axis.stride, &next) &&
                        next < axis.before + axis.in;
  return one_more ? whole + 1 : whole;
}

sixfold_status check_window_fits(const char* kernel_field, const char* extent_field, const Axis& axis,
                                 sixfold_error* error) {
  if (axis.extent() <= axis.padded()) return SIXFOLD_OK;
  return fail(error, SIXFOLD_SHAPE_MISMATCH,
              "desc.%s is %zu, a window of %zu with its dilation, but inputs[0].%s is %zu, %zu with padding",
              kernel_field, axis.kernel, axis.extent(), extent_field, axis.in, axis.padded());
}

sixfold_status output_shape(const sixfold_operator& op, const Tensor* inputs, Tensor& output, sixfold_error* error) {
  const sixfold_pool_desc& desc = desc_of(op);
  const Tensor& input = inputs[0];
  const Axis rows = rows_of(desc, input);
  const Axis columns = columns_of(desc, input);
  sixfold_status status = check_tensor_type("inputs[0]", input.type, desc.type, error);
  if (status == SIXFOLD_OK) status = check_window_fits("kernel_height", "height", rows, error);
  if (status == SIXFOLD_OK) status = check_window_fits("kernel_width", "width", columns, error);
  if (status != SIXFOLD_OK) return status;
  output.type = desc.type;
  output.batch = input.batch;
  output.height = output_extent(rows, desc.ceil_mode != 0);
  output.width = output_extent(columns, desc.ceil_mode != 0);
  output.channels = input.channels;
  return SIXFOLD_OK;
}

// What is the same for all tiles.
struct Plan {
  Axis rows;
  PoolArgs args;
  bool count_padding;
  std::size_t channels;  // of a tile
  std::size_t channel_tiles;
  std::size_t tasks;
};

// Two tasks on 14x14x240 took as long as one: both read half of their lines from the other core's cache.
constexpr double inputs_a_cycle = 8.0;  // within a factor of four of what second-level caches give

// Tiles are whole rows, but where there are too few of them to go round, as in global pooling.
std::size_t channels_per_tile(std::size_t channels, std::size_t rows, std::size_t tasks) {
  constexpr std::size_t least = 64;
  const std::size_t wanted = tasks <= 1 || rows / tasks >= 4 ? 1 : ceil_div(4 * tasks, rows);
  const std::size_t most = ceil_div(channels, least);
  return round_up(ceil_div(channels, wanted < most ? wanted : most), least);
}

Plan make_plan(const sixfold_pool_desc& desc, const Run& run) {
  const Tensor& input = run.inputs[0];
  const Axis columns = columns_of(desc, input);
  Plan plan{};
  plan.rows = rows_of(desc, input);
  plan.count_padding = desc.kind == SIXFOLD_AVERAGE_POOL && desc.count_include_pad != 0;
  const double windows = static_cast<double>(run.output.batch * run.output.height * run.output.width);
  const double inputs = windows * static_cast<double>(plan.rows.kernel * columns.kernel * input.channels);
  plan.tasks = worthwhile_tasks(run.max_tasks, inputs / inputs_a_cycle);
  plan.channels = channels_per_tile(input.channels, run.output.batch * run.output.height, plan.tasks);
  plan.channel_tiles = ceil_div(input.channels, plan.channels);
  plan.args.columns = run.output.width;
  plan.args.row_step = plan.rows.dilation * input.width * input.pixel_stride;
  plan.args.input_stride = input.pixel_stride;
  plan.args.output_stride = run.output.pixel_stride;
  plan.args.input_width = input.width;
  plan.args.kernel_width = columns.kernel;
  plan.args.stride_width = columns.stride;
  plan.args.dilation_width = columns.dilation;
  plan.args.pad_left = columns.before;
  plan.args.counted_width = plan.count_padding ? columns.padded() : 0;
  return plan;
}

// A call of its own: it is needed by serial runs and by tasks.
[[gnu::noinline]] PoolArgs tile_args(const Plan& plan, const Run& run, std::size_t tile) {
  const Tensor& input = run.inputs[0];
  const Tensor& output = run.output;
  const std::size_t bytes = element_bytes(input.type);
  const Division channels = divide(tile, plan.channel_tiles);
  const std::size_t channel = channels.remainder * plan.channels;
  const std::size_t output_row = channels.quotient;  // of all images
  const Division row_of_image = divide(output_row, output.height);
  const std::size_t y = row_of_image.remainder;
  const std::size_t image = row_of_image.quotient;

  PoolArgs args = plan.args;
  const std::size_t first = plan.rows.taps_before(y, plan.rows.before);
  args.rows = plan.rows.taps_before(y, plan.rows.before + plan.rows.in) - first;
  args.counted_rows = plan.rows.taps_before(y, plan.rows.padded());
  args.channels = input.channels - channel < plan.channels ? input.channels - channel : plan.channels;
  // A dilated window may pass over the whole image; then no row is read.
  const std::size_t row = args.rows == 0 ? 0 : y * plan.rows.stride + first * plan.rows.dilation - plan.rows.before;
  const std::size_t input_offset = (image * input.height + row) * input.width * input.pixel_stride + channel;
  const std::size_t output_offset = output_row * output.width * output.pixel_stride + channel;
  args.input = static_cast<const unsigned char*>(input.data) + input_offset * bytes;
  args.output = static_cast<unsigned char*>(output.data) + output_offset * bytes;
  return args;
}

void run_pool(const sixfold_operator& op, const Run& run) {
  const Plan plan = make_plan(desc_of(op), run);
  const std::size_t tiles = run.output.batch * run.output.height * plan.channel_tiles;
  for_each_tile(run, plan.tasks, tiles, [&](std::size_t tile, std::size_t) {
    const PoolArgs args = tile_args(plan, run, tile);
    op.row->run(&args);
  });
}

void describe(const sixfold_operator& op, TextWriter& text) {
  const sixfold_pool_desc& desc = desc_of(op);
  if (desc.kind == SIXFOLD_GLOBAL_AVERAGE_POOL) {
    text.add("average of each channel over the whole image\n");
  } else {
    text.add("%s over %zux%zu, stride %zux%zu, dilation %zux%zu, padding top %zu left %zu bottom %zu right %zu%s%s\n",
             desc.kind == SIXFOLD_MAX_POOL ? "maximum" : "average", desc.kernel_height, desc.kernel_width,
             desc.stride_height, desc.stride_width, desc.dilation_height, desc.dilation_width, desc.pad_top,
             desc.pad_left, desc.pad_bottom, desc.pad_right, desc.ceil_mode != 0 ? ", size rounded up" : "",
             desc.kind == SIXFOLD_AVERAGE_POOL && desc.count_include_pad != 0 ? ", padding counted" : "");
  }
  text.add("kernel: %s: the one for this operator and type\n", op.row->name);
}

constexpr OperatorClass pool_class = {"pool", output_shape, no_workspace, run_pool, describe};

// Window and paddings of one direction. With windows below a quarter of the address space no sum of positions overflows.
sixfold_status check_window(const char* direction, std::size_t kernel, std::size_t dilation,
                            const NamedSize (&paddings)[2], sixfold_error* error) {
  std::size_t extent = 0;
  if (__builtin_mul_overflow(kernel - 1, dilation, &extent) || extent >= PTRDIFF_MAX / 4) {
    return fail(error, SIXFOLD_OVERFLOW, "desc.kernel_%s is %zu and desc.dilation_%s is %zu: the window is too large",
                direction, kernel, direction, dilation);
  }
  for (const NamedSize& padding : paddings) {
    if (padding.value <= extent) continue;
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s is %zu, must be less than the window's %s of %zu", padding.field,
                padding.value, direction, extent + 1);
  }
  return SIXFOLD_OK;
}

sixfold_status check_windows(const sixfold_pool_desc& desc, sixfold_error* error) {
  sixfold_status status = check_positive({{"desc.kernel_height", desc.kernel_height},
                                          {"desc.kernel_width", desc.kernel_width},
                                          {"desc.stride_height", desc.stride_height},
                                          {"desc.stride_width", desc.stride_width},
                                          {"desc.dilation_height", desc.dilation_height},
                                          {"desc.dilation_width", desc.dilation_width}},
                                         error);
  if (status != SIXFOLD_OK) return status;
  status = check_window("height", desc.kernel_height, desc.dilation_height,
                        {{"desc.pad_top", desc.pad_top}, {"desc.pad_bottom", desc.pad_bottom}}, error);
  if (status != SIXFOLD_OK) return status;
  return check_window("width", desc.kernel_width, desc.dilation_width,
                      {{"desc.pad_left", desc.pad_left}, {"desc.pad_right", desc.pad_right}}, error);
}

sixfold_status check_desc(const sixfold_pool_desc* desc, sixfold_error* error) {
  sixfold_status status = check_struct("desc", desc, error);
  if (status == SIXFOLD_OK) status = check_type("desc", "type", desc->type, error);
  if (status == SIXFOLD_OK) {
    status = check_enum("desc", "kind", "sixfold_pool_kind", desc->kind, SIXFOLD_GLOBAL_AVERAGE_POOL, error);
  }
  if (status != SIXFOLD_OK || desc->kind == SIXFOLD_GLOBAL_AVERAGE_POOL) return status;
  return check_windows(*desc, error);
}

}  // namespace
}  // namespace sixfold::operators

sixfold_status sixfold_pool_create(const sixfold_pool_desc* desc, const sixfold_options* options, sixfold_operator** op,
                                   sixfold_error* error) {
  using namespace sixfold;
  using namespace sixfold::operators;
  Options checked;
  if (const sixfold_status status = read_options(options, op, checked, error)) return status;
  if (const sixfold_status status = check_desc(desc, error)) return status;
  const Type type = kernel_type(desc->type);
  const Op wanted = desc->kind == SIXFOLD_MAX_POOL ? Op::max_pool : Op::average_pool;
  const KernelRow* row = find_row(checked, {wanted, type, type, Epilogue::none}, error);
  if (row == nullptr) return SIXFOLD_UNSUPPORTED;

  BlockLayout layout;
  layout.add(1, sizeof(PoolOperator));
  sixfold_operator* created = allocate_operator(layout, pool_class, checked, row, 1, error);
  if (created == nullptr) return SIXFOLD_OUT_OF_MEMORY;
  part<PoolOperator>(created, 0)->desc = *desc;
  *op = created;
  return SIXFOLD_OK;
}
