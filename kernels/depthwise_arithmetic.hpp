// What depthwise rows in fp32 compute in.
#pragma once

#include <cstddef>
#include <type_traits>

#include "arithmetic.hpp"

namespace sixfold {

// Two vectors of an arithmetic as one: loads and stores come in pairs, and what is done once a column or an output is done for
// twice as many channels. For ISAs that have the registers.
template <class Isa, class One>
struct PairArithmetic {
  using Element = typename One::Element;
  struct Accumulator {
    typename One::Accumulator low;
    typename One::Accumulator high;
  };
  struct Right {
    typename One::Right low;
    typename One::Right high;
  };

  static constexpr int width = 2 * One::width;
  static constexpr bool rounds_to_half = One::rounds_to_half;
  static constexpr int depthwise_columns = One::depthwise_columns;
  // Unrolled rows are worth 7 % of a 3x3 window with one vector. With two, a row is enough for a loop, and unrolled ones need more
  // registers than there are: compilers load for several rows at once.
  static constexpr bool depthwise_unrolls_rows = false;

  static Accumulator from_floats(const float* p) { return {One::from_floats(p), One::from_floats(p + One::width)}; }
  static void to_floats(Accumulator acc, typename Isa::vf (&floats)[2]) {
    floats[0] = acc.low;
    floats[1] = acc.high;
  }
  template <class T>
  static Right load_right(const T* p) {
    return {One::load_right(p), One::load_right(p + One::width)};
  }
  static void store_right(Element* p, Right b) {
    One::store_right(p, b.low);
    One::store_right(p + One::width, b.high);
  }
  static Accumulator fma(Right a, Right b, Accumulator acc) {
    return {One::fma(a.low, b.low, acc.low), One::fma(a.high, b.high, acc.high)};
  }
};

// An Isa says by `depthwise_vectors` that it has registers for two.
template <class Isa>
constexpr int depthwise_vectors() {
  if constexpr (requires { Isa::depthwise_vectors; }) return Isa::depthwise_vectors;
  return 1;
}

template <class Isa>
using DepthwiseFloats =
    std::conditional_t<depthwise_vectors<Isa>() == 2, PairArithmetic<Isa, FloatArithmetic<Isa>>, FloatArithmetic<Isa>>;

}  // namespace sixfold
