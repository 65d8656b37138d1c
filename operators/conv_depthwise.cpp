// Depthwise convolution: packs weights in groups of one vector, and shares out blocks of channels and bands of the image.
#include "../kernels/depthwise_args.hpp"
#include "conv.hpp"
#include "parallel.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

struct DepthwiseConv : Conv {
  std::size_t weights;  // offsets
  std::size_t bias;
};

// The kernel's vector: blocks consist of whole ones.
std::size_t vector_channels(const sixfold_operator& op) { return static_cast<std::size_t>(op.row->tile_channels); }

// A tile of work is one image, one block of channels, and a band of rows by a band of columns.
struct Tiling {
  std::size_t block;  // channels
  std::size_t blocks;
  std::size_t rows;  // of a band
  std::size_t row_bands;
  std::size_t columns;
  std::size_t column_bands;
  std::size_t scratch_bytes;  // for a task
};

// The strip takes most of a 32 KB cache, and leaves room for weights and outputs.
constexpr std::size_t strip_bytes = 24 * 1024;
constexpr std::size_t min_block = 16;  // channels: one cache line of fp32
constexpr std::size_t max_block = 256;
// Wider images are cut, so that a strip of many channels fits: with 16, one cache line of each pixel, wide images took up to a
// fifth more time.
constexpr std::size_t max_band_columns = 28;
// No row's tile is wider.
constexpr std::size_t max_tile_columns = 64;
// A band's input and output stay in a second-level cache while all blocks pass over it: a block reads only part
// of each pixel, and the rest comes into the cache with it. Rows that two bands share are copied twice, so bands are not small.
constexpr std::size_t band_bytes = 1536 * 1024;
constexpr std::size_t min_band_rows = 4;
constexpr std::size_t tiles_per_task = 3;

std::size_t block_of(std::size_t channels, std::size_t strip_pixels, std::size_t vector) {
  const std::size_t fitting = min_of(max_of(strip_bytes / sizeof(float) / strip_pixels, min_block), max_block);
  const std::size_t multiple = max_of(vector, min_block);
  const std::size_t blocks = ceil_div(channels, max_of(fitting / multiple * multiple, multiple));
  return round_up(ceil_div(channels, blocks), multiple);
}

std::size_t image_bytes(const Tensor& tensor) {
  return tensor.height * tensor.width * tensor.pixel_stride * element_bytes(tensor.type);
}

std::size_t bands_for_cache(const Tensor& input, const Tensor& output) {
  return ceil_div(image_bytes(input) + image_bytes(output), band_bytes);
}

// The arguments that all tiles have in common, and scratch depends on.
DepthwiseArgs window_args(const Conv& conv) {
  const ConvShape& s = conv.shape;
  DepthwiseArgs args{};
  args.multiplier = s.output_channels / s.input_channels;
  args.kernel_height = s.kernel_height;
  args.kernel_width = s.kernel_width;
  args.stride_height = s.stride_height;
  args.stride_width = s.stride_width;
  args.dilation_height = s.dilation_height;
  args.dilation_width = s.dilation_width;
  args.pad_top = s.pad_top;
  args.pad_left = s.pad_left;
  return args;
}

DepthwiseScratch scratch_of(const Conv& conv, std::size_t channels, std::size_t columns) {
  DepthwiseArgs args = window_args(conv);
  args.channels = channels;
  args.column_end = columns;
  return lay_out_depthwise(args, conv.row->window.strip, static_cast<std::size_t>(conv.row->tile.rows),
                           vector_channels(conv), conv.row->type);
}

Tiling make_tiling(const Conv& conv, const Tensor& input, const Tensor& output, std::size_t max_tasks) {
  const ConvShape& s = conv.shape;
  const std::size_t vector = vector_channels(conv);
  Tiling tiling{};
  const std::size_t even = ceil_div(output.width, ceil_div(output.width, max_band_columns));
  tiling.columns = min_of(round_up(even, static_cast<std::size_t>(conv.row->tile.rows)), output.width);
  tiling.column_bands = ceil_div(output.width, tiling.columns);
  const DepthwiseScratch scratch = scratch_of(conv, vector, tiling.columns);
  const std::size_t rows = scratch.strip_rows + (s.output_channels == s.input_channels ? 0 : s.kernel_height);
  tiling.block = block_of(s.output_channels, max_of(rows, 1) * scratch.columns, vector);
  tiling.blocks = ceil_div(s.output_channels, tiling.block);
  const std::size_t tiles = tiling.blocks * tiling.column_bands * max_of(output.batch, 1);
  const std::size_t bands_for_tasks = max_tasks == 1 ? 1 : ceil_div(tiles_per_task * max_tasks, tiles);
  const std::size_t bands = max_of(bands_for_tasks, bands_for_cache(input, output));
  tiling.rows = max_of(ceil_div(output.height, bands), min_band_rows);
  tiling.row_bands = ceil_div(output.height, tiling.rows);
  // The last block may have an incomplete vector where the others have none: one that has is the largest.
  const std::size_t incomplete = s.output_channels % vector == 0 ? 0 : 1;
  tiling.scratch_bytes = scratch_of(conv, tiling.block - incomplete, tiling.columns).bytes;
  return tiling;
}

sixfold_status workspace(const sixfold_operator& op, const Tensor* inputs, const Tensor& output, std::size_t max_tasks,
                         std::size_t& bytes, sixfold_error* error) {
  const Conv& conv = static_cast<const Conv&>(op);
  const ConvShape& s = conv.shape;
  // The products inside make_tiling, in full, before they are trusted.
  std::size_t strip = 0;
  std::size_t window_columns = 0;
  std::size_t window_bytes = 0;
  std::size_t tasks = 0;
  const std::size_t columns = min_of(output.width, max_band_columns) + max_tile_columns;
  const bool overflow = __builtin_mul_overflow(s.kernel_width, s.dilation_width, &window_columns) ||
                        __builtin_mul_overflow(columns, s.stride_width, &strip) ||
                        __builtin_add_overflow(strip, window_columns, &strip) ||
                        __builtin_mul_overflow(strip, s.kernel_height, &strip) ||
                        __builtin_mul_overflow(strip, max_block * sizeof(double) * 4, &window_bytes) ||
                        __builtin_mul_overflow(max_tasks, tiles_per_task, &tasks);
  if (overflow) {
    return fail(error, SIXFOLD_OVERFLOW,
                "max_tasks is %zu: the workspace for a window of %zu x %zu does not fit size_t", max_tasks,
                s.kernel_height, s.kernel_width);
  }
  const Tiling tiling = make_tiling(conv, inputs[0], output, max_tasks);
  if (__builtin_mul_overflow(tiling.scratch_bytes, max_tasks, &bytes)) {
    return fail(error, SIXFOLD_OVERFLOW, "max_tasks is %zu: the workspace does not fit size_t", max_tasks);
  }
  return SIXFOLD_OK;
}

DepthwiseArgs common_args(const DepthwiseConv& conv, const Run& run, const EpilogueArgs& epilogue) {
  DepthwiseArgs args = window_args(conv);
  args.height = run.inputs[0].height;
  args.width = run.inputs[0].width;
  args.input_stride = run.inputs[0].pixel_stride;
  args.output_width = run.output.width;
  args.output_stride = run.output.pixel_stride;
  args.residual_stride = run.inputs[1].pixel_stride;
  args.epilogue = &epilogue;
  return args;
}

unsigned char* image_of(const Tensor& tensor, std::size_t n) {
  return static_cast<unsigned char*>(tensor.data) + n * image_bytes(tensor);
}

void run_depthwise(const sixfold_operator& op, const Run& run) {
  const DepthwiseConv& conv = static_cast<const DepthwiseConv&>(op);
  const EpilogueArgs epilogue = epilogue_of(conv);
  const Tiling tiling = make_tiling(conv, run.inputs[0], run.output, run.max_tasks);
  const DepthwiseArgs common = common_args(conv, run, epilogue);
  const std::size_t element = element_bytes(conv.type);
  const std::size_t bands = tiling.row_bands * tiling.column_bands;
  for_each_tile(run, run.output.batch * tiling.blocks * bands, [&](std::size_t tile, std::size_t task) {
    const std::size_t b = tile % tiling.blocks;
    const std::size_t band = tile / tiling.blocks % bands;
    const std::size_t image = tile / tiling.blocks / bands;
    DepthwiseArgs args = common;
    args.input = image_of(run.inputs[0], image);
    args.channel = b * tiling.block;
    args.channels = min_of(tiling.block, conv.shape.output_channels - args.channel);
    args.weights = part<unsigned char>(conv, conv.weights) + args.channel * conv.shape.taps() * element;
    args.bias = part<float>(conv, conv.bias) + args.channel;
    args.out = image_of(run.output, image) + args.channel * element;
    if (conv.input_count == 2) args.residual = image_of(run.inputs[1], image) + args.channel * element;
    args.row_begin = band / tiling.column_bands * tiling.rows;
    args.row_end = min_of(args.row_begin + tiling.rows, run.output.height);
    args.column_begin = band % tiling.column_bands * tiling.columns;
    args.column_end = min_of(args.column_begin + tiling.columns, run.output.width);
    args.scratch = run.workspace + task * tiling.scratch_bytes;
    conv.row->run(&args);
  });
}

void describe(const sixfold_operator& op, TextWriter& text) {
  const Conv& conv = static_cast<const Conv&>(op);
  describe_conv(conv, text);
  text.add("kernel: %s: %s\n", op.row->name,
           op.row->window.kernel == 0 ? "depthwise with a window or dilation that has no kernel of its own"
                                      : "depthwise with this window and stride");
}

constexpr OperatorClass depthwise_class = {"conv2d", conv_output_shape, workspace, run_depthwise, describe};

bool window_fits(const KernelRow& row, const ConvShape& s) {
  const WindowShape& w = row.window;
  if (w.kernel == 0) return true;
  const std::size_t kernel = static_cast<std::size_t>(w.kernel);
  const std::size_t stride = static_cast<std::size_t>(w.stride);
  return s.kernel_height == kernel && s.kernel_width == kernel && s.stride_width == stride && s.dilation_height == 1 &&
         s.dilation_width == 1;
}

const KernelRow* choose_row(const ConvPlan& plan, const Options& options, sixfold_error* error) {
  const Type type = kernel_type(plan.desc->type);
  const RowQuery query = {Op::depthwise, type, type, plan.activation.epilogue,
                          kernel_accumulation(plan.desc->accumulation)};
  const KernelRow* row =
      find_row_where(options, query, [&](const KernelRow& candidate) { return window_fits(candidate, plan.shape); });
  if (row == nullptr) fail_no_row(options, query, error);
  return row;
}

template <class T>
void pack(DepthwiseConv& conv, const FoldedConv& folded, T (*round)(double)) {
  const ConvShape& s = conv.shape;
  const std::size_t vector = vector_channels(conv);
  T* weights = part<T>(&conv, conv.weights);
  for (std::size_t c = 0; c < s.output_channels; ++c) {
    T* to = weights + c / vector * s.taps() * vector + c % vector;
    const double factor = folded.weight_factor(c);
    for (std::size_t ky = 0; ky < s.kernel_height; ++ky) {
      for (std::size_t kx = 0; kx < s.kernel_width; ++kx) {
        to[(ky * s.kernel_width + kx) * vector] = round(folded.weight(c, ky, kx, 0) * factor);
      }
    }
    part<float>(&conv, conv.bias)[c] = folded.bias(c);
  }
}

}  // namespace

sixfold_status create_depthwise_conv(const ConvPlan& plan, const Options& options, sixfold_operator** op,
                                     sixfold_error* error) {
  const KernelRow* row = choose_row(plan, options, error);
  if (row == nullptr) return SIXFOLD_UNSUPPORTED;
  const std::size_t channels = round_up(plan.shape.output_channels, static_cast<std::size_t>(row->tile_channels));
  BlockLayout layout;
  layout.add(1, sizeof(DepthwiseConv));
  const std::size_t weights = layout.add(channels * plan.shape.taps(), size_of(row->type));
  const std::size_t bias = layout.add(channels, sizeof(float));
  const EpilogueLayout per_channel = lay_out_epilogue(plan, layout);
  const std::size_t inputs = plan.activation.args.residual == ResidualPosition::none ? 1 : 2;
  sixfold_operator* created = allocate_operator(layout, depthwise_class, options, row, inputs, error);
  if (created == nullptr) return layout.overflow() ? SIXFOLD_OVERFLOW : SIXFOLD_OUT_OF_MEMORY;

  DepthwiseConv& conv = static_cast<DepthwiseConv&>(*created);
  conv.weights = weights;
  conv.bias = bias;
  fill_conv(conv, plan, per_channel);
  const FoldedConv folded(*plan.desc);
  if (row->type == Type::fp32) {
    pack<float>(conv, folded, [](double w) { return static_cast<float>(w); });
  } else {
    pack<Half>(conv, folded, half_from_double);
  }
  *op = created;
  return SIXFOLD_OK;
}

}  // namespace sixfold::operators
