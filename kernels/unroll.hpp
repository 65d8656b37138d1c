// Forced unrolling. Register tiles stay in registers only if no loop over them is left when the optimizer allocates
// registers: plain loops with constant bounds are unrolled too late by g++, which then keeps the tile on the stack.
#pragma once

#include <type_traits>
#include <utility>

namespace sixfold {

// Calls body(std::integral_constant<int, i>) for i = 0 to N - 1.
template <int N, class Body>
[[gnu::always_inline]] inline void unroll(Body&& body) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, I>{}), ...);
  }
  (std::make_integer_sequence<int, N>{});
}

}  // namespace sixfold
