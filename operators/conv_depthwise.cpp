// Depthwise convolution: packs weights in groups of one vector, and shares out blocks of channels and bands of the image.
#include <cmath>

#include "../kernels/depthwise_args.hpp"
#include "conv.hpp"
#include "parallel.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

struct DepthwiseConv : Conv {
  std::size_t weights;  // offsets
  std::size_t bias;
  bool skips_padding;
};

// The kernel's vector: blocks consist of whole ones.
std::size_t vector_channels(const sixfold_operator& op) { return static_cast<std::size_t>(op.row->tile_channels); }

// The strip takes most of a 32 KB cache, and leaves room for weights and outputs.
constexpr std::size_t strip_bytes = 24 * 1024;
constexpr std::size_t min_block = 16;  // channels: one cache line of fp32
constexpr std::size_t max_block = 256;
// Wider images are cut, so that a strip of many channels fits: with 16, one cache line of each pixel, wide images took up to a
// fifth more time. With 14, 5x5 windows with stride 2 take 0.9 of the time on 112 columns, but 1.1 on the 56 of MobileNetV3.
constexpr std::size_t max_band_columns = 28;
// Without a strip, whole rows are read as one sequence in memory, unless a window's rows would only then leave a first-level cache
// where the next window finds them: with stride 1, narrow bands took 1.2 times the time, and rows that left it 1.1 times.
constexpr std::size_t max_band_columns_in_place = 128;
constexpr std::size_t window_bytes = 46 * 1024;
// No row's tile is wider.
constexpr std::size_t max_tile_columns = 64;
// A band's input and output stay in a second-level cache while all blocks pass over it: a block reads only part
// of each pixel, and the rest comes into the cache with it. Rows that two bands share are copied twice, so bands are not small.
constexpr std::size_t band_bytes = 1536 * 1024;
constexpr std::size_t min_band_rows = 4;
constexpr std::size_t tiles_per_task = 3;
constexpr double multiply_adds_a_cycle = 8.0;

// Channels of a block, where there are to be at least `blocks`.
std::size_t block_for(std::size_t channels, std::size_t blocks, std::size_t vector) {
  return align_up(ceil_div(channels, blocks), max_of(vector, min_block));
}

std::size_t block_of(std::size_t channels, std::size_t strip_pixels, std::size_t vector) {
  const std::size_t fitting = min_of(max_of(strip_bytes / sizeof(float) / strip_pixels, min_block), max_block);
  const std::size_t multiple = max_of(vector, min_block);
  const std::size_t blocks = ceil_div(channels, max_of(fitting & ~(multiple - 1), multiple));
  return block_for(channels, blocks, vector);
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
  args.multiplier = s.output_channels == s.input_channels ? 1 : s.output_channels / s.input_channels;
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

// Blocks and bands for more than one task, given those that one task would have.
void split_for_tasks(const Conv& conv, const Tensor& input, const Tensor& output, DepthwiseTiling& t) {
  const std::size_t channels = conv.shape.output_channels;
  const std::size_t batch = max_of(output.batch, 1);
  // By channels as what wrote the input, or where there are too few rows to go round.
  t.block_by_block =
      batch * input.height * input.width < t.tasks * min_task_pixels || batch * output.height < 2 * t.tasks;
  if (t.block_by_block) {
    t.block = block_for(channels, round_up(t.blocks, t.tasks), vector_channels(conv));
    t.blocks = ceil_div(channels, t.block);
    return;
  }
  const std::size_t others = t.blocks * t.column_bands * batch;
  const std::size_t wanted = max_of(t.row_bands, ceil_div(tiles_per_task * t.tasks, others));
  const std::size_t multiple = batch == 1 ? t.tasks : 1;  // so that each task gets the same rows in every layer
  const std::size_t most = max_of(output.height / min_band_rows / multiple, 1) * multiple;
  t.row_bands = max_of(min_of(round_up(wanted, multiple), most), t.row_bands);
}

std::size_t most_columns(const Conv& conv) {
  return conv.row->window.strip ? max_band_columns : max_band_columns_in_place;
}

std::size_t band_columns(const Conv& conv, const Tensor& output) {
  const ConvShape& s = conv.shape;
  const std::size_t columns = min_of(output.width, most_columns(conv));
  const std::size_t pixel = min_of(s.output_channels, max_block) * element_bytes(conv.type);
  const auto stays = [&](std::size_t band) {
    return s.kernel_height * (band + s.kernel_width) * pixel <= window_bytes;
  };
  const bool narrower = s.stride_height == 1 && !stays(columns) && stays(max_band_columns);
  return ceil_div(output.width, ceil_div(output.width, narrower ? max_band_columns : columns));
}

DepthwiseTiling make_tiling(const Conv& conv, const Tensor& input, const Tensor& output, std::size_t max_tasks) {
  const ConvShape& s = conv.shape;
  const std::size_t vector = vector_channels(conv);
  DepthwiseTiling t{};
  const std::size_t tile = static_cast<std::size_t>(conv.row->tile.rows);
  t.columns = min_of(ceil_div(band_columns(conv, output), tile) * tile, output.width);
  t.column_bands = ceil_div(output.width, t.columns);
  DepthwiseArgs args = window_args(conv);
  args.column_end = t.columns;
  const std::size_t rows =
      (conv.row->window.strip ? s.kernel_height : 0) + (args.multiplier == 1 ? 0 : s.kernel_height);
  t.block = block_of(s.output_channels, rows == 0 ? 1 : rows * depthwise_input_columns(args, tile), vector);
  t.blocks = ceil_div(s.output_channels, t.block);
  t.row_bands = min_of(bands_for_cache(input, output), max_of(output.height / min_band_rows, 1));
  // The last block may have an incomplete vector where the others have none: one that has is the largest. So is one task's: a run
  // with fewer tasks than the caller made room for must fit, too.
  args.channels = t.block - (s.output_channels == align_up(s.output_channels, vector) ? 0 : 1);
  t.task_bytes = task_pitch(lay_out_depthwise(args, conv.row->window.strip, tile, vector, conv.row->type).bytes);
  const double multiply_adds = static_cast<double>(output.batch * output.height * output.width) *
                               static_cast<double>(s.output_channels * s.taps());
  t.tasks = worthwhile_tasks(max_tasks, multiply_adds / multiply_adds_a_cycle);
  if (t.tasks > 1) split_for_tasks(conv, input, output, t);
  return t;
}

sixfold_status split(const sixfold_operator& op, const Tensor* inputs, const Tensor& output, std::size_t max_tasks,
                     Tiling& tiling, std::size_t& bytes, sixfold_error* error) {
  const Conv& conv = static_cast<const Conv&>(op);
  const ConvShape& s = conv.shape;
  // The products inside make_tiling, in full, before they are trusted.
  std::size_t strip = 0;
  std::size_t window_columns = 0;
  std::size_t bytes_of_window = 0;
  const std::size_t columns = min_of(output.width, most_columns(conv)) + max_tile_columns;
  const bool overflow = __builtin_mul_overflow(s.kernel_width, s.dilation_width, &window_columns) ||
                        __builtin_mul_overflow(columns, s.stride_width, &strip) ||
                        __builtin_add_overflow(strip, window_columns, &strip) ||
                        __builtin_mul_overflow(strip, s.kernel_height, &strip) ||
                        __builtin_mul_overflow(strip, max_block * sizeof(double) * 4, &bytes_of_window);
  if (overflow) {
    return fail(error, SIXFOLD_OVERFLOW,
                "max_tasks is %zu: the workspace for a window of %zu x %zu does not fit size_t", max_tasks,
                s.kernel_height, s.kernel_width);
  }
  tiling.depthwise = make_tiling(conv, inputs[0], output, max_tasks);
  if (__builtin_mul_overflow(tiling.depthwise.task_bytes, max_tasks, &bytes)) {
    return fail(error, SIXFOLD_OVERFLOW, "max_tasks is %zu: the workspace does not fit size_t", max_tasks);
  }
  return SIXFOLD_OK;
}

unsigned char* image_of(const Tensor& tensor, std::size_t n) {
  return static_cast<unsigned char*>(tensor.data) + n * image_bytes(tensor);
}

// One run of the operator: what its tiles have in common.
class DepthwiseRun {
 public:
  DepthwiseRun(const DepthwiseConv& conv, const Run& run)
      : conv_(conv), run_(run), tiling_(run.tiling.depthwise), epilogue_(epilogue_of(conv)) {}

  void operator()() const {
    const std::size_t bands = tiling_.row_bands * tiling_.column_bands;
    const std::size_t batch = run_.output.batch;
    for_each_tile(run_, tiling_.tasks, batch * tiling_.blocks * bands, [&](std::size_t tile, std::size_t task) {
      unsigned char* scratch = run_.workspace + task * tiling_.task_bytes;
      if (tiling_.block_by_block) {
        const Division band = divide(tile, bands);
        const Division image = divide(band.quotient, batch);
        return run_tile(image.remainder, band.remainder, image.quotient, scratch);
      }
      const Division block = divide(tile, tiling_.blocks);
      const Division band = divide(block.quotient, bands);
      run_tile(band.quotient, band.remainder, block.remainder, scratch);
    });
  }

 private:
  std::size_t first_row(std::size_t row_band) const {
    if (row_band == tiling_.row_bands) return run_.output.height;
    return divide(run_.output.height * row_band, tiling_.row_bands).quotient;
  }

  void run_tile(std::size_t image, std::size_t band, std::size_t block, unsigned char* scratch) const {
    const std::size_t element = element_bytes(conv_.type);
    const Division bands = divide(band, tiling_.column_bands);
    DepthwiseArgs args = window_args(conv_);
    args.input = image_of(run_.inputs[0], image);
    args.height = run_.inputs[0].height;
    args.width = run_.inputs[0].width;
    args.input_stride = run_.inputs[0].pixel_stride;
    args.channel = block * tiling_.block;
    args.channels = min_of(tiling_.block, conv_.shape.output_channels - args.channel);
    args.weights = part<unsigned char>(conv_, conv_.weights) + args.channel * conv_.shape.taps() * element;
    args.bias = part<float>(conv_, conv_.bias) + args.channel;
    args.out = image_of(run_.output, image) + args.channel * element;
    args.output_width = run_.output.width;
    args.output_stride = run_.output.pixel_stride;
    if (conv_.residual_input != 0) {
      args.residual = image_of(run_.inputs[1], image) + args.channel * element;
      args.residual_stride = run_.inputs[1].pixel_stride;
    }
    args.epilogue = &epilogue_;
    args.row_begin = first_row(bands.quotient);
    args.row_end = first_row(bands.quotient + 1);
    args.column_begin = bands.remainder * tiling_.columns;
    args.column_end = min_of(args.column_begin + tiling_.columns, run_.output.width);
    args.skips_padding = conv_.skips_padding;
    args.scratch = scratch;
    conv_.row->run(&args);
  }

  const DepthwiseConv& conv_;
  const Run& run_;
  const DepthwiseTiling& tiling_;
  EpilogueArgs epilogue_;
};

void run_depthwise(const sixfold_operator& op, const Run& run) {
  DepthwiseRun(static_cast<const DepthwiseConv&>(op), run)();
}

void describe(const sixfold_operator& op, TextWriter& text) {
  const Conv& conv = static_cast<const Conv&>(op);
  describe_conv(conv, text);
  text.add("kernel: %s: %s\n", op.row->name,
           op.row->window.kernel == 0 ? "depthwise with a window or dilation that has no kernel of its own"
                                      : "depthwise with this window and stride");
}

constexpr OperatorClass depthwise_class = {"conv2d", conv_output_shape, split, run_depthwise, describe};

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

// Rounded to either type, a weight below this is finite: zero times it is zero.
constexpr double certainly_finite = 32768.0;

void pack(DepthwiseConv& conv, const FoldedConv& folded) {
  const ConvShape& s = conv.shape;
  const std::size_t vector = vector_channels(conv);
  for (std::size_t c = 0; c < s.output_channels; ++c) {
    std::size_t to = c / vector * s.taps() * vector + c % vector;
    const double factor = folded.weight_factor(c);
    for (std::size_t ky = 0; ky < s.kernel_height; ++ky) {
      for (std::size_t kx = 0; kx < s.kernel_width; ++kx, to += vector) {
        const double weight = folded.weight(c, ky, kx, 0) * factor;
        if (!(std::fabs(weight) < certainly_finite)) conv.skips_padding = false;
        if (conv.row->type == Type::fp32) {
          part<float>(&conv, conv.weights)[to] = static_cast<float>(weight);
        } else {
          part<Half>(&conv, conv.weights)[to] = half_from_double(weight);
        }
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
  sixfold_operator* created = allocate_operator(layout, depthwise_class, options, row, input_count_of(plan), error);
  if (created == nullptr) return layout.overflow() ? SIXFOLD_OVERFLOW : SIXFOLD_OUT_OF_MEMORY;

  DepthwiseConv& conv = static_cast<DepthwiseConv&>(*created);
  conv.weights = weights;
  conv.bias = bias;
  conv.skips_padding = row->window.skips_padding;
  fill_conv(conv, plan, per_channel);
  pack(conv, FoldedConv(*plan.desc));
  *op = created;
  return SIXFOLD_OK;
}

}  // namespace sixfold::operators
