// The one exception from the same values everywhere: NEON in 32-bit Arm state flushes denormals, as operands and as results. All
// backends there do but the portable one.
#pragma once

#include <cmath>
#include <limits>
#include <string>

namespace sixfold::test {

// Of a backend, or of a kernel, by its name.
inline bool flushes_denormals([[maybe_unused]] const std::string& name) {
#ifdef __arm__
  return !name.ends_with("scalar");
#else
  return false;
#endif
}

// A value as that backend sees it.
inline float seen_by(const std::string& backend, float value) {
  return flushes_denormals(backend) && std::fpclassify(value) == FP_SUBNORMAL ? 0.0f : value;
}

// How far off a value may be where denormals are flushed. One flushed operand or result changes a value by less than the smallest
// normal float; what follows may divide it by 0.7. Below 2^-100 that is a good part of a last place: it may have decided a
// rounding, too.
inline float flush_margin(float value) {
  constexpr float flushed = std::numeric_limits<float>::min() / 0.7f;
  const float magnitude = std::fabs(value);
  return magnitude < 0x1p-100f ? flushed + magnitude * std::numeric_limits<float>::epsilon() : flushed;
}

}  // namespace sixfold::test
