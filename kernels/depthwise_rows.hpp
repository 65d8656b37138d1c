// The rows of depthwise convolutions: which arithmetic serves which type and accumulation.
#pragma once

#include <cstddef>
#include <type_traits>

#include "depthwise.hpp"
#include "depthwise_arithmetic.hpp"
#include "row_list.hpp"

namespace sixfold {

template <class Isa, class A, Type In, int K, int S, bool Blocked>
void depthwise(const void* args) {
  using T = std::conditional_t<In == Type::fp32, float, Half>;
  constexpr int X = A::depthwise_columns;
  constexpr auto any = &depthwise_tiles<Isa, A, T, K, S, X, DepthwiseUse::any>;
  constexpr bool strip = has_strip<Isa, A, T, K, S>();
  DepthwiseTiles<T, typename A::Element> tiles = {strip, any, any,
                                                  &depthwise_tiles<Isa, A, T, K, S, (X + 1) / 2, DepthwiseUse::raw>};
  if constexpr (strip && A::depthwise_unrolls_rows) {
    tiles.common = &depthwise_tiles<Isa, A, T, K, S, X, DepthwiseUse::common>;
  }
  depthwise_rectangle<Isa, A, T>(tiles, *static_cast<const DepthwiseArgs*>(args),
                                 Blocked ? half_block_steps : ~std::size_t{0});
}

template <class Isa, class A, Type In, Accumulation Sum, Epilogue E, int K, int S>
struct DepthwiseRow {
  static constexpr RowName make_name() {
    RowName name = begin_name("depthwise", In, Sum, E);
    if (K == 0) {
      name.add("any");
    } else {
      name.add(K);
      name.add("x");
      name.add(K);
      name.add("s");
      name.add(S);
    }
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  // A window that is not longer than a block has but one.
  static constexpr bool blocked = Sum == Accumulation::blocked && (K == 0 || K * K > half_block_steps);
  static constexpr KernelRow row = {
      name.text,
      Op::depthwise,
      In,
      In,
      E,
      {A::depthwise_columns, 1},
      A::width,
      {K, S, has_strip<Isa, A, std::conditional_t<In == Type::fp32, float, Half>, K, S>(), skips_padding<Isa, K>()},
      &depthwise<Isa, A, In, K, S, blocked>,
      Sum};
};

template <class Isa, class A, Type In, Accumulation Sum, int K, int S>
constexpr auto depthwise_rows_for() {
  return RowList<3>{{DepthwiseRow<Isa, A, In, Sum, Epilogue::clamp, K, S>::row,
                     DepthwiseRow<Isa, A, In, Sum, Epilogue::hswish, K, S>::row,
                     DepthwiseRow<Isa, A, In, Sum, Epilogue::general, K, S>::row}};
}

// The any-window row comes last: the first row that fits is taken. An Isa with `any_window_only` has no other: each is more code.
template <class Isa, class A, Type In, Accumulation Sum>
constexpr auto depthwise_rows_of() {
  if constexpr (requires { Isa::any_window_only; }) {
    return depthwise_rows_for<Isa, A, In, Sum, 0, 0>();
  } else {
    return join(depthwise_rows_for<Isa, A, In, Sum, 3, 1>(), depthwise_rows_for<Isa, A, In, Sum, 3, 2>(),
                depthwise_rows_for<Isa, A, In, Sum, 5, 1>(), depthwise_rows_for<Isa, A, In, Sum, 5, 2>(),
                depthwise_rows_for<Isa, A, In, Sum, 0, 0>());
  }
}

// Not in a WideningArithmetic: a conversion is once an input element, as the strip keeps what was converted, so that widening
// multiply-adds save a sixth (Clang) to two fifths (g++) of the instructions, and would cost as much code as native halves.
template <class Isa>
constexpr auto depthwise_float_rows() {
  using Floats = DepthwiseFloats<Isa>;
  if constexpr (AddsToAnother<Isa>) {
    return RowList<0>{};
  } else {
    return join(depthwise_rows_of<Isa, Floats, Type::fp32, Accumulation::fp32>(),
                depthwise_rows_of<Isa, Floats, Type::fp16, Accumulation::fp32>());
  }
}

// An emulated multiply-add is so much code that one kernel for all windows must do.
template <class Isa>
constexpr auto depthwise_half_rows() {
  constexpr Type f16 = Type::fp16;
  if constexpr (HasHalfArithmetic<Isa>) {
    using Halves = typename Isa::HalfArithmetic;
    return join(depthwise_rows_of<Isa, Halves, f16, Accumulation::fp16>(),
                depthwise_rows_of<Isa, Halves, f16, Accumulation::blocked>());
  } else if constexpr (CanEmulateHalves<Isa> && !AddsToAnother<Isa>) {
    using Halves = EmulatedHalfArithmetic<Isa>;
    return join(depthwise_rows_for<Isa, Halves, f16, Accumulation::fp16, 0, 0>(),
                depthwise_rows_for<Isa, Halves, f16, Accumulation::blocked, 0, 0>());
  } else {
    return RowList<0>{};
  }
}

template <class Isa>
constexpr auto depthwise_rows() {
  return join(depthwise_float_rows<Isa>(), depthwise_half_rows<Isa>());
}

}  // namespace sixfold
