// The range proof as other operators use it.
#pragma once

#include "../include/sixfold/sixfold.h"

namespace sixfold::operators {

// Checks desc.ranges of a descriptor that is sound otherwise.
sixfold_status check_ranges(const sixfold_conv_desc& desc, sixfold_error* error);

// The bounds of a checked descriptor; of each channel too, if `channels` is not NULL.
sixfold_range whole_range(const sixfold_conv_desc& desc, sixfold_channel_range* channels);

}  // namespace sixfold::operators
