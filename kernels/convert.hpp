// Conversion between fp32 and fp16, and transposition, with conversion or without. Where the type stays, bits are copied.
#pragma once

#include <cstddef>
#include <type_traits>

#include "convert_args.hpp"
#include "lanes.hpp"
#include "row_list.hpp"

namespace sixfold {

// `count` contiguous elements.
template <class Isa, class In, class Out>
[[gnu::always_inline]] inline void convert_run(const In* input, Out* output, std::size_t count) {
  if constexpr (std::is_same_v<In, Out>) {
    __builtin_memcpy(output, input, count * sizeof(In));
  } else {
    for_each_vector<Isa>(
        count, [&](std::size_t i, const auto& lanes)
                   __attribute__((always_inline)) { lanes.store(output + i, lanes.load(input + i)); });
  }
}

template <class Isa, class In, class Out>
struct ConvertKernel {
  static void run(const void* untyped) {
    const ConvertArgs& args = *static_cast<const ConvertArgs*>(untyped);
    const In* input = static_cast<const In*>(args.input);
    Out* output = static_cast<Out*>(args.output);
    for (std::size_t r = 0; r < args.rows; ++r, input += args.input_stride, output += args.output_stride) {
      convert_run<Isa>(input, output, args.columns);
    }
  }

  static constexpr RowName make_name() {
    RowName name = begin_name(Op::convert, type_of<In>, type_of<Out>, Epilogue::none);
    name.add("1x");
    name.add(Isa::width);
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  static constexpr KernelRow row = {name.text, Op::convert, type_of<In>, type_of<Out>, Epilogue::none,
                                    {1, 1},    Isa::width,  {0, 0},      run};
};

// Rows and columns of a block to transpose. 16 floats are a cache line: each line of either matrix is touched by one or two blocks,
// and both sides of a block fit L1 whatever the strides are.
inline constexpr std::size_t transpose_side = 16;

template <class T, class Rows, class Columns>
[[gnu::always_inline]] inline void transpose_elements(const T* from, std::size_t from_stride, T* to,
                                                      std::size_t to_stride, Rows rows, Columns columns) {
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
  }
}

// One function for all rows that write T. Rows and columns of a whole block are constants, for the compiler's sake.
template <class Isa, class T>
[[gnu::noinline]] void transpose_block(const T* from, std::size_t from_stride, T* to, std::size_t to_stride,
                                       std::size_t rows, std::size_t columns) {
  constexpr std::integral_constant<std::size_t, transpose_side> whole;
  if (rows == whole && columns == whole) {
    transpose_elements(from, from_stride, to, to_stride, whole, whole);
  } else {
    transpose_elements(from, from_stride, to, to_stride, rows, columns);
  }
}

template <class Isa, class In, class Out>
struct TransposeKernel {
  static constexpr std::size_t side = transpose_side;

  // Where the type changes, rows are converted by vectors into a buffer first.
  static void block(const ConvertArgs& args, const In* input, Out* output, std::size_t rows, std::size_t columns) {
    if constexpr (std::is_same_v<In, Out>) {
      transpose_block<Isa>(input, args.input_stride, output, args.output_stride, rows, columns);
    } else {
      alignas(64) Out buffer[side * side];
      for (std::size_t r = 0; r < rows; ++r) {
        convert_run<Isa>(input + r * args.input_stride, buffer + r * side, columns);
      }
      transpose_block<Isa>(buffer, side, output, args.output_stride, rows, columns);
    }
  }

  static void run(const void* untyped) {
    const ConvertArgs& args = *static_cast<const ConvertArgs*>(untyped);
    for (std::size_t c = 0; c < args.columns; c += side) {
      const std::size_t columns = args.columns - c < side ? args.columns - c : side;
      for (std::size_t r = 0; r < args.rows; r += side) {
        const std::size_t rows = args.rows - r < side ? args.rows - r : side;
        block(args, static_cast<const In*>(args.input) + r * args.input_stride + c,
              static_cast<Out*>(args.output) + c * args.output_stride + r, rows, columns);
      }
    }
  }

  static constexpr RowName make_name() {
    RowName name = begin_name(Op::transpose, type_of<In>, type_of<Out>, Epilogue::none);
    name.add(static_cast<int>(side));
    name.add("x");
    name.add(static_cast<int>(side));
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  static constexpr KernelRow row = {name.text, Op::transpose, type_of<In>, type_of<Out>, Epilogue::none,
                                    {1, 1},    Isa::width,    {0, 0},      run};
};

template <class Isa>
constexpr RowList<8> convert_rows() {
  return {{ConvertKernel<Isa, float, Half>::row, ConvertKernel<Isa, Half, float>::row,
           ConvertKernel<Isa, float, float>::row, ConvertKernel<Isa, Half, Half>::row,
           TransposeKernel<Isa, float, float>::row, TransposeKernel<Isa, Half, Half>::row,
           TransposeKernel<Isa, float, Half>::row, TransposeKernel<Isa, Half, float>::row}};
}

}  // namespace sixfold
