#include "elementwise.hpp"

#include "activation.hpp"

namespace sixfold::reference {

namespace {

Expected shaped_like(const Image& image, sixfold_type type) {
  return {type, image.batch, image.height, image.width, image.channels, {}};
}

float second(const Image& a, const Image& b, std::size_t n, std::size_t y, std::size_t x, std::size_t c) {
  if (b.height == a.height && b.width == a.width && b.batch == a.batch) return b.at(n, y, x, c);
  return b.at(b.batch == 1 ? 0 : n, 0, 0, c);
}

}  // namespace

Expected elementwise(const sixfold_elementwise_desc& desc, const std::vector<float>& slopes, const Image& a,
                     const Image* b) {
  Expected output = shaped_like(a, a.type);
  for (std::size_t n = 0; n < a.batch; ++n) {
    for (std::size_t y = 0; y < a.height; ++y) {
      for (std::size_t x = 0; x < a.width; ++x) {
        for (std::size_t c = 0; c < a.channels; ++c) {
          float value = a.at(n, y, x, c);
          if (desc.kind == SIXFOLD_ADD) value = value + second(a, *b, n, y, x, c);
          if (desc.kind == SIXFOLD_MULTIPLY) value = value * second(a, *b, n, y, x, c);
          const Range activated = activate(desc.activation, slopes.empty() ? 0.0f : slopes[c], value);
          output.values.push_back(stored(a.type, activated));
        }
      }
    }
  }
  return output;
}

Image scaled(const Image& image, const Image& factors) {
  Image result = image;
  for (std::size_t n = 0; n < image.batch; ++n) {
    for (std::size_t y = 0; y < image.height; ++y) {
      for (std::size_t x = 0; x < image.width; ++x) {
        for (std::size_t c = 0; c < image.channels; ++c) {
          const float factor = factors.at(factors.batch == 1 ? 0 : n, 0, 0, c);
          result.values[image.index(n, y, x, c)] = stored(image.type, image.at(n, y, x, c) * factor);
        }
      }
    }
  }
  return result;
}

Expected convert(sixfold_type output_type, const Image& input) {
  Expected output = shaped_like(input, output_type);
  for (const float value : input.values) output.values.push_back(exactly(stored(output_type, value)));
  return output;
}

}  // namespace sixfold::reference
