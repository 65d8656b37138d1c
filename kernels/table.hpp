// The list of rows: the one place that says which kernels there are. Each arch/<isa>/table.cpp instantiates it for its Isa.
#pragma once

#include "activations.hpp"
#include "convert.hpp"
#include "depthwise.hpp"
#include "elementwise.hpp"
#include "gemm.hpp"
#include "pool.hpp"
#include "row_list.hpp"

namespace sixfold {

template <class Isa>
struct Kernels {
  static constexpr auto list =
      join(gemm_rows<Isa>(), depthwise_rows<Isa>(), pool_rows<Isa>(), elementwise_rows<Isa>(), convert_rows<Isa>());
  static_assert(all_names_fit(list), "a kernel's name is <op>_<in><acc>_<epilogue>_<tile>_<isa>");
  static constexpr auto tiles = tile_texts(list);
  static constexpr KernelTable table = {list.rows, tiles.items, sizeof list.rows / sizeof list.rows[0],
                                        ActivationTable<Isa>::functions};
};

}  // namespace sixfold
