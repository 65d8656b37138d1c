// A number that stands for many values: the same on every platform, whatever the signs of zeros and the payloads of NaN.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace sixfold::bench {

// FNV-1a with 64 bits, over the bytes of each number from the lowest on.
class Digest {
 public:
  void add(std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) hash_ = (hash_ ^ (number >> shift & 0xffU)) * 1099511628211U;
  }
  void add(float value) {
    constexpr std::uint32_t any_nan = 0x7fc00000U;
    add(std::isnan(value) ? any_nan : value == 0.0f ? 0U : std::bit_cast<std::uint32_t>(value));
  }

  std::uint64_t value() const { return hash_; }
  std::string text() const {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash_));
    return digits;
  }

 private:
  std::uint64_t hash_ = 14695981039346656037U;
};

}  // namespace sixfold::bench
