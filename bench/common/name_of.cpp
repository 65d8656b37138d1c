#include "name_of.hpp"

namespace sixfold::bench {

const char* name_of(sixfold_type type) { return type == SIXFOLD_FP32 ? "fp32" : "fp16"; }

const char* name_of(sixfold_activation_kind kind) {
  static constexpr const char* names[SIXFOLD_ACTIVATION_KINDS] = {
      "identity", "relu",     "relu6", "clamp", "leaky_relu", "prelu",     "elu",          "sigmoid",
      "tanh",     "softplus", "swish", "mish",  "gelu_erf",   "gelu_tanh", "hard_sigmoid", "hard_swish"};
  return names[kind];
}

}  // namespace sixfold::bench
