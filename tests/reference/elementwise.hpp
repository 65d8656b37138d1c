// Activation, addition, multiplication and conversion, element by element.
#pragma once

#include "image.hpp"

namespace sixfold::reference {

// b: NULL for SIXFOLD_ACTIVATE; else of a's shape, or one pixel for each image or for all. slopes: for PRELU.
Expected elementwise(const sixfold_elementwise_desc& desc, const std::vector<float>& slopes, const Image& a,
                     const Image* b);

// Each channel by its factor, as SIXFOLD_MULTIPLY and a convolution's input_scale do. factors: one pixel for each image or for all.
Image scaled(const Image& image, const Image& factors);

// Layout does not change values: only the type of the result matters.
Expected convert(sixfold_type output_type, const Image& input);

}  // namespace sixfold::reference
