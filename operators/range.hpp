// The range proof as other operators use it.
#pragma once

#include "../include/sixfold/sixfold.h"

namespace sixfold::operators {

// Checks desc.ranges of a descriptor that is sound otherwise.
sixfold_status check_ranges(const sixfold_conv_desc& desc, sixfold_error* error);

// What was proved of one way to accumulate.
struct AccumulationProof {
  float largest;  // magnitude of a partial sum, were nothing rounded
  float error;    // of an output
  bool overflows;
};

// How SIXFOLD_ACCUMULATE_AUTO was settled.
struct AccumulationChoice {
  bool automatic;  // else nothing was chosen, and nothing below means anything
  float tolerance;
  AccumulationProof half;
  AccumulationProof blocked;  // looked at only if half will not do
};

// Checks ranges and tolerance, and puts a definite accumulation in the place of SIXFOLD_ACCUMULATE_AUTO. `desc` has been
// checked otherwise.
sixfold_status settle_accumulation(sixfold_conv_desc& desc, AccumulationChoice& choice, sixfold_error* error);

// "accumulation: fp16 was proved ...", for explain. Nothing if nothing was chosen.
void describe_choice(const AccumulationChoice& choice, sixfold_accumulation chosen, class TextWriter& text);

// The bounds of a checked descriptor; of each channel too, if `channels` is not NULL.
sixfold_range whole_range(const sixfold_conv_desc& desc, sixfold_channel_range* channels);

}  // namespace sixfold::operators
