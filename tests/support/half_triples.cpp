#include "half_triples.hpp"

#include <algorithm>
#include <cmath>

#include "reference/half.hpp"

namespace sixfold::test {

namespace {

using reference::half_fma;
using reference::half_from_double;
using reference::half_to_double;

constexpr std::uint16_t kSign = 0x8000;
constexpr std::uint16_t kLargest = 0x7bff;

HalfTriples grid(std::size_t rows, const std::vector<std::uint16_t>& b) {
  return {rows, b, std::vector<std::uint16_t>(rows * b.size()), std::vector<std::uint16_t>(rows * b.size()), {}};
}

HalfTriples with_results(HalfTriples triples) {
  triples.expected.resize(triples.a.size());
  for (std::size_t i = 0; i < triples.a.size(); ++i) {
    triples.expected[i] = half_fma(triples.a[i], triples.b[i % triples.columns()], triples.c[i]);
  }
  return triples;
}

std::vector<std::uint16_t> specials() {
  std::vector<std::uint16_t> list;
  for (const std::uint16_t sign : {std::uint16_t{0}, kSign}) {
    for (const unsigned exponent : {0U, 1U, 4U, 7U, 10U, 13U, 14U, 15U, 16U, 19U, 22U, 25U, 26U, 28U, 30U}) {
      for (const unsigned fraction : {0U, 1U, 0x200U, 0x3ffU}) {
        list.push_back(static_cast<std::uint16_t>(sign | exponent << 10 | fraction));
      }
    }
    for (const unsigned bits : {0x7c00U, 0x7e00U}) list.push_back(static_cast<std::uint16_t>(sign | bits));
  }
  return list;
}

std::uint16_t any_half(Random& random) { return static_cast<std::uint16_t>(random.below(0x10000)); }

// The tie between a half and the next one away from zero.
double tie_after(std::uint16_t half) {
  const std::uint16_t magnitude = std::min<std::uint16_t>(half & 0x7fff, kLargest - 1);
  const double tie = (half_to_double(magnitude) + half_to_double(static_cast<std::uint16_t>(magnitude + 1))) / 2;
  return (half & kSign) != 0 ? -tie : tie;
}

std::uint16_t neighbour(std::uint16_t half, Random& random) {
  const std::uint16_t magnitude = half & 0x7fff;
  const std::uint16_t moved = static_cast<std::uint16_t>(magnitude + random.below(3));
  return static_cast<std::uint16_t>((half & kSign) | std::clamp<int>(moved - 1, 0, kLargest));
}

// A c for which a * b + c lies close to a tie.
std::uint16_t interesting_addend(double product, Random& random) {
  const std::uint16_t sign = random.one_in(2) ? kSign : 0;
  if (!std::isfinite(product)) return any_half(random);
  switch (random.below(4)) {
    case 0:  // the sum next to any tie
      return neighbour(half_from_double(tie_after(any_half(random)) - product), random);
    case 1:  // next to a tie beside the product
      return neighbour(half_from_double(tie_after(half_from_double(product)) - product), random);
    case 2:  // the product in the place of c's missing bits
      return neighbour(half_from_double(std::ldexp(1.0 + static_cast<double>(random.below(1024)) / 1024.0,
                                                   product == 0 ? 0 : std::ilogb(product) + 11)),
                       random);
    default:  // next to nothing
      return static_cast<std::uint16_t>(sign | random.below(64));
  }
}

}  // namespace

HalfTriples special_triples(std::size_t rows) {
  const std::vector<std::uint16_t> list = specials();
  const std::size_t pairs = list.size() * list.size();
  HalfTriples triples = grid(std::min(rows, pairs), list);
  for (std::size_t i = 0; i < triples.a.size(); ++i) {
    const std::size_t pair = i / triples.columns() * pairs / triples.rows;
    triples.a[i] = list[pair % list.size()];
    triples.c[i] = list[pair / list.size()];
  }
  return with_results(std::move(triples));
}

HalfTriples near_ties(std::size_t rows, Random& random) {
  std::vector<std::uint16_t> b;
  for (const double significand : {1.0, 0x1.004p0, 1.5, 1.25, 683 * 0x1p-9, 0x1.554p0, 0x1.ffcp0, 0x1.a78p0}) {
    for (const int exponent : {-24, -15, -12, -1, 0, 9, 14})
      b.push_back(half_from_double(std::ldexp(significand, exponent)));
  }
  HalfTriples triples = grid(rows, b);
  for (std::size_t i = 0; i < triples.a.size(); ++i) {
    triples.a[i] = static_cast<std::uint16_t>(i / b.size() * 0x10000 / rows);
    const double product = half_to_double(triples.a[i]) * half_to_double(b[i % b.size()]);
    triples.c[i] = interesting_addend(product, random);
  }
  return with_results(std::move(triples));
}

HalfTriples random_triples(std::size_t rows, Random& random) {
  std::vector<std::uint16_t> b(64);
  for (std::uint16_t& value : b) value = any_half(random);
  HalfTriples triples = grid(rows, b);
  for (std::uint16_t& value : triples.a) value = any_half(random);
  for (std::uint16_t& value : triples.c) value = any_half(random);
  return with_results(std::move(triples));
}

}  // namespace sixfold::test
