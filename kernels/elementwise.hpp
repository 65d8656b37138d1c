// Addition, multiplication and stand-alone activation: one rounding for the operation, then the epilogue.
#pragma once

#include <cstddef>

#include "elementwise_args.hpp"
#include "epilogue.hpp"
#include "lanes.hpp"
#include "row_list.hpp"

namespace sixfold {

struct Addition {
  static constexpr Op op = Op::add;
  template <class Isa, class T, class Lanes>
  [[gnu::always_inline]] static typename Isa::vf load(const Lanes& lanes, const T* a, const T* b) {
    return lanes.load(a) + lanes.load(b);
  }
};

struct Multiplication {
  static constexpr Op op = Op::multiply;
  template <class Isa, class T, class Lanes>
  [[gnu::always_inline]] static typename Isa::vf load(const Lanes& lanes, const T* a, const T* b) {
    return lanes.load(a) * lanes.load(b);
  }
};

struct FirstOperand {
  static constexpr Op op = Op::activate;
  template <class Isa, class T, class Lanes>
  [[gnu::always_inline]] static typename Isa::vf load(const Lanes& lanes, const T* a, const T*) {
    return lanes.load(a);
  }
};

// A piece of the tensor in fp32, on the stack, for an activation to work on in place.
struct ElementwiseTile {
  static constexpr std::size_t capacity = 1024;
  static constexpr std::size_t max_channels = 512;

  std::size_t pixel, pixels;
  std::size_t channel, channels;
  std::size_t pitch;
  alignas(64) float values[capacity];
};

// Any activation, tile by tile. One function for all operations and types, which `load` knows.
template <class Isa>
[[gnu::noinline]] void elementwise_by_tiles(const ElementwiseArgs& args, Type type,
                                            void (*load)(const ElementwiseArgs&, ElementwiseTile&)) {
  using Tile = ElementwiseTile;
  constexpr std::size_t width = static_cast<std::size_t>(Isa::width);
  Tile tile;
  for (tile.channel = 0; tile.channel < args.channels; tile.channel += tile.channels) {
    const std::size_t channels_left = args.channels - tile.channel;
    tile.channels = channels_left < Tile::max_channels ? channels_left : Tile::max_channels;
    tile.pitch = (tile.channels + width - 1) / width * width;
    const std::size_t room = Tile::capacity / tile.pitch;
    for (tile.pixel = 0; tile.pixel < args.pixels; tile.pixel += tile.pixels) {
      const std::size_t pixels_left = args.pixels - tile.pixel;
      tile.pixels = pixels_left < room ? pixels_left : room;
      load(args, tile);
      unsigned char* output =
          static_cast<unsigned char*>(args.output) + (tile.pixel * args.output_stride + tile.channel) * size_of(type);
      const Target target = {type, output, args.output_stride, nullptr, 0, tile.channels, args.channel + tile.channel};
      finish_buffer<Isa>({tile.values, tile.pixels, tile.pitch}, target, nullptr, *args.epilogue);
    }
  }
}

// `output` = activation of a and b combined.
template <class Isa, class T, class Combine>
struct Elementwise {
  template <Epilogue epilogue>
  [[gnu::always_inline]] static void in_registers(const ElementwiseArgs& args) {
    const RegisterEpilogue<Isa, epilogue> finish(*args.epilogue);
    const T* a = static_cast<const T*>(args.a);
    const T* b = static_cast<const T*>(args.b);
    T* output = static_cast<T*>(args.output);
    for (std::size_t pixel = 0; pixel < args.pixels; ++pixel) {
      for_each_vector<Isa>(
          args.channels, [&](std::size_t c, const auto& lanes) __attribute__((always_inline)) {
            lanes.store(output + c, finish(Combine::template load<Isa>(lanes, a + c, b + c)));
          });
      a += args.a_stride;
      b += args.b_stride;
      output += args.output_stride;
    }
  }

  static void load_tile(const ElementwiseArgs& args, ElementwiseTile& tile) {
    for (std::size_t i = 0; i < tile.pixels; ++i) {
      const T* a = static_cast<const T*>(args.a) + (tile.pixel + i) * args.a_stride + tile.channel;
      const T* b = static_cast<const T*>(args.b) + (tile.pixel + i) * args.b_stride + tile.channel;
      for_each_vector<Isa>(
          tile.channels, [&](std::size_t c, const auto& lanes) __attribute__((always_inline)) {
            Isa::store(tile.values + i * tile.pitch + c, Combine::template load<Isa>(lanes, a + c, b + c));
          });
    }
  }

  static void run(const void* untyped) {
    const ElementwiseArgs& args = *static_cast<const ElementwiseArgs*>(untyped);
    switch (args.epilogue->kind) {
      case Epilogue::clamp:
        return in_registers<Epilogue::clamp>(args);
      case Epilogue::hswish:
        return in_registers<Epilogue::hswish>(args);
      default:
        return elementwise_by_tiles<Isa>(args, type_of<T>, load_tile);
    }
  }
};

template <class Isa, class T, class Combine, Epilogue epilogue>
struct ElementwiseKernel {
  static constexpr RowName make_name() {
    RowName name = begin_name(Combine::op, type_of<T>, Type::fp32, epilogue);
    name.add("1x");
    name.add(Isa::width);
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  static constexpr KernelRow row = {name.text,  Combine::op, type_of<T>,
                                    type_of<T>, epilogue,    {1, 1},
                                    Isa::width, {0, 0},      Elementwise<Isa, T, Combine>::run};
};

template <class Isa, class T, class Combine>
constexpr RowList<3> elementwise_rows_of() {
  return {{ElementwiseKernel<Isa, T, Combine, Epilogue::clamp>::row,
           ElementwiseKernel<Isa, T, Combine, Epilogue::hswish>::row,
           ElementwiseKernel<Isa, T, Combine, Epilogue::general>::row}};
}

template <class Isa>
constexpr auto elementwise_rows() {
  return join(elementwise_rows_of<Isa, float, FirstOperand>(), elementwise_rows_of<Isa, Half, FirstOperand>(),
              elementwise_rows_of<Isa, float, Addition>(), elementwise_rows_of<Isa, Half, Addition>(),
              elementwise_rows_of<Isa, float, Multiplication>(), elementwise_rows_of<Isa, Half, Multiplication>());
}

}  // namespace sixfold
