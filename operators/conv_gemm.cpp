// Convolution as a matrix product: packs weights in panels, and shares out blocks of output pixels by groups of panels.
#include "../kernels/gemm_args.hpp"
#include "conv.hpp"
#include "left_rows.hpp"
#include "panels.hpp"
#include "parallel.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

struct GemmConv : Conv {
  Segments segments;
  std::size_t weights;  // offsets
  std::size_t bias;
  std::size_t zeros;
  std::size_t group_weights;  // elements of one group's panels
};

// A tile of work is a block of output pixels, one group, and a part of its panels.
struct Tiling {
  std::size_t pixels;  // of all images
  std::size_t block;   // pixels of a block; the last may have fewer
  std::size_t blocks;
  std::size_t parts;  // into which the panels of a group are divided
  std::size_t pointer_bytes;
  std::size_t copy_bytes;
  std::size_t task_bytes;
};

// The left operand of a block stays in half of a small second-level cache while all panels pass over it.
constexpr std::size_t block_bytes = 192 * 1024;
constexpr std::size_t min_block = 48;       // fewer pixels would not pay for loading (fp16: converting) a panel
constexpr std::size_t max_block = 384;      // more would only lengthen the pointer table
constexpr std::size_t block_multiple = 24;  // full tiles for every tile height in use
constexpr std::size_t tiles_per_task = 4;

std::size_t panel_count(const Segments& segments) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < segments.count; ++i) count += segments.items[i].panels;
  return count;
}

std::size_t widest_panel(const Segments& segments) {
  std::size_t widest = 0;
  for (std::size_t i = 0; i < segments.count; ++i) {
    widest = max_of(widest, static_cast<std::size_t>(segments.items[i].row->tile_channels));
  }
  return widest;
}

std::size_t block_of(std::size_t pixels, std::size_t depth, std::size_t max_tasks) {
  const std::size_t fitting = block_bytes / (depth * sizeof(float));
  std::size_t block = min_of(max_of(fitting, min_block), max_block);
  if (max_tasks > 1) block = min_of(block, max_of(ceil_div(pixels, tiles_per_task * max_tasks), min_block));
  const std::size_t even = ceil_div(pixels, ceil_div(pixels, block));
  return min_of(round_up(even, block_multiple), pixels);
}

Tiling make_tiling(const GemmConv& conv, const Tensor* inputs, const Tensor& output, std::size_t max_tasks) {
  const WindowRuns runs = choose_runs(conv.shape, inputs[0]);
  const std::size_t depth = runs.runs * runs.run_length;
  Tiling t{};
  t.pixels = output.batch * output.height * output.width;
  if (t.pixels == 0) return t;
  t.block = block_of(t.pixels, depth, max_tasks);
  // Whole rows of windows: where the pointers to a row start and end, there is work besides the pointers.
  if (!conv.shape.is_pointwise() && t.block > output.width) t.block = t.block / output.width * output.width;
  t.blocks = ceil_div(t.pixels, t.block);
  const std::size_t tiles = t.blocks * conv.shape.groups;
  const std::size_t wanted = max_tasks == 1 ? 1 : ceil_div(tiles_per_task * max_tasks, tiles);
  t.parts = min_of(wanted, panel_count(conv.segments));
  t.pointer_bytes = round_up(runs.runs * t.block * sizeof(void*), 64);
  t.copy_bytes = runs.merged ? round_up(t.block * depth * element_bytes(conv.type), 64) : 0;
  const std::size_t scratch =
      gemm_scratch_bytes(*conv.row, t.block, runs.runs, runs.run_length, widest_panel(conv.segments));
  t.task_bytes = t.pointer_bytes + t.copy_bytes + round_up(scratch, 64);
  return t;
}

sixfold_status workspace(const sixfold_operator& op, const Tensor* inputs, const Tensor& output, std::size_t max_tasks,
                         std::size_t& bytes, sixfold_error* error) {
  // A window has at most PTRDIFF_MAX / 16 weights and a block at most max_block pixels; what remains may overflow. A run with
  // fewer tasks than the caller made room for has larger blocks, and must fit too: each task gets room for the largest.
  const GemmConv& conv = static_cast<const GemmConv&>(op);
  std::size_t window = conv.shape.taps() * conv.shape.group_inputs();
  std::size_t tasks = 0;
  if (__builtin_mul_overflow(window, max_block * (2 * sizeof(void*) + half_line_floats(1) * sizeof(float)), &window) ||
      __builtin_mul_overflow(max_tasks, tiles_per_task, &tasks) ||
      __builtin_mul_overflow(max_tasks, make_tiling(conv, inputs, output, 1).task_bytes, &bytes)) {
    return fail(error, SIXFOLD_OVERFLOW, "max_tasks is %zu: the workspace does not fit size_t", max_tasks);
  }
  return SIXFOLD_OK;
}

// One run of the operator: what its tiles have in common.
class GemmRun {
 public:
  GemmRun(const GemmConv& conv, const Run& run)
      : conv_(conv),
        run_(run),
        epilogue_(epilogue_of(conv)),
        tiling_(make_tiling(conv, run.inputs, run.output, run.max_tasks)),
        runs_(choose_runs(conv.shape, run.inputs[0])),
        element_(element_bytes(conv.type)) {}

  void operator()() const {
    for_each_tile(
        run_, tiling_.blocks * conv_.shape.groups * tiling_.parts, [this](std::size_t tile, std::size_t task) {
          const std::size_t part = tile % tiling_.parts;
          const std::size_t group = tile / tiling_.parts % conv_.shape.groups;
          run_tile(tile / tiling_.parts / conv_.shape.groups, group, part, run_.workspace + task * tiling_.task_bytes);
        });
  }

 private:
  void run_tile(std::size_t block, std::size_t group, std::size_t part_index, unsigned char* workspace) const {
    const std::size_t first = block * tiling_.block;
    const std::size_t pixels = min_of(tiling_.block, tiling_.pixels - first);
    LeftRows left{};
    left.shape = &conv_.shape;
    left.input = &run_.inputs[0];
    left.output_height = run_.output.height;
    left.output_width = run_.output.width;
    left.runs = runs_;
    left.group = group;
    left.zeros = part<unsigned char>(conv_, conv_.zeros);
    left.pointers = reinterpret_cast<const void**>(workspace);
    left.copies = workspace + tiling_.pointer_bytes;
    left.copy_bytes = tiling_.copy_bytes;
    left.run_step = shared_run_step(left, first, pixels);
    fill_left_rows(left, first, pixels);

    GemmArgs args{};
    args.left = left.pointers;
    args.left_pitch = left.run_step == 0 ? pixels : 0;
    args.run_step = left.run_step;
    args.runs = runs_.runs;
    args.run_length = runs_.run_length;
    args.left_step = conv_.shape.is_pointwise() ? run_.inputs[0].pixel_stride : 0;
    args.pixels = pixels;
    args.out_stride = run_.output.pixel_stride;
    args.residual_stride = run_.inputs[1].pixel_stride;
    args.epilogue = &epilogue_;
    args.scratch = workspace + tiling_.pointer_bytes + tiling_.copy_bytes;
    const std::size_t panels = panel_count(conv_.segments);
    const PanelRange range = {group, panels * part_index / tiling_.parts, panels * (part_index + 1) / tiling_.parts};
    if (shares_scratch(args, range)) {
      run_by_portions(args, first, range);
    } else {
      run_panels(args, first, range);
    }
  }

  // Panels `begin` to `end` of one group, counted over its segments.
  struct PanelRange {
    std::size_t group;
    std::size_t begin;
    std::size_t end;
  };

  // Where the kernels of two segments convert, they would convert the same pixels.
  bool shares_scratch(const GemmArgs& args, const PanelRange& range) const {
    if (conv_.type != SIXFOLD_FP16 || args.pixels == 1 || conv_.segments.count == 1) return false;
    if (range.begin >= conv_.segments.items[0].panels || range.end <= conv_.segments.items[0].panels) return false;
    return conv_.group_weights * sizeof(float) <= half_panels_bytes;
  }

  // Both segments for a few pixels, then for the next: what is converted lies in L1, and is not converted twice.
  void run_by_portions(GemmArgs& args, std::size_t first_pixel, const PanelRange& range) const {
    const std::size_t pixels = args.pixels;
    const std::size_t portion = half_portion(pixels, args.runs * args.run_length);
    const void* const* left = args.left;
    args.right_scratch =
        static_cast<unsigned char*>(args.scratch) + half_pixels_bytes(portion, args.runs, args.run_length);
    for (std::size_t done = 0; done < pixels; done += portion) {
      args.left = left + done;
      args.pixels = min_of(portion, pixels - done);
      args.left_ready = false;
      args.right_ready = done != 0;
      run_panels(args, first_pixel + done, range);
    }
  }

  void run_panels(const GemmArgs& common, std::size_t first_pixel, const PanelRange& range) const {
    GemmArgs args = common;
    const std::size_t depth = args.runs * args.run_length;
    const std::size_t group_channel = range.group * conv_.shape.group_outputs();
    std::size_t segment_begin = 0;
    for (std::size_t i = 0; i < conv_.segments.count; ++i) {
      const Segment& segment = conv_.segments.items[i];
      const std::size_t from = max_of(range.begin, segment_begin) - segment_begin;
      const std::size_t to = min_of(max_of(range.end, segment_begin) - segment_begin, segment.panels);
      segment_begin += segment.panels;
      if (from >= to) continue;
      const std::size_t width = static_cast<std::size_t>(segment.row->tile_channels);
      const std::size_t padded = segment.channel + from * width;  // from the group's first
      const std::size_t channel = group_channel + padded;
      args.weights =
          part<unsigned char>(conv_, conv_.weights) + (range.group * conv_.group_weights + padded * depth) * element_;
      args.bias = part<float>(conv_, conv_.bias) + range.group * conv_.segments.padded_channels + padded;
      args.channel = channel;
      args.channels = min_of((to - from) * width, segment.channels - from * width);
      args.out = address(run_.output, first_pixel, channel);
      args.residual = conv_.input_count == 2 ? address(run_.inputs[1], first_pixel, channel) : nullptr;
      segment.row->run(&args);
      if (args.right_scratch == nullptr) continue;
      args.left_ready = true;
      args.right_scratch =
          static_cast<unsigned char*>(args.right_scratch) + (to - from) * width * depth * sizeof(float);
    }
  }

  unsigned char* address(const Tensor& tensor, std::size_t pixel, std::size_t channel) const {
    return static_cast<unsigned char*>(tensor.data) + (pixel * tensor.pixel_stride + channel) * element_;
  }

  const GemmConv& conv_;
  const Run& run_;
  EpilogueArgs epilogue_;
  Tiling tiling_;
  WindowRuns runs_;
  std::size_t element_;
};

void run_gemm(const sixfold_operator& op, const Run& run) { GemmRun(static_cast<const GemmConv&>(op), run)(); }

void describe(const sixfold_operator& op, TextWriter& text) {
  const GemmConv& conv = static_cast<const GemmConv&>(op);
  describe_conv(conv, text);
  for (std::size_t i = 0; i < conv.segments.count; ++i) {
    const Segment& segment = conv.segments.items[i];
    text.add("kernel: %s: channels %zu to %zu%s, estimated %.2f cycles a pixel and step of depth for a panel of %d\n",
             segment.row->name, segment.channel, segment.channel + segment.channels - 1,
             conv.shape.groups == 1 ? "" : " of each group", panel_cost(*segment.row), segment.row->tile_channels);
  }
}

constexpr OperatorClass gemm_class = {"conv2d", conv_output_shape, workspace, run_gemm, describe};

// The panels of one segment and group: for each panel, for each step of depth, the panel's channels.
template <class T>
void pack_segment(const FoldedConv& folded, const ConvShape& s, const Segment& segment, std::size_t group, T* to,
                  T (*round)(double)) {
  const std::size_t width = static_cast<std::size_t>(segment.row->tile_channels);
  const std::size_t depth = s.taps() * s.group_inputs();
  for (std::size_t c = 0; c < segment.channels; ++c) {
    const std::size_t output = group * s.group_outputs() + segment.channel + c;
    T* column = to + c / width * width * depth + c % width;
    const double factor = folded.weight_factor(output);
    for (std::size_t ky = 0; ky < s.kernel_height; ++ky) {
      for (std::size_t kx = 0; kx < s.kernel_width; ++kx) {
        for (std::size_t i = 0; i < s.group_inputs(); ++i, column += width) {
          *column = round(folded.weight(output, ky, kx, i) * factor);
        }
      }
    }
  }
}

template <class T>
void pack(GemmConv& conv, const FoldedConv& folded, T (*round)(double)) {
  const ConvShape& s = conv.shape;
  const std::size_t depth = s.taps() * s.group_inputs();
  for (std::size_t group = 0; group < s.groups; ++group) {
    T* weights = part<T>(&conv, conv.weights) + group * conv.group_weights;
    float* bias = part<float>(&conv, conv.bias) + group * conv.segments.padded_channels;
    for (std::size_t i = 0; i < conv.segments.count; ++i) {
      const Segment& segment = conv.segments.items[i];
      pack_segment(folded, s, segment, group, weights + segment.channel * depth, round);
    }
    for (std::size_t c = 0; c < s.group_outputs(); ++c) bias[c] = folded.bias(group * s.group_outputs() + c);
  }
}

}  // namespace

sixfold_status create_gemm_conv(const ConvPlan& plan, const Options& options, sixfold_operator** op,
                                sixfold_error* error) {
  const ConvShape& s = plan.shape;
  const Type type = kernel_type(plan.desc->type);
  const RowQuery query = {Op::gemm, type, type, plan.activation.epilogue, kernel_accumulation(plan.desc->accumulation)};
  const Segments segments = choose_segments(options, query, s.group_outputs());
  if (segments.count == 0) return fail_no_row(options, query, error);

  BlockLayout layout;
  layout.add(1, sizeof(GemmConv));
  const std::size_t group_weights = s.taps() * s.group_inputs() * segments.padded_channels;
  const std::size_t weights = layout.add(s.groups * group_weights, size_of(type));
  const std::size_t bias = layout.add(s.groups * segments.padded_channels, sizeof(float));
  const std::size_t zeros = layout.add(s.kernel_width * s.group_inputs(), size_of(type));
  const EpilogueLayout per_channel = lay_out_epilogue(plan, layout);
  const std::size_t inputs = plan.activation.args.residual == ResidualPosition::none ? 1 : 2;
  sixfold_operator* created = allocate_operator(layout, gemm_class, options, segments.items[0].row, inputs, error);
  if (created == nullptr) return layout.overflow() ? SIXFOLD_OVERFLOW : SIXFOLD_OUT_OF_MEMORY;

  GemmConv& conv = static_cast<GemmConv&>(*created);
  conv.segments = segments;
  conv.weights = weights;
  conv.bias = bias;
  conv.zeros = zeros;
  conv.group_weights = group_weights;
  fill_conv(conv, plan, per_channel);
  const FoldedConv folded(*plan.desc);
  if (type == Type::fp32) {
    pack<float>(conv, folded, [](double w) { return static_cast<float>(w); });
  } else {
    pack<Half>(conv, folded, half_from_double);
  }
  *op = created;
  return SIXFOLD_OK;
}

}  // namespace sixfold::operators
