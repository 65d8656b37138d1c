#pragma once

#include <sixfold/sixfold.h>

namespace sixfold::bench {

// Short names for tables and for names of benchmarks: "fp16", "hard_swish".
const char* name_of(sixfold_type type);
const char* name_of(sixfold_activation_kind kind);

}  // namespace sixfold::bench
