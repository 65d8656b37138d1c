// Runs convolutions as matrix products: shares out blocks of output pixels by groups of panels.
#include "conv_gemm.hpp"

#include "../kernels/gemm_args.hpp"
#include "parallel.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

// The left operand of a block stays in half of a small second-level cache while all panels pass over it.
constexpr std::size_t block_bytes = 216 * 1024;
// Fewer pixels would not pay for loading (fp16: converting) a panel. More than 7x7, so that those are one block.
constexpr std::size_t min_block = 54;
constexpr std::size_t max_block = 432;  // more would only lengthen the pointer table
// Blocks consist of whole units; the last has the rest, too. So many pixels are full tiles for every tile height in use.
constexpr std::size_t unit_pixels = 24;
constexpr std::size_t longest_block = 3 * max_block;  // a unit is at most as long
constexpr std::size_t tiles_per_task = 4;
constexpr std::size_t min_part = 128;           // channels: each part of the panels goes over the left operand again
constexpr double multiply_adds_a_cycle = 16.0;  // within a factor of two or so of all that is supported
constexpr double weight_bytes_a_cycle = 8.0;
constexpr std::size_t pixels_worth_a_panel = 12;  // so many are computed while a panel is loaded

// Channels of panels 0 to `panels`, with those that only fill up.
std::size_t channels_before(const Segments& segments, std::size_t panels) {
  std::size_t channels = 0;
  for (std::size_t i = 0; i < segments.count; ++i) {
    const std::size_t here = min_of(panels, segments.items[i].panels);
    channels += here * static_cast<std::size_t>(segments.items[i].row->tile_channels);
    panels -= here;
  }
  return channels;
}

// The most channels that one of `tasks` tasks gets if they share out the panels.
std::size_t largest_share(const GemmConv& conv, std::size_t tasks) {
  if (tasks >= conv.panels) return conv.widest_panel;
  std::size_t largest = 0;
  for (std::size_t i = 0, begin = 0; i < tasks; ++i) {
    const std::size_t end = channels_before(conv.segments, conv.panels * (i + 1) / tasks);
    largest = max_of(largest, end - begin);
    begin = end;
  }
  return largest;
}

// Few pixels are split by panels, so that each weight is loaded by one core only, unless that splits worse than the pixels do.
// Each core then fetches half the left operand from the other: to prefetch it, or to split deep layers by pixels, showed no gain.
bool splits_by_panels(const GemmConv& conv, std::size_t pixels, std::size_t tasks) {
  if (pixels >= tasks * min_task_pixels) return false;
  if (conv.shape.groups > 1 || pixels < 2 * unit_pixels) return true;
  const std::size_t by_panels = (pixels + pixels_worth_a_panel) * largest_share(conv, tasks);
  const std::size_t by_pixels = (ceil_div(pixels, tasks) + pixels_worth_a_panel) * conv.segments.padded_channels;
  return by_panels <= by_pixels;
}

// Blocks and parts for more than one task, given the blocks that one task would have.
void split_for_tasks(const GemmConv& conv, GemmTiling& t) {
  t.part_by_part = splits_by_panels(conv, t.pixels, t.tasks);
  if (t.part_by_part) {
    const std::size_t shares = max_of(min_of(conv.segments.padded_channels / min_part / t.tasks, tiles_per_task), 1);
    t.parts = min_of(ceil_div(t.tasks * shares, conv.shape.groups), conv.panels);
    return;
  }
  if (conv.pointwise) {  // a unit that one task has and another has not costs more than tiles of unequal height
    t.unit = 1;
    t.units = t.pixels;
  }
  t.blocks = min_of(round_up(t.blocks, t.tasks), t.units);
  const std::size_t parts = ceil_div(tiles_per_task * t.tasks, t.blocks * conv.shape.groups);
  t.parts = max_of(min_of(parts, min_of(conv.segments.padded_channels / min_part, conv.panels)), 1);
}

// A unit of windows is some rows of them: where the pointers to a row start and end, there is work besides the pointers.
std::size_t unit_of(const GemmConv& conv, std::size_t width) {
  return conv.pointwise || width > conv.most_pixels ? unit_pixels : ceil_div(unit_pixels, width) * width;
}

bool converted_panels_stay(const GemmConv& conv) {
  return conv.depth * conv.segments.padded_channels * sizeof(float) <= half_panels_bytes;
}

// How many pixels go through all panels before the next do, where they are scaled, or converted for two segments. All, where the
// panels must be converted again each time.
std::size_t portion_of(const GemmConv& conv, std::size_t pixels) {
  if (conv.type == SIXFOLD_FP16 && !converted_panels_stay(conv)) return pixels;
  return resident_portion(pixels, conv.depth);
}

// The last portion may have the rest, too.
std::size_t most_scaled(const GemmConv& conv, std::size_t pixels) {
  return min_of(2 * portion_of(conv, pixels) - 1, pixels);
}

GemmTiling make_tiling(const GemmConv& conv, const Tensor& output, std::size_t max_tasks) {
  GemmTiling t{};
  t.pixels = output.batch * output.height * output.width;
  if (t.pixels == 0) return t;
  t.unit = unit_of(conv, output.width);
  t.units = max_of(divide(t.pixels, t.unit).quotient, 1);
  t.blocks = min_of(ceil_div(t.pixels, conv.most_pixels), t.units);
  t.parts = 1;
  t.tasks = worthwhile_tasks(max_tasks, static_cast<double>(t.pixels) * conv.cycles_of_pixel + conv.cycles_of_weights);
  const std::size_t longest = min_of(t.unit * (ceil_div(t.units, t.blocks) + 1) - 1, t.pixels);
  if (t.tasks > 1) split_for_tasks(conv, t);
  // For the longest block of one task: a run with fewer tasks than the caller made room for must fit, too.
  t.pointer_bytes = round_up(conv.runs.runs * longest * sizeof(void*), 64);
  std::size_t copied = conv.runs.merged ? longest : 0;
  if (conv.scale.row != nullptr) copied = most_scaled(conv, longest);
  t.copy_bytes = round_up(copied * conv.depth * element_bytes(conv.type), 64);
  const std::size_t scratch =
      gemm_scratch_bytes(*conv.row, longest, conv.runs.runs, conv.runs.run_length, conv.widest_panel);
  t.task_bytes = task_pitch(t.pointer_bytes + t.copy_bytes + scratch);
  return t;
}

sixfold_status split(const sixfold_operator& op, const Tensor*, const Tensor& output, std::size_t max_tasks,
                     Tiling& tiling, std::size_t& bytes, sixfold_error* error) {
  // A window has at most PTRDIFF_MAX / 16 weights; with it, what a block needs is known not to overflow.
  const GemmConv& conv = static_cast<const GemmConv&>(op);
  std::size_t window = 0;
  if (!__builtin_mul_overflow(conv.depth, longest_block * (2 * sizeof(void*) + half_line_floats(1) * sizeof(float)),
                              &window)) {
    tiling.gemm = make_tiling(conv, output, max_tasks);
    if (!__builtin_mul_overflow(max_tasks, tiling.gemm.task_bytes, &bytes)) return SIXFOLD_OK;
  }
  return fail(error, SIXFOLD_OVERFLOW, "max_tasks is %zu: the workspace does not fit size_t", max_tasks);
}

// One run of the operator: what its tiles have in common.
class GemmRun {
 public:
  GemmRun(const GemmConv& conv, const Run& run)
      : conv_(conv),
        run_(run),
        tiling_(run.tiling.gemm),
        epilogue_(epilogue_of(conv)),
        runs_(conv.runs),
        element_(element_bytes(conv.type)) {
    runs_.copied = must_be_copied(runs_, conv.shape, run.inputs[0]);
  }

  void operator()() const {
    const std::size_t groups = conv_.shape.groups;
    for_each_tile(run_, tiling_.tasks, tiling_.blocks * groups * tiling_.parts,
                  [this, groups](std::size_t tile, std::size_t task) {
                    unsigned char* workspace = run_.workspace + task * tiling_.task_bytes;
                    if (tiling_.part_by_part) {
                      const Division block = divide(tile, tiling_.blocks);
                      const Division part = divide(block.quotient, tiling_.parts);
                      return run_tile(block.remainder, part.quotient, part.remainder, workspace);
                    }
                    const Division part = divide(tile, tiling_.parts);
                    const Division group = divide(part.quotient, groups);
                    run_tile(group.quotient, group.remainder, part.remainder, workspace);
                  });
  }

 private:
  bool scales() const { return conv_.scale.row != nullptr; }

  std::size_t first_pixel(std::size_t block) const {
    if (block == tiling_.blocks) return tiling_.pixels;
    return divide(block * tiling_.units, tiling_.blocks).quotient * tiling_.unit;
  }

  void run_tile(std::size_t block, std::size_t group, std::size_t part_index, unsigned char* workspace) const {
    const std::size_t first = first_pixel(block);
    const std::size_t pixels = first_pixel(block + 1) - first;
    unsigned char* copies = workspace + tiling_.pointer_bytes;
    Tensor scaled;
    if (scales())
      scaled = {copies, conv_.type, 1, 1, most_scaled(conv_, pixels), conv_.group_inputs, conv_.group_inputs};
    const Tensor& input = scales() ? scaled : run_.inputs[0];
    LeftRows left = {&conv_.shape,
                     &input,
                     run_.output.height,
                     run_.output.width,
                     runs_,
                     conv_.pointwise,
                     scales() ? 0 : group,
                     conv_.group_inputs,
                     0,
                     part<unsigned char>(conv_, conv_.zeros),
                     reinterpret_cast<const void**>(workspace),
                     copies,
                     tiling_.copy_bytes};
    left.run_step = shared_run_step(left, first, pixels);
    fill_left_rows(left, scales() ? 0 : first, scales() ? scaled.width : pixels);

    // What differs from segment to segment comes later.
    GemmArgs args = {.left = left.pointers,
                     .left_pitch = left.run_step == 0 ? pixels : 0,
                     .run_step = left.run_step,
                     .runs = runs_.runs,
                     .run_length = runs_.run_length,
                     .left_step = conv_.pointwise ? input.pixel_stride : 0,
                     .pixels = pixels,
                     .weights = nullptr,
                     .bias = nullptr,
                     .channel = 0,
                     .channels = 0,
                     .out = nullptr,
                     .out_stride = run_.output.pixel_stride,
                     .residual = nullptr,
                     .residual_stride = conv_.residual_input != 0 ? run_.inputs[1].pixel_stride : 0,
                     .epilogue = &epilogue_,
                     .scratch = workspace + tiling_.pointer_bytes + tiling_.copy_bytes,
                     .right_scratch = nullptr,
                     .left_ready = false,
                     .right_ready = false};
    const PanelRange range = {group, divide(conv_.panels * part_index, tiling_.parts).quotient,
                              divide(conv_.panels * (part_index + 1), tiling_.parts).quotient};
    const bool shares = shares_scratch(args, range);
    if (shares || scales()) {
      run_by_portions(args, first, range, shares, copies);
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

  // Where the kernels of two segments convert, they would convert the same pixels; and those of a scaled portion the same panels
  // as of the one before.
  bool shares_scratch(const GemmArgs& args, const PanelRange& range) const {
    if (conv_.type != SIXFOLD_FP16 || args.pixels == 1 || !converted_panels_stay(conv_)) return false;
    const std::size_t second = conv_.segments.items[0].panels;
    return scales() || (range.begin < second && range.end > second);
  }

  // All panels for a few pixels, then for the next: what is scaled or converted lies in L1, and is not converted twice.
  void run_by_portions(GemmArgs& args, std::size_t first_pixel, const PanelRange& range, bool shares,
                       unsigned char* scaled) const {
    const std::size_t pixels = args.pixels;
    const std::size_t portion = portion_of(conv_, pixels);
    const void* const* left = args.left;
    for (std::size_t done = 0; done < pixels; done += args.pixels) {
      args.pixels = min_of(portion, pixels - done);
      // What is left is too little to wait for weights.
      if (!shares && pixels - done < 2 * portion) args.pixels = pixels - done;
      if (scales()) {
        scale_pixels(conv_.scale, run_.inputs[0], run_.inputs[conv_.scale_input],
                     {first_pixel + done, args.pixels, range.group * conv_.group_inputs, conv_.group_inputs}, scaled);
      } else {
        args.left = left + done;
      }
      if (shares) {
        args.right_scratch =
            static_cast<unsigned char*>(args.scratch) + half_pixels_bytes(portion, args.runs, args.run_length);
        args.left_ready = false;
        args.right_ready = done != 0;
      }
      run_panels(args, first_pixel + done, range);
    }
  }

  // Changes what differs from segment to segment, and the scratch that the segments share.
  void run_panels(GemmArgs& args, std::size_t first_pixel, const PanelRange& range) const {
    const std::size_t depth = args.runs * args.run_length;
    const std::size_t group_channel = range.group * conv_.group_outputs;
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
      args.residual = conv_.residual_input != 0 ? address(run_.inputs[1], first_pixel, channel) : nullptr;
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
  const GemmTiling& tiling_;
  EpilogueArgs epilogue_;
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
  if (conv.scale.row == nullptr) return;
  text.add("kernel: %s: multiplies the input channels by inputs[%zu], some pixels at a time\n", conv.scale.row->name,
           conv.scale_input);
}

}  // namespace

const OperatorClass gemm_class = {"conv2d", conv_output_shape, split, run_gemm, describe};

void estimate(GemmConv& conv, std::size_t all_weights) {
  conv.most_pixels = min_of(max_of(block_bytes / (conv.depth * sizeof(float)), min_block), max_block);
  const double count = static_cast<double>(all_weights);
  conv.cycles_of_pixel = count / multiply_adds_a_cycle;
  conv.cycles_of_weights = count * static_cast<double>(element_bytes(conv.type)) / weight_bytes_a_cycle;
}

}  // namespace sixfold::operators
