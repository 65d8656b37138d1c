// Compiled once for each ISA, with its flags and with
//     SIXFOLD_BENCH_ISA         its name, which is its namespace and its backend's name
//     SIXFOLD_BENCH_ISA_HEADER  the header of its trait
// so that a new ISA needs no line here. As in the library, nothing is defined but templates on the Isa and one object in its
// namespace.
#include "isa_loops.hpp"

#include <utility>

#include "../../kernels/arithmetic.hpp"
#include SIXFOLD_BENCH_ISA_HEADER

namespace sixfold::bench {
namespace {

// Enough to hide a latency of four or five cycles on two pipes, and few enough for 16 registers.
constexpr std::size_t accumulators = 12;

// A vector of an arithmetic on the Isa with one value in all lanes.
template <class Isa, class A>
typename A::Right everywhere(float value) {
  typename A::Element lanes[A::width];
  for (int lane = 0; lane < A::width; lane += Isa::width) Isa::store(lanes + lane, Isa::set1(value));
  return A::load_right(lanes);
}

template <class Isa, class A, std::size_t... I>
double multiply_add(std::size_t rounds, const float* values, float* sink, std::index_sequence<I...>) {
  typename A::Right acc[] = {everywhere<Isa, A>(values[I])...};
  const typename A::Right factor = everywhere<Isa, A>(values[sizeof...(I)]);
  const typename A::Right term = everywhere<Isa, A>(values[sizeof...(I) + 1]);
  for (std::size_t round = 0; round < rounds; ++round) {
    ((acc[I] = A::fma(acc[I], factor, term)), ...);
  }
  typename A::Element ends[sizeof...(I) * A::width];
  (A::store_right(ends + I * A::width, acc[I]), ...);
  typename Isa::vf sum = Isa::zero();
  for (const auto* end = ends; end < ends + sizeof...(I) * A::width; end += Isa::width) sum = sum + Isa::load(end);
  Isa::store(sink, sum);
  return static_cast<double>(rounds) * 2 * sizeof...(I) * A::width;
}

template <class Isa, class A>
double multiply_add_rounds(std::size_t rounds, const float* values, float* sink) {
  return multiply_add<Isa, A>(rounds, values, sink, std::make_index_sequence<accumulators>{});
}

template <class Isa>
constexpr auto multiply_add_halves() -> double (*)(std::size_t, const float*, float*) {
  if constexpr (HasHalfArithmetic<Isa>) {
    return multiply_add_rounds<Isa, typename Isa::HalfArithmetic>;
  } else {
    return nullptr;
  }
}

// As many sums as it takes for the loads, not the additions, to be the limit.
constexpr std::size_t sums = 8;

template <class Isa, std::size_t... I>
void read(const float* buffer, std::size_t count, float* sink, std::index_sequence<I...>) {
  typename Isa::vf sum[sizeof...(I)] = {((void)I, Isa::zero())...};
  for (std::size_t i = 0; i < count; i += sizeof...(I) * Isa::width) {
    ((sum[I] = sum[I] + Isa::load(buffer + i + I * Isa::width)), ...);
  }
  typename Isa::vf total = Isa::zero();
  ((total = total + sum[I]), ...);
  Isa::store(sink, total);
}

template <class Isa>
void read_all(const float* buffer, std::size_t count, float* sink) {
  read<Isa>(buffer, count, sink, std::make_index_sequence<sums>{});
}

template <class Isa>
void write_all(float* buffer, std::size_t count, const float* values) {
  const typename Isa::vf value = Isa::set1(*values);
  for (std::size_t i = 0; i < count; i += 2 * Isa::width) {
    Isa::store(buffer + i, value);
    Isa::store(buffer + i + Isa::width, value);
  }
}

}  // namespace
}  // namespace sixfold::bench

namespace sixfold::SIXFOLD_BENCH_ISA {

extern const bench::IsaLoops bench_loops;
const bench::IsaLoops bench_loops = {Isa::name, bench::multiply_add_rounds<Isa, FloatArithmetic<Isa>>,
                                     bench::multiply_add_halves<Isa>(), bench::read_all<Isa>, bench::write_all<Isa>};

}  // namespace sixfold::SIXFOLD_BENCH_ISA
