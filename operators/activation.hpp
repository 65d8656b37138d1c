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

const char* activation_name(sixfold_activation_kind kind);

}  // namespace sixfold::operators
