// Pooling: a window's taps are reduced one after another, several vectors of channels at a time.
#pragma once

#include <cstddef>

#include "lanes.hpp"
#include "pool_args.hpp"
#include "row_list.hpp"
#include "unroll.hpp"

namespace sixfold {

struct MaxPool {
  static constexpr Op op = Op::max_pool;

  template <class Isa>
  static typename Isa::vf start() {
    return Isa::set1(-__builtin_inff());
  }
  template <class Isa>
  static typename Isa::vf step(typename Isa::vf largest, typename Isa::vf x) {
    return Isa::max(largest, x);
  }
  template <class Isa>
  static typename Isa::vf finish(typename Isa::vf largest, float) {
    return largest;
  }
};

struct AveragePool {
  static constexpr Op op = Op::average_pool;

  template <class Isa>
  static typename Isa::vf start() {
    return Isa::zero();
  }
  template <class Isa>
  static typename Isa::vf step(typename Isa::vf sum, typename Isa::vf x) {
    return sum + x;
  }
  template <class Isa>
  static typename Isa::vf finish(typename Isa::vf sum, float count) {
    return Isa::div(sum, Isa::set1(count));
  }
};

// The part of one window that lies inside the image.
struct PoolWindow {
  std::size_t image_column;  // of the first tap; 0 if there is none
  std::size_t columns;
  float count;  // what an average divides by
};

// Positions are counted from the leading padding, which makes them unsigned.
template <class Isa>
[[gnu::noinline]] PoolWindow pool_window(const PoolArgs& args, std::size_t column) {
  const auto taps_before = [&](std::size_t start, std::size_t end) __attribute__((always_inline)) {
    return pool_taps_before(args.kernel_width, args.dilation_width, start, end);
  };
  const std::size_t start = column * args.stride_width;
  const std::size_t first = taps_before(start, args.pad_left);
  const std::size_t columns = taps_before(start, args.pad_left + args.input_width) - first;
  const std::size_t image_column = columns == 0 ? 0 : start + first * args.dilation_width - args.pad_left;
  const std::size_t count =
      args.counted_width == 0 ? args.rows * columns : args.counted_rows * taps_before(start, args.counted_width);
  return {image_column, columns, static_cast<float>(count)};
}

template <class Isa, class T, class Pool>
struct PoolKernel {
  // Enough sums at once to hide the latency of an addition, without spilling where max needs temporaries.
  static constexpr int vectors = 4;
  static constexpr std::size_t block = static_cast<std::size_t>(vectors * Isa::width);

  template <int V, class Lanes>
  [[gnu::always_inline]] static void reduce(const PoolArgs& args, const PoolWindow& window, std::size_t channel,
                                            T* output, const Lanes& lanes) {
    typename Isa::vf acc[V];
    unroll<V>([&](auto v) __attribute__((always_inline)) { acc[v] = Pool::template start<Isa>(); });
    const std::size_t step = args.dilation_width * args.input_stride;
    const T* row = static_cast<const T*>(args.input) + window.image_column * args.input_stride + channel;
    for (std::size_t y = 0; y < args.rows; ++y, row += args.row_step) {
      const T* tap = row;
      for (std::size_t x = 0; x < window.columns; ++x, tap += step) {
        unroll<V>([&](auto v) __attribute__((always_inline)) {
          acc[v] = Pool::template step<Isa>(acc[v], lanes.load(tap + v * Isa::width));
        });
      }
    }
    unroll<V>([&](auto v) __attribute__((always_inline)) {
      lanes.store(output + channel + v * Isa::width, Pool::template finish<Isa>(acc[v], window.count));
    });
  }

  static void run(const void* untyped) {
    const PoolArgs& args = *static_cast<const PoolArgs*>(untyped);
    T* output = static_cast<T*>(args.output);
    for (std::size_t column = 0; column < args.columns; ++column, output += args.output_stride) {
      const PoolWindow at = pool_window<Isa>(args, column);
      std::size_t channel = 0;
      for (; channel + block <= args.channels; channel += block) {
        reduce<vectors>(args, at, channel, output, AllLanes<Isa>{});
      }
      for_each_vector<Isa>(
          args.channels - channel, [&](std::size_t offset, const auto& lanes) __attribute__((always_inline)) {
            reduce<1>(args, at, channel + offset, output, lanes);
          });
    }
  }

  static constexpr RowName make_name() {
    RowName name = begin_name(Pool::op, type_of<T>, Type::fp32, Epilogue::none);
    name.add("1x");
    name.add(static_cast<int>(block));
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  static constexpr KernelRow row = {
      name.text, Pool::op, type_of<T>, type_of<T>, Epilogue::none, {1, vectors}, static_cast<int>(block), {0, 0}, run};
};

template <class Isa>
constexpr RowList<4> pool_rows() {
  return {{PoolKernel<Isa, float, MaxPool>::row, PoolKernel<Isa, Half, MaxPool>::row,
           PoolKernel<Isa, float, AveragePool>::row, PoolKernel<Isa, Half, AveragePool>::row}};
}

}  // namespace sixfold
