// Pooling, one window after another.
#pragma once

#include "image.hpp"

namespace sixfold::reference {

Expected pool(const sixfold_pool_desc& desc, const Image& input);

}  // namespace sixfold::reference
