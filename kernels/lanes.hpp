// Walks over a run of elements by vectors, with the tail as a partial one, so that a kernel's body is written once.
#pragma once

#include <cstddef>

#include "isa.hpp"

namespace sixfold {

template <class Isa>
struct AllLanes {
  template <class T>
  [[gnu::always_inline]] static typename Isa::vf load(const T* p) {
    return Isa::load(p);
  }
  template <class T>
  [[gnu::always_inline]] static void store(T* p, typename Isa::vf x) {
    Isa::store(p, x);
  }
};

template <class Isa>
struct FirstLanes {
  std::size_t count;

  template <class T>
  [[gnu::always_inline]] typename Isa::vf load(const T* p) const {
    return Isa::load_partial(p, count);
  }
  template <class T>
  [[gnu::always_inline]] void store(T* p, typename Isa::vf x) const {
    Isa::store_partial(p, x, count);
  }
};

// Calls body(i, lanes) for i = 0, width, 2 * width and so on below `count`; lanes is AllLanes, or FirstLanes for the tail.
template <class Isa, class Body>
[[gnu::always_inline]] inline void for_each_vector(std::size_t count, Body&& body) {
  constexpr std::size_t width = static_cast<std::size_t>(Isa::width);
  std::size_t i = 0;
  for (; i + width <= count; i += width) body(i, AllLanes<Isa>{});
  if (i < count) body(i, FirstLanes<Isa>{count - i});
}

}  // namespace sixfold
