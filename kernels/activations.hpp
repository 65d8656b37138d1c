// The activations, each a functor over an Isa, and their list in the order of sixfold_activation_kind.
//
// A functor is a type with
//     template <class Isa>
//     static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs& args, std::size_t channel);
// It is a fixed sequence of the Isa's operations, so that every backend gives the same value, within 2 ulp of the true
// one. `channel` is the number of the vector's first channel.
//
// To add one: its kind in sixfold.h, its row in operators/activation.cpp, its functor and its place in ActivationList
// here, and its formula in tests/reference.
#pragma once

#include <sixfold/sixfold.h>

#include "row.hpp"
#include "smooth_activations.hpp"

namespace sixfold {

struct Identity {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    return x;
  }
};

struct Relu {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    return Isa::at_least(x, Isa::zero());
  }
};

struct Relu6 {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    return Isa::clamp(x, Isa::zero(), Isa::set1(6.0f));
  }
};

struct Clamp {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs& args, std::size_t) {
    return Isa::clamp(x, Isa::set1(args.alpha), Isa::set1(args.beta));
  }
};

// An infinity times a slope of 0 is NaN, as the formula has it.
struct LeakyRelu {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs& args, std::size_t) {
    return Isa::select(x < Isa::zero(), Isa::set1(args.alpha) * x, x);
  }
};

struct Prelu {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs& args, std::size_t channel) {
    return Isa::select(x < Isa::zero(), Isa::load(args.slopes + channel) * x, x);
  }
};

struct HardSigmoid {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs& args, std::size_t) {
    return Isa::clamp(Isa::fma(Isa::set1(args.alpha), x, Isa::set1(args.beta)), Isa::zero(), Isa::set1(1.0f));
  }
};

// x * min(max(x + 3, 0), 6) / 6. Rounding is monotonic, so the bounds may be put to x before the addition; then minus
// infinity is gone before it meets the zero. At most 1.88 ulp; with 1/6 in one part it would be 2.41.
struct HardSwish {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    const auto three = Isa::set1(3.0f);
    const auto raised = Isa::at_least(x, Isa::set1(-3.0f));
    const auto sum = Isa::at_most(raised, three) + three;
    const auto gate = Isa::fma(sum, Isa::set1(0x1.555556p-3f), sum * Isa::set1(-0x1.555556p-28f));  // 1/6 in two parts
    return raised * gate;
  }
};

template <class... Functors>
struct FunctorList {
  static constexpr std::size_t size = sizeof...(Functors);
};

using ActivationList = FunctorList<Identity, Relu, Relu6, Clamp, LeakyRelu, Prelu, Elu, Sigmoid, Tanh, Softplus, Swish,
                                   Mish, GeluErf, GeluTanh, HardSigmoid, HardSwish>;
static_assert(ActivationList::size == SIXFOLD_ACTIVATION_KINDS);

// An ActivationFn.
template <class Isa, class Functor>
void activate_tile(float* tile, std::size_t pixels, std::size_t pitch, std::size_t channels, std::size_t channel,
                   const ActivationArgs& args) {
  const ActivationArgs copy = args;  // which the stores below cannot change
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < channels; c += Isa::width) {
      float* x = tile + p * pitch + c;
      Isa::store(x, Functor::template apply<Isa>(Isa::load(x), copy, channel + c));
    }
  }
}

template <class Isa, class List = ActivationList>
struct ActivationTable;

template <class Isa, class... Functors>
struct ActivationTable<Isa, FunctorList<Functors...>> {
  static constexpr ActivationFn functions[] = {activate_tile<Isa, Functors>...};
};

}  // namespace sixfold
