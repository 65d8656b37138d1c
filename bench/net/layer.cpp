#include "layer.hpp"

#include <cmath>
#include <utility>

namespace sixfold::net {

double Affine::scale(size_t channel) const {
  return static_cast<double>(gamma[channel]) /
         std::sqrt(static_cast<double>(variance[channel]) + static_cast<double>(epsilon));
}

double Affine::shift(size_t channel) const {
  return static_cast<double>(beta[channel]) - static_cast<double>(mean[channel]) * scale(channel);
}

Affine Affine::scale_and_shift(std::vector<float> scale, std::vector<float> shift) {
  Affine affine;
  affine.mean.assign(scale.size(), 0.0f);
  affine.variance.assign(scale.size(), 1.0f);
  affine.gamma = std::move(scale);
  affine.beta = std::move(shift);
  return affine;
}

Affine composed(const Affine& first, const Affine& second) {
  // Only gamma and beta of the first change, so that its mean and variance keep their full precision.
  Affine result = first;
  for (size_t c = 0; c < first.channels(); ++c) {
    result.gamma[c] = static_cast<float>(static_cast<double>(first.gamma[c]) * second.scale(c));
    result.beta[c] = static_cast<float>(static_cast<double>(first.beta[c]) * second.scale(c) + second.shift(c));
  }
  return result;
}

sixfold_activation Activation::descriptor() const {
  sixfold_activation activation{};
  activation.kind = kind;
  activation.alpha = alpha;
  activation.beta = beta;
  activation.slopes = slopes.empty() ? nullptr : slopes.data();
  return activation;
}

std::string joined_types(const Layer& layer) {
  std::string text;
  for (const std::string& type : layer.types) text += (text.empty() ? "" : "+") + type;
  return text;
}

Image image_of(const Dims& dims) {
  const auto at = [&](size_t i) { return static_cast<size_t>(dims[i]); };
  switch (dims.size()) {
    case 0:
      return {};
    case 1:
      return {1, 1, 1, at(0)};
    case 2:
      return {at(0), 1, 1, at(1)};
    case 3:
      return {at(0), 1, at(2), at(1)};
    case 4:
      return {at(0), at(2), at(3), at(1)};
    default:
      throw Error("a tensor of shape " + to_string(dims) + ": more than 4 dimensions are not supported");
  }
}

}  // namespace sixfold::net
