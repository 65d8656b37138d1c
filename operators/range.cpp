// The range proof: from the intervals of the inputs and the folded weights, the bounds of every accumulator and output.
#include "range.hpp"

#include <cmath>

#include "check.hpp"
#include "conv.hpp"
#include "fold.hpp"
#include "range_chain.hpp"
#include "range_epilogue.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

constexpr double infinity = __builtin_inf();

constexpr double largest_half = 65504.0;

double largest_finite(sixfold_accumulation accumulation) {
  return accumulation == SIXFOLD_ACCUMULATE_FP32 ? 0x1.fffffep127 : largest_half;
}

// The numbers of a stored type that an interval holds; none if the low end comes out above the high one.
double lowest_half_from(double value) {
  if (value > largest_half) return infinity;
  if (value < -largest_half) return -largest_half;
  const double nearest = round_to_half(value);
  return nearest >= value ? nearest : nearest + 2.0 * half_ulp_of_half(std::fabs(value));  // the next half
}

Ends stored(const sixfold_interval& interval, sixfold_type type) {
  const double low = static_cast<double>(interval.low), high = static_cast<double>(interval.high);
  if (type == SIXFOLD_FP32) return {low, high};
  return {lowest_half_from(low), -lowest_half_from(-high)};
}

sixfold_status check_interval(const char* field, std::size_t index, const sixfold_interval& interval, sixfold_type type,
                              sixfold_error* error) {
  const double low = static_cast<double>(interval.low), high = static_cast<double>(interval.high);
  if (!std::isfinite(low) || !std::isfinite(high)) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.ranges.%s[%zu] is from %g to %g, must be finite", field, index,
                low, high);
  }
  if (low > high) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.ranges.%s[%zu].low is %g, above its high end %g", field, index,
                low, high);
  }
  const Ends halves = stored(interval, type);
  if (halves.low > halves.high) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT,
                "desc.ranges.%s[%zu] is from %.9g to %.9g: no binary16 number lies in it", field, index, low, high);
  }
  return SIXFOLD_OK;
}

sixfold_status check_intervals(const char* field, const sixfold_interval* intervals, std::size_t count,
                               std::size_t channels, sixfold_type type, sixfold_error* error) {
  if (intervals == nullptr) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.ranges.%s is NULL: without it nothing can be proved", field);
  }
  if (count != 1 && count != channels) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT,
                "desc.ranges.%s_count is %zu, must be 1 or the number of channels, %zu", field, count, channels);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (const sixfold_status status = check_interval(field, i, intervals[i], type, error)) return status;
  }
  return SIXFOLD_OK;
}

const sixfold_interval& interval_of(const sixfold_interval* intervals, std::size_t count, std::size_t channel) {
  return intervals[count == 1 ? 0 : channel];
}

bool has_padding(const sixfold_conv_desc& d) { return (d.pad_top | d.pad_left | d.pad_bottom | d.pad_right) != 0; }

// Calls visit(step) for each multiply-add of an output channel, in the order of accumulation.
template <class Visit>
void for_each_step(const sixfold_conv_desc& d, std::size_t output, Visit visit) {
  const FoldedConv folded(d);
  const double factor = folded.weight_factor(output);
  const std::size_t inputs = d.input_channels / d.groups;
  const std::size_t first_input = output / (d.output_channels / d.groups) * inputs;
  const bool padded = has_padding(d);
  for (std::size_t ky = 0; ky < d.kernel_height; ++ky) {
    for (std::size_t kx = 0; kx < d.kernel_width; ++kx) {
      for (std::size_t i = 0; i < inputs; ++i) {
        const double weight = folded.weight(output, ky, kx, i) * factor;
        Ends input = stored(interval_of(d.ranges.input, d.ranges.input_count, first_input + i), d.type);
        if (padded) input.contain(0.0);
        ChainStep step{d.type == SIXFOLD_FP16 ? round_to_half(weight) : static_cast<double>(static_cast<float>(weight)),
                       input.low, input.high};
        if (step.weight < 0.0) step = {step.weight, input.high, input.low};
        visit(step);
      }
    }
  }
}

constexpr Ends everything{-infinity, infinity};

// False if a weight or the bias is not finite: then nothing can be said of the channel.
bool follow_chain(const sixfold_conv_desc& d, std::size_t output, ChainBounds& bounds) {
  const float bias = FoldedConv(d).bias(output);
  Chain chain(d.accumulation, bias);
  bool finite = std::isfinite(bias);
  for_each_step(d, output, [&](const ChainStep& step) {
    finite = finite && std::isfinite(step.weight);
    if (finite) chain.add(step);
  });
  bounds = finite ? chain.finish() : ChainBounds{everything, everything, everything, infinity};
  return finite;
}

ChannelEpilogue epilogue_of(const sixfold_conv_desc& d, std::size_t output) {
  const FoldedConv folded(d);
  ChannelEpilogue epilogue{};
  epilogue.activation = d.activation;
  if (d.activation.slopes != nullptr) epilogue.activation.slopes += output;
  epilogue.residual_position = d.residual;
  if (d.residual != SIXFOLD_NO_RESIDUAL) {
    epilogue.residual = stored(interval_of(d.ranges.residual, d.ranges.residual_count, output), d.type);
  }
  epilogue.scales = folded.has_scale();
  if (epilogue.scales) {
    epilogue.scale = folded.scale(output);
    epilogue.shift = folded.shift(output);
  }
  epilogue.type = d.type;
  return epilogue;
}

// As floats, rounded outwards where they are not floats already.
float float_above(double value) {
  const float nearest = static_cast<float>(value);
  return static_cast<double>(nearest) < value ? std::nextafter(nearest, __builtin_inff()) : nearest;
}
sixfold_interval outward(const Ends& ends) { return {-float_above(-ends.low), float_above(ends.high)}; }

// The sum of the steps' errors was itself rounded, by far less than this.
float error_above(double error) { return float_above(error * (1.0 + 0x1p-40)); }

sixfold_channel_range range_of(const sixfold_conv_desc& d, std::size_t output) {
  ChainBounds chain{};
  follow_chain(d, output, chain);
  const OutputBounds stored_output = finish(epilogue_of(d, output), chain);
  return {outward(chain.exact),         outward(chain.partial),   outward(chain.sum),
          outward(stored_output.value), error_above(chain.error), error_above(stored_output.error)};
}

bool finite(const sixfold_interval& interval) { return std::isfinite(interval.low) && std::isfinite(interval.high); }

float magnitude(const sixfold_interval& interval) {
  return -interval.low > interval.high ? -interval.low : interval.high;
}

void contain(sixfold_interval& whole, const sixfold_interval& part, bool first) {
  if (first || part.low < whole.low) whole.low = part.low;
  if (first || part.high > whole.high) whole.high = part.high;
}

void contain(sixfold_range& whole, const sixfold_channel_range& channel, std::size_t index) {
  const bool first = index == 0;
  if (first || magnitude(channel.exact) > magnitude(whole.exact)) whole.worst_channel = index;
  contain(whole.exact, channel.exact, first);
  contain(whole.partial, channel.partial, first);
  contain(whole.sum, channel.sum, first);
  contain(whole.output, channel.output, first);
  if (first || channel.sum_error > whole.sum_error) whole.sum_error = channel.sum_error;
  if (first || channel.output_error > whole.output_error) whole.output_error = channel.output_error;
  whole.overflowing_sums += finite(channel.partial) && finite(channel.sum) ? 0u : 1u;
  whole.overflowing_outputs += finite(channel.output) ? 0u : 1u;
}

sixfold_status check_range_desc(const sixfold_conv_desc* desc, sixfold_error* error) {
  if (const sixfold_status status = check_conv(desc, error)) return status;
  return check_ranges(*desc, error);
}

AccumulationProof prove(sixfold_conv_desc desc, sixfold_accumulation accumulation) {
  desc.accumulation = accumulation;
  const sixfold_range range = whole_range(desc, nullptr);
  return {magnitude(range.exact), range.output_error, range.overflowing_sums != 0};
}

bool will_do(const AccumulationProof& proof, float tolerance) { return !proof.overflows && proof.error <= tolerance; }

void describe_refusal(const char* name, const AccumulationProof& proof, TextWriter& text) {
  if (proof.overflows) {
    text.add("; %s may overflow, as partial sums reach %g", name, static_cast<double>(proof.largest));
  } else {
    text.add("; with %s an output's error may reach %g", name, static_cast<double>(proof.error));
  }
}

}  // namespace

sixfold_status settle_accumulation(sixfold_conv_desc& desc, AccumulationChoice& choice, sixfold_error* error) {
  choice = {};
  if (desc.accumulation != SIXFOLD_ACCUMULATE_AUTO) return SIXFOLD_OK;
  desc.accumulation = SIXFOLD_ACCUMULATE_FP32;
  if (desc.type == SIXFOLD_FP32) return SIXFOLD_OK;
  if (!(desc.tolerance >= 0.0f) || std::isinf(desc.tolerance)) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "desc.tolerance is %g, must be finite and not negative",
                static_cast<double>(desc.tolerance));
  }
  if (const sixfold_status status = check_ranges(desc, error)) return status;
  choice.automatic = true;
  choice.tolerance = desc.tolerance;
  choice.half = prove(desc, SIXFOLD_ACCUMULATE_FP16);
  if (will_do(choice.half, desc.tolerance)) {
    desc.accumulation = SIXFOLD_ACCUMULATE_FP16;
    return SIXFOLD_OK;
  }
  choice.blocked = prove(desc, SIXFOLD_ACCUMULATE_FP16_BLOCKED);
  if (will_do(choice.blocked, desc.tolerance)) desc.accumulation = SIXFOLD_ACCUMULATE_FP16_BLOCKED;
  return SIXFOLD_OK;
}

void describe_choice(const AccumulationChoice& choice, sixfold_accumulation chosen, TextWriter& text) {
  if (!choice.automatic) return;
  text.add("accumulation: %s", accumulation_text(chosen));
  if (chosen != SIXFOLD_ACCUMULATE_FP32) {
    const AccumulationProof& proof = chosen == SIXFOLD_ACCUMULATE_FP16 ? choice.half : choice.blocked;
    text.add(", proved: partial sums reach %g of 65504, and an output's error %g", static_cast<double>(proof.largest),
             static_cast<double>(proof.error));
  }
  if (chosen != SIXFOLD_ACCUMULATE_FP16) describe_refusal("fp16", choice.half, text);
  if (chosen == SIXFOLD_ACCUMULATE_FP32) describe_refusal("fp16 blocked", choice.blocked, text);
  text.add("; the tolerance is %g\n", static_cast<double>(choice.tolerance));
}

sixfold_status check_ranges(const sixfold_conv_desc& d, sixfold_error* error) {
  const sixfold_ranges& ranges = d.ranges;
  sixfold_status status = check_intervals("input", ranges.input, ranges.input_count, d.input_channels, d.type, error);
  if (status == SIXFOLD_OK && d.residual != SIXFOLD_NO_RESIDUAL) {
    status = check_intervals("residual", ranges.residual, ranges.residual_count, d.output_channels, d.type, error);
  }
  return status;
}

sixfold_range whole_range(const sixfold_conv_desc& desc, sixfold_channel_range* channels) {
  sixfold_range whole = sixfold_range_default();
  whole.accumulation = desc.accumulation;
  for (std::size_t c = 0; c < desc.output_channels; ++c) {
    const sixfold_channel_range channel = range_of(desc, c);
    if (channels != nullptr) channels[c] = channel;
    contain(whole, channel, c);
  }
  whole.headroom = static_cast<float>(largest_finite(desc.accumulation) / static_cast<double>(magnitude(whole.exact)));
  return whole;
}

}  // namespace sixfold::operators

using namespace sixfold::operators;

sixfold_status sixfold_conv_range(const sixfold_conv_desc* desc, sixfold_channel_range* channels,
                                  std::size_t channel_count, sixfold_range* range, sixfold_error* error) {
  succeed(error);
  if (const sixfold_status status = check_range_desc(desc, error)) return status;
  sixfold_conv_desc settled = *desc;
  AccumulationChoice choice;
  if (const sixfold_status status = settle_accumulation(settled, choice, error)) return status;
  if (channels != nullptr && channel_count != desc->output_channels) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "channel_count is %zu, must be desc.output_channels, %zu",
                channel_count, desc->output_channels);
  }
  if (range != nullptr) {
    if (const sixfold_status status = check_struct("range", range, error)) return status;
  }
  const sixfold_range whole = whole_range(settled, channels);
  if (range != nullptr) *range = whole;
  return SIXFOLD_OK;
}

sixfold_status sixfold_conv_witness(const sixfold_conv_desc* desc, std::size_t channel, sixfold_extreme extreme,
                                    float* values, std::size_t value_count, sixfold_error* error) {
  succeed(error);
  if (const sixfold_status status = check_range_desc(desc, error)) return status;
  if (const sixfold_status status =
          check_enum("extreme", "value", "sixfold_extreme", extreme, SIXFOLD_LARGEST, error)) {
    return status;
  }
  if (channel >= desc->output_channels) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "channel is %zu, must be below desc.output_channels, %zu", channel,
                desc->output_channels);
  }
  const std::size_t window = desc->kernel_height * desc->kernel_width * (desc->input_channels / desc->groups);
  if (values == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "values is NULL");
  if (value_count != window) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "value_count is %zu, but the window has %zu values", value_count,
                window);
  }
  for_each_step(*desc, channel, [&values, extreme](const ChainStep& step) {
    *values++ = static_cast<float>(extreme == SIXFOLD_LARGEST ? step.at_high : step.at_low);
  });
  return SIXFOLD_OK;
}
