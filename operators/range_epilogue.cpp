#include "range_epilogue.hpp"

#include <cmath>

#include "../arch/backends.hpp"
#include "activation.hpp"

namespace sixfold::operators {
namespace {

constexpr double infinity = __builtin_inf();

bool finite(const Ends& ends) { return ends.magnitude() < infinity; }

float slope_of(const sixfold_activation& activation) {
  return activation.kind == SIXFOLD_PRELU ? activation.slopes[0] : 0.0f;
}

// By the kernel of the backend that runs anywhere; all backends give its values.
double activated(const sixfold_activation& activation, double x) {
  const arch::BackendList backends = arch::backends();
  const KernelTable& table = *backends.items[backends.count - 1]->table;
  const ActivationPlan plan = plan_activation(activation, table, true);
  ActivationArgs args = plan.args.activation_args;
  args.slopes = activation.slopes;
  float value = static_cast<float>(x);
  plan.args.activation(&value, 1, 1, 1, 0, args);
  return static_cast<double>(value);
}

// The image of an interval, wherever in its tolerance each value comes out. A kernel's value lies within 2 ulp of the true one,
// and so within 4 of any other's.
Ends image(const sixfold_activation& activation, const ActivationShape& shape, const Ends& x) {
  const double at_low = activated(activation, x.low);
  Ends result{at_low, at_low};
  result.contain(activated(activation, x.high));
  const double turn = static_cast<double>(shape.turning_point);
  if (x.low < turn && turn < x.high) result.contain(activated(activation, turn));
  if (!shape.exact) {
    if (result.low != 0.0) result.low -= 8 * half_ulp_of_float(std::fabs(result.low));
    if (result.high != 0.0) result.high += 8 * half_ulp_of_float(std::fabs(result.high));
  }
  return result;
}

// The next float after the nearest one, towards `direction`: not on the other side of `value`.
double nearby_float(double value, double direction) {
  return static_cast<double>(std::nextafter(static_cast<float>(value), static_cast<float>(direction)));
}

void add_residual(const Ends& residual, OutputBounds& bounds) {
  bounds.value = {static_cast<double>(static_cast<float>(bounds.value.low) + static_cast<float>(residual.low)),
                  static_cast<double>(static_cast<float>(bounds.value.high) + static_cast<float>(residual.high))};
  bounds.error += half_ulp_of_float(bounds.value.magnitude());
}

void activate(const sixfold_activation& activation, OutputBounds& bounds) {
  const ActivationShape shape = activation_shape(activation, slope_of(activation));
  const bool rounds = !shape.exact || activation.kind == SIXFOLD_LEAKY_RELU || activation.kind == SIXFOLD_PRELU ||
                      activation.kind == SIXFOLD_HARD_SIGMOID;
  // The exact sum may lie beyond the computed ones, by its error. Neither comes out of the activation beyond what both can give.
  const Ends widened{nearby_float(bounds.value.low - bounds.error, -infinity),
                     nearby_float(bounds.value.high + bounds.error, infinity)};
  const Ends both = image(activation, shape, widened);
  const double passed_on = bounds.error * static_cast<double>(shape.steepest);
  const double width = both.high - both.low;
  bounds.value = image(activation, shape, bounds.value);
  bounds.error = passed_on < width ? passed_on : width;
  if (rounds) bounds.error += 4 * half_ulp_of_float(bounds.value.magnitude());
}

void scale_and_shift(float scale, float shift, OutputBounds& bounds) {
  const double a = static_cast<double>(std::fma(static_cast<float>(bounds.value.low), scale, shift));
  const double b = static_cast<double>(std::fma(static_cast<float>(bounds.value.high), scale, shift));
  bounds.value = a < b ? Ends{a, b} : Ends{b, a};
  bounds.error = bounds.error * std::fabs(static_cast<double>(scale)) + half_ulp_of_float(bounds.value.magnitude());
}

void store_half(OutputBounds& bounds) {
  if (bounds.value.magnitude() == 0.0) return;  // which is exact
  bounds.value = {round_to_half(bounds.value.low), round_to_half(bounds.value.high)};
  bounds.error += half_ulp_of_half(bounds.value.magnitude());
}

}  // namespace

OutputBounds finish(const ChannelEpilogue& epilogue, const ChainBounds& chain) {
  // An accumulator that overflows may give anything: even a bounded activation turns it into a wrong value or keeps its NaN.
  if (!(chain.error < infinity) || !finite(chain.sum)) return {{-infinity, infinity}, infinity};
  OutputBounds bounds{chain.sum, chain.error};
  if (epilogue.residual_position == SIXFOLD_RESIDUAL_BEFORE_ACTIVATION) add_residual(epilogue.residual, bounds);
  activate(epilogue.activation, bounds);
  if (epilogue.scales) scale_and_shift(epilogue.scale, epilogue.shift, bounds);
  if (epilogue.residual_position == SIXFOLD_RESIDUAL_AFTER_ACTIVATION) add_residual(epilogue.residual, bounds);
  if (epilogue.type == SIXFOLD_FP16) store_half(bounds);
  if (!finite(bounds.value)) bounds.error = infinity;
  return bounds;
}

}  // namespace sixfold::operators
