// Random values that are the same on every platform for one seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

#include "reference/image.hpp"
#include "support/settings.hpp"

namespace sixfold::test {

class Random {
 public:
  // `stream` tells apart the generators of different tests and cases.
  explicit Random(std::uint64_t stream = 0) : Random(stream, seed()) {}
  // The same in every run.
  Random(std::uint64_t stream, std::uint64_t fixed_seed) : engine_(fixed_seed * 0x9e3779b97f4a7c15U + stream) {}

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  std::size_t between(std::size_t first, std::size_t last) { return first + below(last - first + 1); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  template <class T>
  T pick(std::initializer_list<T> list) {
    return *(list.begin() + below(list.size()));
  }
  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  float uniform(float low, float high) {
    const double unit = static_cast<double>(engine_() >> 11) * 0x1p-53;
    return static_cast<float>(static_cast<double>(low) + unit * (static_cast<double>(high) - static_cast<double>(low)));
  }
  std::vector<float> uniform(std::size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = uniform(low, high);
    return values;
  }

 private:
  std::mt19937_64 engine_;
};

inline void fill_uniform(reference::Image& image, Random& random, float low = -2.0f, float high = 2.0f) {
  for (float& value : image.values) value = reference::stored(image.type, random.uniform(low, high));
}

}  // namespace sixfold::test
