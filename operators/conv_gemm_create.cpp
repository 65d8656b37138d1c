// Makes convolutions that are matrix products: chooses kernels, and packs weights in panels.
#include "../kernels/gemm_args.hpp"
#include "conv_gemm.hpp"

namespace sixfold::operators {
namespace {

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

// Of one segment's panel that begins at channel `begin` of the segment.
std::size_t packed_channels_of(const Segment& segment, std::size_t begin) {
  const std::size_t width = static_cast<std::size_t>(segment.row->tile_channels);
  return packed_channels(segment.channels - begin, width, width / static_cast<std::size_t>(segment.row->tile.vectors));
}

// Channels that all panels of a group are packed for.
std::size_t packed_channels_of(const Segments& segments) {
  const Segment& last = segments.items[segments.count - 1];
  const std::size_t last_panel = (last.panels - 1) * static_cast<std::size_t>(last.row->tile_channels);
  return last.channel + last_panel + packed_channels_of(last, last_panel);
}

float rounded(double weight, float) { return static_cast<float>(weight); }
Half rounded(double weight, Half) { return half_from_double(weight); }

// The panels of one segment and group: for each panel, for each step of depth, the panel's channels.
template <class T>
void pack_segment(const FoldedConv& folded, const ConvShape& s, const Segment& segment, std::size_t group, T* to) {
  const std::size_t width = static_cast<std::size_t>(segment.row->tile_channels);
  const std::size_t depth = s.taps() * s.group_inputs();
  for (std::size_t c = 0; c < segment.channels; ++c) {
    const std::size_t output = group * s.group_outputs() + segment.channel + c;
    const std::size_t panel = c / width * width;
    const std::size_t step = packed_channels_of(segment, panel);
    T* column = to + panel * depth + (c - panel);
    const double factor = folded.weight_factor(output);
    for (std::size_t ky = 0; ky < s.kernel_height; ++ky) {
      for (std::size_t kx = 0; kx < s.kernel_width; ++kx) {
        for (std::size_t i = 0; i < s.group_inputs(); ++i, column += step) {
          *column = rounded(folded.weight(output, ky, kx, i) * factor, T{});
        }
      }
    }
  }
}

template <class T>
void pack(GemmConv& conv, const FoldedConv& folded) {
  const ConvShape& s = conv.shape;
  const std::size_t depth = s.taps() * s.group_inputs();
  for (std::size_t group = 0; group < s.groups; ++group) {
    T* weights = part<T>(&conv, conv.weights) + group * conv.group_weights;
    float* bias = part<float>(&conv, conv.bias) + group * conv.segments.padded_channels;
    for (std::size_t i = 0; i < conv.segments.count; ++i) {
      const Segment& segment = conv.segments.items[i];
      pack_segment(folded, s, segment, group, weights + segment.channel * depth);
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
  InputScale scale{};
  if (plan.desc->input_scale != SIXFOLD_NO_INPUT_SCALE) {
    scale = find_input_scale(options, plan.desc->type, error);
    if (scale.row == nullptr) return SIXFOLD_UNSUPPORTED;
  }

  BlockLayout layout;
  layout.add(1, sizeof(GemmConv));
  const WindowRuns runs = choose_runs(s);
  const std::size_t depth = runs.runs * runs.run_length;
  const std::size_t group_weights = depth * packed_channels_of(segments);
  const std::size_t weights = layout.add(s.groups * group_weights + widest_panel(segments), size_of(type));
  const std::size_t bias = layout.add(s.groups * segments.padded_channels, sizeof(float));
  const std::size_t zeros = layout.add(s.kernel_width * s.group_inputs(), size_of(type));
  const EpilogueLayout per_channel = lay_out_epilogue(plan, layout);
  sixfold_operator* created =
      allocate_operator(layout, gemm_class, options, segments.items[0].row, input_count_of(plan), error);
  if (created == nullptr) return layout.overflow() ? SIXFOLD_OVERFLOW : SIXFOLD_OUT_OF_MEMORY;

  GemmConv& conv = static_cast<GemmConv&>(*created);
  conv.segments = segments;
  conv.panels = panel_count(segments);
  conv.widest_panel = widest_panel(segments);
  conv.runs = runs;
  conv.depth = depth;
  conv.group_inputs = s.group_inputs();
  conv.group_outputs = s.group_outputs();
  conv.pointwise = s.is_pointwise();
  conv.scale = scale;
  conv.weights = weights;
  conv.bias = bias;
  conv.zeros = zeros;
  conv.group_weights = group_weights;
  fill_conv(conv, plan, per_channel);
  estimate(conv, s.groups * group_weights);
  const FoldedConv folded(*plan.desc);
  if (type == Type::fp32) {
    pack<float>(conv, folded);
  } else {
    pack<Half>(conv, folded);
  }
  *op = created;
  return SIXFOLD_OK;
}

}  // namespace sixfold::operators
