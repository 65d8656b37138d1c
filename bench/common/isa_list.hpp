#pragma once

#include <vector>

#include "isa_loops.hpp"

namespace sixfold::bench {

// The loops of every ISA in this build.
std::vector<const IsaLoops*> isa_loops();

}  // namespace sixfold::bench
