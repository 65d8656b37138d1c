// True values of activations.
#pragma once

#include <sixfold/sixfold.h>

namespace sixfold::bench {

// For activations of a few exact operations their value in fp32, whose error is nothing to a half. `slope` is PReLU's.
double true_value(const sixfold_activation& activation, float slope, float x);

}  // namespace sixfold::bench
