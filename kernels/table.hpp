// The list of rows: the one place that says which kernels there are. Each arch/<isa>/table.cpp instantiates it for its Isa.
#pragma once

#include "activations.hpp"
#include "convert.hpp"
#include "depthwise_rows.hpp"
#include "elementwise.hpp"
#include "gemm_rows.hpp"
#include "pool.hpp"
#include "row_list.hpp"

namespace sixfold {

// What an ISA that adds to another cannot do better than that one is not here again.
template <class Isa>
constexpr auto all_rows() {
  if constexpr (AddsToAnother<Isa>) {
    return join(gemm_rows<Isa>(), depthwise_rows<Isa>());
  } else {
    return join(gemm_rows<Isa>(), depthwise_rows<Isa>(), pool_rows<Isa>(), elementwise_rows<Isa>(),
                convert_rows<Isa>());
  }
}

template <class Isa>
constexpr const ActivationFn* all_activations() {
  if constexpr (AddsToAnother<Isa>) {
    return nullptr;
  } else {
    return ActivationTable<Isa>::functions;
  }
}

template <class Isa>
constexpr const KernelTable* base_table() {
  if constexpr (AddsToAnother<Isa>) {
    return Isa::base;
  } else {
    return nullptr;
  }
}

template <class Isa>
struct Kernels {
  static constexpr auto list = all_rows<Isa>();
  static_assert(all_names_fit(list), "a kernel's name is <op>_<in><acc>_<epilogue>_<tile>_<isa>");
  static constexpr auto tiles = tile_texts(list);
  static constexpr KernelTable table = {list.rows, tiles.items, list.size, all_activations<Isa>(), base_table<Isa>()};
};

}  // namespace sixfold
