// From finished accumulators to outputs: residual, activation, scale and shift, conversion, store.
//
// The common case (whole vectors, bounds or hard-swish, a residual before them) happens in registers. Everything else goes
// through a small buffer in L1, in one function for all tile shapes: it is rarer, and a copy of it in every tile would cost more code
// than it saves time. For the same reason types and activations are told apart at run time: a tile takes hundreds of cycles,
// a branch that is always the same next to none.
#pragma once

#include <cstddef>
#include <type_traits>

#include "activations.hpp"
#include "arithmetic.hpp"
#include "lanes.hpp"
#include "row.hpp"
#include "unroll.hpp"

namespace sixfold {

// Where a tile of pixels x channels goes. Strides are in elements.
struct Target {
  Type type;
  void* out;
  std::size_t out_stride;
  const void* residual;  // NULL for none
  std::size_t residual_stride;
  std::size_t channels;  // that exist, at most as many as the tile has
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

// The channels of a tile N vectors wide that exist: all of them, unless the Isa has masks.
template <class Isa, int N>
struct TileChannels {
  explicit TileChannels(std::size_t) {}

  template <int n, class T>
  [[gnu::always_inline]] typename Isa::vf load(const T* p) const {
    return Isa::load(p + n * Isa::width);
  }
  template <int n, class T>
  [[gnu::always_inline]] void store(T* p, typename Isa::vf x) const {
    Isa::store(p + n * Isa::width, x);
  }
};

template <class Isa, int N>
requires HasMasks<Isa>
struct TileChannels<Isa, N> {
  typename Isa::Mask masks[N];

  [[gnu::always_inline]] explicit TileChannels(std::size_t channels) {
    unroll<N>([&](auto n) __attribute__((always_inline)) {
      constexpr std::size_t before = n * Isa::width;
      masks[n] = Isa::first_lanes(channels > before ? channels - before : 0);
    });
  }

  template <int n, class T>
  [[gnu::always_inline]] typename Isa::vf load(const T* p) const {
    return Isa::load_masked(p + n * Isa::width, masks[n]);
  }
  template <int n, class T>
  [[gnu::always_inline]] void store(T* p, typename Isa::vf x) const {
    Isa::store_masked(p + n * Isa::width, x, masks[n]);
  }
};

// True if a tile of `width` channels can be finished by finish_registers().
template <class Isa>
[[gnu::always_inline]] inline bool finishes_in_registers(const Target& target, std::size_t width,
                                                         const EpilogueArgs& args) {
  return (HasMasks<Isa> || target.channels == width) && args.kind != Epilogue::general &&
         args.residual != ResidualPosition::after_activation;
}

template <class Isa, class T, int R, int N>
[[gnu::always_inline]] inline void add_residual(typename Isa::vf (&tile)[R][N], const Target& target,
                                                std::size_t first) {
  const std::size_t stride = target.residual_stride;
  const T* residual = static_cast<const T*>(target.residual) + first * stride;
  const TileChannels<Isa, N> channels(target.channels);
  unroll<R>([&](auto r) __attribute__((always_inline)) {
    unroll<N>([&](auto n)
                  __attribute__((always_inline)) { tile[r][n] = tile[r][n] + channels.template load<n>(residual); });
    residual += stride;
  });
}

// Where the outputs of a tile from the target's pixel `first` on begin.
template <class Isa>
class TileOutput {
 public:
  [[gnu::always_inline]] TileOutput(const Target&, std::size_t first) : first_(first) {}

  template <class T>
  [[gnu::always_inline]] T* in(const Target& target) const {
    return static_cast<T*>(target.out) + first_ * target.out_stride;
  }

 private:
  std::size_t first_;
};

// Computed when constructed, which is before the tile, and not where compilers would do it: the next tile's loads wait until it is
// known where this one's stores go. With a depth of 16 that takes 6 % of the time.
template <class Isa>
requires HasShallowTiles<Isa>
class TileOutput<Isa> {
 public:
  [[gnu::always_inline]] TileOutput(const Target& target, std::size_t first)
      : out_(static_cast<unsigned char*>(target.out) + first * target.out_stride * size_of(target.type)) {
    __asm__("" : "+r"(out_));
  }

  template <class T>
  [[gnu::always_inline]] T* in(const Target&) const {
    return static_cast<T*>(out_);
  }

 private:
  void* out_;
};

template <class Isa, class T, int R, int N>
[[gnu::always_inline]] inline void store_tile(const typename Isa::vf (&tile)[R][N], const Target& target, T* out) {
  const std::size_t stride = target.out_stride;
  const TileChannels<Isa, N> channels(target.channels);
  unroll<R>([&](auto r) __attribute__((always_inline)) {
    unroll<N>([&](auto n) __attribute__((always_inline)) { channels.template store<n>(out, tile[r][n]); });
    out += stride;
  });
}

template <class Isa, int R, int N>
[[gnu::always_inline]] inline void store_tile(const typename Isa::vf (&tile)[R][N], float* buffer) {
  unroll<R * N>([&](auto i)
                    __attribute__((always_inline)) { Isa::store(buffer + i * Isa::width, tile[i / N][i % N]); });
}

template <class Isa, Epilogue E, int R, int N>
[[gnu::always_inline]] inline void activate_tile_in_registers(typename Isa::vf (&tile)[R][N],
                                                              const EpilogueArgs& args) {
  const RegisterEpilogue<Isa, E> epilogue(args);
  unroll<R>([&](auto r) __attribute__((always_inline)) {
    unroll<N>([&](auto n) __attribute__((always_inline)) { tile[r][n] = epilogue(tile[r][n]); });
  });
}

// Where products may be shallow: without bounds that do not exist: minima and maxima take the multiply-adds' ports.
template <class Isa, int R, int N>
[[gnu::always_inline]] inline void clamp_tile_in_registers(typename Isa::vf (&tile)[R][N], const EpilogueArgs& args) {
  if constexpr (HasShallowTiles<Isa>) {
    if (!(args.upper < __builtin_inff())) {
      if (!(args.lower > -__builtin_inff())) return;
      const auto lower = Isa::set1(args.lower);
      unroll<R>([&](auto r) __attribute__((always_inline)) {
        unroll<N>([&](auto n) __attribute__((always_inline)) { tile[r][n] = Isa::at_least(tile[r][n], lower); });
      });
      return;
    }
  }
  activate_tile_in_registers<Isa, Epilogue::clamp>(tile, args);
}

// The epilogue of a tile of R pixels by N vectors, from pixel `first` of the target on, whose outputs are at `out`. `Halves`: the
// target's type is fp16, and nothing else need be compiled.
template <class Isa, bool Halves, int R, int N>
[[gnu::always_inline]] inline void finish_registers(typename Isa::vf (&tile)[R][N], const Target& target,
                                                    std::size_t first, const TileOutput<Isa>& out,
                                                    const EpilogueArgs& args) {
  const bool halves = Halves || target.type == Type::fp16;
  if (args.residual != ResidualPosition::none) {
    if (halves) {
      add_residual<Isa, Half>(tile, target, first);
    } else {
      add_residual<Isa, float>(tile, target, first);
    }
  }
  if (args.kind == Epilogue::clamp) {
    clamp_tile_in_registers<Isa>(tile, args);
  } else {
    activate_tile_in_registers<Isa, Epilogue::hswish>(tile, args);
  }
  if (halves) {
    store_tile<Isa>(tile, target, out.template in<Half>(target));
  } else {
    store_tile<Isa>(tile, target, out.template in<float>(target));
  }
}

// A tile in memory: `pixels` rows, `pitch` elements apart, readable and writable to whole vectors.
template <class Element>
struct TileIn {
  Element* elements;
  std::size_t pixels;
  std::size_t pitch;
};

using TileBuffer = TileIn<float>;

// Calls body(buffer, element index of residual and output, channel, lanes) for each vector of the tile.
template <class Isa, class Element, class Body>
[[gnu::always_inline]] inline void for_each_tile_vector(const TileIn<Element>& buffer, const Target& target,
                                                        const Body& body) {
  for (std::size_t p = 0; p < buffer.pixels; ++p) {
    for_each_vector<Isa>(
        target.channels, [&](std::size_t c, const auto& lanes) __attribute__((always_inline)) {
          body(buffer.elements + p * buffer.pitch + c, p, c, lanes);
        });
  }
}

// What precedes the activation: `bias` (NULL: it is in already), and the residual, if that is its place.
template <class Isa, class T, class Lanes>
[[gnu::always_inline]] inline typename Isa::vf before_activation(typename Isa::vf x, const Target& target,
                                                                 const float* bias, const EpilogueArgs& args,
                                                                 std::size_t p, std::size_t c, const Lanes& lanes) {
  if (bias != nullptr) x = x + Isa::load(bias + c);
  if (args.residual != ResidualPosition::before_activation) return x;
  return x + lanes.load(static_cast<const T*>(target.residual) + p * target.residual_stride + c);
}

// What follows it.
template <class Isa, class T, class Lanes>
[[gnu::always_inline]] inline void after_activation(typename Isa::vf x, const Target& target, const EpilogueArgs& args,
                                                    std::size_t p, std::size_t c, const Lanes& lanes) {
  if (args.residual == ResidualPosition::after_activation) {
    x = x + lanes.load(static_cast<const T*>(target.residual) + p * target.residual_stride + c);
  }
  lanes.store(static_cast<T*>(target.out) + p * target.out_stride + c, x);
}

template <class Isa, class T>
[[gnu::noinline]] void finish_general(const TileBuffer& buffer, const Target& target, const float* bias,
                                      const EpilogueArgs& args) {
  for_each_tile_vector<Isa>(
      buffer, target, [&](float* x, std::size_t p, std::size_t c, const auto& lanes) __attribute__((always_inline)) {
        Isa::store(x, before_activation<Isa, T>(Isa::load(x), target, bias, args, p, c, lanes));
      });
  const std::size_t padded = (target.channels + Isa::width - 1) / Isa::width * Isa::width;
  args.activation(buffer.elements, buffer.pixels, buffer.pitch, padded, target.channel, args.activation_args);
  for_each_tile_vector<Isa>(
      buffer, target, [&](float* from, std::size_t p, std::size_t c, const auto& lanes) __attribute__((always_inline)) {
        typename Isa::vf x = Isa::load(from);
        const std::size_t channel = target.channel + c;
        if (args.scale != nullptr) x = Isa::fma(x, Isa::load(args.scale + channel), Isa::load(args.shift + channel));
        after_activation<Isa, T>(x, target, args, p, c, lanes);
      });
}

// A tile of sums of halves where the Isa has masks: one channel vector after the other, so that its bias and mask stay in registers
// over all pixels.
template <class Isa, bool HasResidual, class Element, class Activate>
[[gnu::always_inline]] inline void finish_columns(const TileIn<Element>& buffer, const Target& target,
                                                  const float* bias, const Activate& activate) {
  const std::size_t stride = target.out_stride;
  const std::size_t residual_stride = target.residual_stride;
  const std::size_t pitch = buffer.pitch;
  const std::size_t channels = target.channels;
  for (std::size_t c = 0; c < channels; c += Isa::width) {
    const TileChannels<Isa, 1> lanes(channels - c);
    const auto addend = Isa::load(bias + c);
    const Element* from = buffer.elements + c;
    const Half* residual = HasResidual ? static_cast<const Half*>(target.residual) + c : nullptr;
    Half* out = static_cast<Half*>(target.out) + c;
    for (std::size_t pixels = buffer.pixels; pixels > 0; --pixels, from += pitch, out += stride) {
      auto x = Isa::load(from) + addend;
      if constexpr (HasResidual) {
        x = x + lanes.template load<0>(residual);
        residual += residual_stride;
      }
      lanes.template store<0>(out, activate(x));
    }
  }
}

// The same with everything that could be otherwise settled outside the loops, and no bound where there is none: of a product of depth
// 16, this takes half of the time. No residual after the activation.
template <class Isa, class Element>
[[gnu::noinline]] void finish_sums(const TileIn<Element>& buffer, const Target& target, const float* bias,
                                   const EpilogueArgs& args) {
  const auto finish = [&](const auto& activate) __attribute__((always_inline)) {
    if (args.residual == ResidualPosition::none) return finish_columns<Isa, false>(buffer, target, bias, activate);
    finish_columns<Isa, true>(buffer, target, bias, activate);
  };
  constexpr float infinity = __builtin_inff();
  if (args.kind == Epilogue::hswish) return finish(RegisterEpilogue<Isa, Epilogue::hswish>(args));
  if (args.upper < infinity) return finish(RegisterEpilogue<Isa, Epilogue::clamp>(args));
  if (args.lower == -infinity) return finish(RegisterEpilogue<Isa, Epilogue::none>(args));
  const auto lower = Isa::set1(args.lower);
  finish([&](typename Isa::vf x) __attribute__((always_inline)) { return Isa::at_least(x, lower); });
}

// The case that comes for every tile of sums of halves where it has none.
template <class Isa, class T, class Element>
[[gnu::always_inline]] inline void clamp_sums(const TileIn<Element>& buffer, const Target& target, const float* bias,
                                              const RegisterEpilogue<Isa, Epilogue::clamp>& clamp) {
  const Element* from = buffer.elements;
  T* out = static_cast<T*>(target.out);
  const std::size_t stride = target.out_stride;
  const std::size_t channels = target.channels;
  const std::size_t pitch = buffer.pitch;
  for (std::size_t pixels = buffer.pixels; pixels > 0; --pixels, from += pitch, out += stride) {
    for_each_vector<Isa>(
        channels, [&](std::size_t c, const auto& lanes) __attribute__((always_inline)) {
          lanes.store(out + c, clamp(Isa::load(from + c) + Isa::load(bias + c)));
        });
  }
}

template <class Isa, class T, class Element>
[[gnu::noinline]] void finish_bounded(const TileIn<Element>& buffer, const Target& target, const float* bias,
                                      const EpilogueArgs& args) {
  const bool clamps = args.kind == Epilogue::clamp;
  if constexpr (HasMasks<Isa> && std::is_same_v<T, Half>) {
    if (bias != nullptr && args.residual != ResidualPosition::after_activation) {
      return finish_sums<Isa>(buffer, target, bias, args);
    }
  }
  const RegisterEpilogue<Isa, Epilogue::clamp> clamp(args);
  if constexpr (!HasMasks<Isa> && std::is_same_v<Element, Half>) {
    if (clamps && args.residual == ResidualPosition::none) return clamp_sums<Isa, T>(buffer, target, bias, clamp);
  }
  const RegisterEpilogue<Isa, Epilogue::hswish> hswish(args);
  for_each_tile_vector<Isa>(
      buffer,
      target, [&](Element * from, std::size_t p, std::size_t c, const auto& lanes) __attribute__((always_inline)) {
        const auto x = before_activation<Isa, T>(Isa::load(from), target, bias, args, p, c, lanes);
        after_activation<Isa, T>(clamps ? clamp(x) : hswish(x), target, args, p, c, lanes);
      });
}

// The whole epilogue on a tile in memory. `bias`: of the target's first channel on, readable to whole vectors; NULL if the
// floats have it.
template <class Isa>
void finish_buffer(const TileBuffer& buffer, const Target& target, const float* bias, const EpilogueArgs& args) {
  const bool general = args.kind == Epilogue::general;
  if (target.type == Type::fp32) {
    return general ? finish_general<Isa, float>(buffer, target, bias, args)
                   : finish_bounded<Isa, float>(buffer, target, bias, args);
  }
  return general ? finish_general<Isa, Half>(buffer, target, bias, args)
                 : finish_bounded<Isa, Half>(buffer, target, bias, args);
}

// The same for sums of halves; bias is not NULL, and the epilogue not the general one.
template <class Isa>
void finish_buffer(const TileIn<Half>& buffer, const Target& target, const float* bias, const EpilogueArgs& args) {
  finish_bounded<Isa, Half>(buffer, target, bias, args);
}

}  // namespace sixfold
