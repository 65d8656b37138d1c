#include "host.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "constants.hpp"

namespace sixfold::net {
namespace {

using Values = std::vector<float>;

Values apply_to(const std::monostate&, Values values, const Dims&) { return values; }

Values apply_to(const Transpose& operation, Values values, const Dims& dims) {
  return transpose(Constant::of_floats(dims, std::move(values)), operation.order).floats;
}

Values apply_to(const Softmax& operation, Values values, const Dims& dims) {
  const auto axis = static_cast<std::ptrdiff_t>(operation.axis);
  const auto after = operation.to_the_end ? dims.end() : dims.begin() + axis + 1;
  const auto length = static_cast<size_t>(count(Dims(dims.begin() + axis, after)));
  const auto inner = static_cast<size_t>(count(Dims(after, dims.end())));
  for (size_t block = 0; block < values.size(); block += length * inner) {
    for (size_t i = block; i < block + inner; ++i) {
      const auto at = [&](size_t k) -> float& { return values[i + k * inner]; };
      double largest = static_cast<double>(at(0)), sum = 0;
      for (size_t k = 1; k < length; ++k) largest = std::max(largest, static_cast<double>(at(k)));
      for (size_t k = 0; k < length; ++k) sum += std::exp(static_cast<double>(at(k)) - largest);
      for (size_t k = 0; k < length; ++k) {
        at(k) = static_cast<float>(std::exp(static_cast<double>(at(k)) - largest) / sum);
      }
    }
  }
  return values;
}

Values apply_to(const Upsample& operation, Values values, const Dims& dims) {
  const auto planes = static_cast<size_t>(dims[0] * dims[1]);
  const auto height = static_cast<size_t>(dims[2]), width = static_cast<size_t>(dims[3]);
  Values result;
  result.reserve(values.size() * operation.vertical * operation.horizontal);
  for (size_t row = 0; row < planes * height; ++row) {
    for (size_t copy = 0; copy < operation.vertical; ++copy) {
      for (size_t x = 0; x < width; ++x) result.insert(result.end(), operation.horizontal, values[row * width + x]);
    }
  }
  return result;
}

Values apply_to(const DepthToSpace& operation, Values values, const Dims& dims) {
  const size_t rows = operation.rows, columns = operation.columns;
  const auto batch = static_cast<size_t>(dims[0]), channels = static_cast<size_t>(dims[1]) / (rows * columns);
  const auto height = static_cast<size_t>(dims[2]), width = static_cast<size_t>(dims[3]);
  Values result;
  result.reserve(values.size());
  for (size_t plane = 0; plane < batch * channels; ++plane) {
    const size_t n = plane / channels, c = plane % channels;
    for (size_t y = 0; y < height * rows; ++y) {
      for (size_t x = 0; x < width * columns; ++x) {
        const size_t from = ((y % rows) * columns + x % columns) * channels + c;
        result.push_back(values[((n * channels * rows * columns + from) * height + y / rows) * width + x / columns]);
      }
    }
  }
  return result;
}

}  // namespace

std::vector<float> apply(const HostOperation& operation, std::vector<float> values, const Dims& dims) {
  return std::visit([&](const auto& known) { return apply_to(known, std::move(values), dims); }, operation);
}

}  // namespace sixfold::net
