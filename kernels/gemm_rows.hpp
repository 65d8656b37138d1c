// The rows of matrix products: which arithmetic serves which type and accumulation.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "gemm.hpp"
#include "gemm_halves.hpp"
#include "row_list.hpp"

namespace sixfold {

template <class Isa, class A, Type In, Accumulation Sum, int R, int V>
void gemm(const void* erased) {
  const GemmArgs& args = *static_cast<const GemmArgs*>(erased);
  constexpr std::size_t block = Sum == Accumulation::blocked ? half_block_steps : ~std::size_t{0};
  if constexpr (type_of<typename A::Element> == In) {
    gemm_direct<Isa, A, R, V>(args, block);
  } else {
    gemm_halves<Isa, A, R, V>(args, block);
  }
}

template <class Isa, class A, int Tile, Type In, Accumulation Sum, Epilogue E>
struct GemmRow {
  static constexpr TileShape tile = A::gemm_tiles[Tile];
  static constexpr RowName make_name() {
    RowName name = begin_name("gemm", In, Sum, E);
    name.add(tile.rows);
    name.add("x");
    name.add(tile.vectors * A::width);
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  static constexpr KernelRow row = {name.text,
                                    Op::gemm,
                                    In,
                                    In,
                                    E,
                                    tile,
                                    tile.vectors* A::width,
                                    {0, 0},
                                    &gemm<Isa, A, In, Sum, tile.rows, tile.vectors>,
                                    Sum,
                                    type_of<typename A::Element>};
};

template <class Isa, class A, Type In, Accumulation Sum, int... Tiles>
constexpr auto gemm_rows_of(std::integer_sequence<int, Tiles...>) {
  return RowList<3 * sizeof...(Tiles)>{{GemmRow<Isa, A, Tiles, In, Sum, Epilogue::clamp>::row...,
                                        GemmRow<Isa, A, Tiles, In, Sum, Epilogue::hswish>::row...,
                                        GemmRow<Isa, A, Tiles, In, Sum, Epilogue::general>::row...}};
}

template <class Isa, class A, Type In, Accumulation Sum>
constexpr auto gemm_rows_of() {
  static_assert(ArithmeticOn<A, Isa>);
  constexpr int tiles = sizeof A::gemm_tiles / sizeof A::gemm_tiles[0];
  return gemm_rows_of<Isa, A, In, Sum>(std::make_integer_sequence<int, tiles>{});
}

template <class Isa, class A>
constexpr auto gemm_half_rows() {
  return join(gemm_rows_of<Isa, A, Type::fp16, Accumulation::fp16>(),
              gemm_rows_of<Isa, A, Type::fp16, Accumulation::blocked>());
}

template <class Isa>
constexpr auto gemm_float_rows() {
  using Floats = FloatArithmetic<Isa>;
  if constexpr (AddsToAnother<Isa>) {
    return RowList<0>{};
  } else {
    return join(gemm_rows_of<Isa, Floats, Type::fp32, Accumulation::fp32>(),
                gemm_rows_of<Isa, Floats, Type::fp16, Accumulation::fp32>());
  }
}

template <class Isa>
constexpr auto gemm_widening_rows() {
  if constexpr (HasWideningArithmetic<Isa>) {
    return gemm_rows_of<Isa, typename Isa::WideningArithmetic, Type::fp16, Accumulation::fp32>();
  } else {
    return RowList<0>{};
  }
}

template <class Isa>
constexpr auto gemm_half_rows() {
  if constexpr (HasHalfArithmetic<Isa>) {
    return gemm_half_rows<Isa, typename Isa::HalfArithmetic>();
  } else if constexpr (CanEmulateHalves<Isa> && !AddsToAnother<Isa>) {
    return gemm_half_rows<Isa, EmulatedHalfArithmetic<Isa>>();
  } else {
    return RowList<0>{};
  }
}

template <class Isa>
constexpr auto gemm_rows() {
  return join(gemm_float_rows<Isa>(), gemm_widening_rows<Isa>(), gemm_half_rows<Isa>());
}

}  // namespace sixfold
