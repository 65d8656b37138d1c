// The storage type of binary16 tensors. Arithmetic on it is done in fp32, after an exact conversion.
#pragma once

#include <cstdint>

namespace sixfold {

struct Half {
  std::uint16_t bits;
};

static_assert(sizeof(Half) == 2);

}  // namespace sixfold
