// The activations by their formulas in sixfold.h.
#pragma once

#include "image.hpp"

namespace sixfold::reference {

// Activations that are one fixed sequence of exact operations have one value; the others lie within 2 ulp of the true one.
Range activate(const sixfold_activation& activation, float slope, float x);

// The value in long double, for the activations that have a bound. Limits are taken at infinities.
long double true_activation(const sixfold_activation& activation, long double x);

// All floats within `ulps` units in the last place of `value`.
Range within_ulps(long double value, int ulps);

}  // namespace sixfold::reference
