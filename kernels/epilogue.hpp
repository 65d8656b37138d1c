// From finished accumulators to outputs: residual, activation, scale and shift, conversion, store.
//
// The common case (whole vectors, bounds or hard-swish, a residual before them) happens in registers. Everything else goes
// through a small buffer in L1, in one function for all tile shapes: it is rarer, and a copy of it in every tile would cost more code
// than it saves time.
#pragma once

#include <cstddef>

#include "activations.hpp"
#include "row.hpp"
#include "unroll.hpp"

namespace sixfold {

// Where a tile of pixels x channels goes. Strides are in elements.
template <class T>
struct TileTarget {
  T* out;
  std::size_t out_stride;
  const T* residual;  // NULL for none
  std::size_t residual_stride;
  std::size_t channels;  // that exist; a tile may be wider
  std::size_t channel;   // number of the first one, for per-channel arguments
};

// The epilogues that are done in registers, with what they keep there from tile to tile.
template <class Isa, Epilogue E>
class RegisterEpilogue {
 public:
  explicit RegisterEpilogue(const EpilogueArgs& args) : lower_(Isa::set1(args.lower)), upper_(Isa::set1(args.upper)) {}

  [[gnu::always_inline]] typename Isa::vf operator()(typename Isa::vf x) const {
    if constexpr (E == Epilogue::clamp) return Isa::clamp(x, lower_, upper_);
    if constexpr (E == Epilogue::hswish) return HardSwish::apply<Isa>(x, ActivationArgs{}, 0);
    return x;
  }

 private:
  typename Isa::vf lower_;
  typename Isa::vf upper_;
};

template <class Isa, class T>
[[gnu::always_inline]] inline typename Isa::vf load_first(const T* p, std::size_t n) {
  return n >= Isa::width ? Isa::load(p) : Isa::load_partial(p, n);
}

template <class Isa, class T>
[[gnu::always_inline]] inline void store_first(T* p, typename Isa::vf x, std::size_t n) {
  if (n >= Isa::width) {
    Isa::store(p, x);
  } else {
    Isa::store_partial(p, x, n);
  }
}

// buffer += residual, or out = buffer + residual, is this one addition in both positions.
template <class Isa, class T>
inline void add_residual(float* buffer, std::size_t pixels, std::size_t pitch, const TileTarget<T>& target) {
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < target.channels; c += Isa::width) {
      float* x = buffer + p * pitch + c;
      const auto residual = load_first<Isa>(target.residual + p * target.residual_stride + c, target.channels - c);
      Isa::store(x, Isa::load(x) + residual);
    }
  }
}

template <class Isa, Epilogue E>
inline void activate_buffer(float* buffer, std::size_t pixels, std::size_t pitch, std::size_t channels,
                            std::size_t channel, const EpilogueArgs& args) {
  const std::size_t padded = (channels + Isa::width - 1) / Isa::width * Isa::width;
  if constexpr (E == Epilogue::general) {
    args.activation(buffer, pixels, pitch, padded, channel, args.activation_args);
    if (args.scale == nullptr) return;
    for (std::size_t p = 0; p < pixels; ++p) {
      for (std::size_t c = 0; c < padded; c += Isa::width) {
        float* x = buffer + p * pitch + c;
        Isa::store(x, Isa::fma(Isa::load(x), Isa::load(args.scale + channel + c), Isa::load(args.shift + channel + c)));
      }
    }
  } else {
    const RegisterEpilogue<Isa, E> epilogue(args);
    for (std::size_t p = 0; p < pixels; ++p) {
      for (std::size_t c = 0; c < padded; c += Isa::width) {
        float* x = buffer + p * pitch + c;
        Isa::store(x, epilogue(Isa::load(x)));
      }
    }
  }
}

// The whole epilogue on a tile in memory: `pixels` rows of accumulators, `pitch` floats apart, whole vectors wide.
template <class Isa, Epilogue E, class T>
[[gnu::noinline]] void finish_buffer(float* buffer, std::size_t pixels, std::size_t pitch, const TileTarget<T>& target,
                                     const EpilogueArgs& args) {
  if (args.residual == ResidualPosition::before_activation) add_residual<Isa>(buffer, pixels, pitch, target);
  activate_buffer<Isa, E>(buffer, pixels, pitch, target.channels, target.channel, args);
  if (args.residual == ResidualPosition::after_activation) add_residual<Isa>(buffer, pixels, pitch, target);
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < target.channels; c += Isa::width) {
      store_first<Isa>(target.out + p * target.out_stride + c, Isa::load(buffer + p * pitch + c), target.channels - c);
    }
  }
}

// acc += residual, in registers.
template <class Isa, int R, int V, class T>
[[gnu::always_inline]] inline void add_residual_tile(typename Isa::vf (&acc)[R][V], const TileTarget<T>& target) {
  unroll<R>([&](auto r) __attribute__((always_inline)) {
    unroll<V>([&](auto v) __attribute__((always_inline)) {
      acc[r][v] = acc[r][v] + Isa::load(target.residual + r * target.residual_stride + v * Isa::width);
    });
  });
}

// The epilogue of a register tile of R pixels by V vectors.
template <class Isa, Epilogue E, int R, int V, class T>
[[gnu::always_inline]] inline void finish_tile(typename Isa::vf (&acc)[R][V], const TileTarget<T>& target,
                                               const EpilogueArgs& args) {
  constexpr std::size_t width = V * Isa::width;
  const bool whole = target.channels >= width;
  if (E != Epilogue::general && whole && args.residual != ResidualPosition::after_activation) {
    if (args.residual == ResidualPosition::before_activation) add_residual_tile<Isa>(acc, target);
    const RegisterEpilogue<Isa, E> epilogue(args);
    unroll<R>([&](auto r) __attribute__((always_inline)) {
      unroll<V>([&](auto v) __attribute__((always_inline)) {
        Isa::store(target.out + r * target.out_stride + v * Isa::width, epilogue(acc[r][v]));
      });
    });
    return;
  }
  float buffer[R * width];
  unroll<R>([&](auto r) __attribute__((always_inline)) {
    unroll<V>([&](auto v)
                  __attribute__((always_inline)) { Isa::store(buffer + r * width + v * Isa::width, acc[r][v]); });
  });
  TileTarget<T> tile = target;
  if (whole) tile.channels = width;
  finish_buffer<Isa, E, T>(buffer, R, width, tile, args);
}

}  // namespace sixfold
