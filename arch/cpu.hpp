// What the CPU can do and the operating system lets it do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sixfold::arch {

using Features = std::uint32_t;

enum Feature : Features {
  feature_avx2 = 1u << 0,
  feature_fma = 1u << 1,
  feature_f16c = 1u << 2,
  feature_neon = 1u << 3,
};

// Asks the CPU once; later calls return the same answer without asking.
Features cpu_features();

// Writes the names of `features`, separated by spaces; cuts off at `capacity`. Always terminated.
void write_feature_names(Features features, char* text, std::size_t capacity);

}  // namespace sixfold::arch
