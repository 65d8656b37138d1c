// Activations as the operators see them: checked, and mapped to an epilogue.
#pragma once

#include <cstddef>

#include "operator.hpp"

namespace sixfold::operators {

struct ActivationPlan {
  Epilogue epilogue;  // clamp, hswish or general
  EpilogueArgs args;  // complete but for slopes, scale, shift and residual
};

// Checks kind and parameters. `field` is the name that errors give, such as "desc.activation". PReLU needs slopes.
sixfold_status check_activation(const char* field, const sixfold_activation& activation, sixfold_error* error);

// `force_general`: something follows the activation that only the general epilogue can do.
ActivationPlan plan_activation(const sixfold_activation& activation, const KernelTable& table, bool force_general);

// What an activation does to an interval and to an error. Each kind turns at most once.
struct ActivationShape {
  float turning_point;  // between falling and rising; of no meaning for a kind that does neither change
  float steepest;       // no less than the largest slope of its graph, rising or falling
  bool exact;           // a fixed sequence of operations that preserve order, rather than within 2 ulp of a true value
};
ActivationShape activation_shape(const sixfold_activation& activation, float slope);

const char* activation_name(sixfold_activation_kind kind);

}  // namespace sixfold::operators
