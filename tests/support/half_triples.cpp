#include "half_triples.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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

void every_sum_and_product(std::size_t rows, const std::function<void(const HalfTriples&)>& try_out) {
  constexpr std::size_t columns = 64, halves = 0x10000, apart = halves / columns;
  const std::size_t grids = std::clamp<std::size_t>(rows / halves, 1, apart);
  const std::size_t rows_of_grid = std::min(rows, halves);
  for (std::size_t number = 0; number < grids; ++number) {
    std::vector<std::uint16_t> second;  // one of each stretch of fractions
    for (std::size_t j = 0; j < columns; ++j) {
      second.push_back(static_cast<std::uint16_t>(j * apart + (number * apart / grids + apart / 3) % apart));
    }
    HalfTriples products = grid(rows_of_grid, second);
    HalfTriples sums = grid(rows_of_grid, std::vector<std::uint16_t>(columns, half_from_double(1.0)));
    for (std::size_t i = 0; i < products.a.size(); ++i) {
      products.a[i] = sums.a[i] = static_cast<std::uint16_t>(i / columns * halves / rows_of_grid);
      sums.c[i] = second[i % columns];
    }
    try_out(with_results(std::move(products)));
    try_out(with_results(std::move(sums)));
  }
}

const std::vector<HalfStep>& edge_cases() {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float smallest = 0x1p-24f, smallest_normal = 0x1p-14f;
  // (1 + 2^-10) (1 - 2^-10) is 1 - 2^-20: what fp32 no longer sees beside 1024 times as much.
  constexpr float more = 1 + 0x1p-10f, less = 1 - 0x1p-10f;
  static const std::vector<HalfStep> list = {
      // the end of the range: from 65520 on, halfway to 65536, it is infinite
      {1, 65504, 0, 65504},
      {1, 0x1.ffcp3f, 65504, 65504},    // 65519.992
      {16 * more, less, 65504, 65504},  // 65519.99998, which is 65520 in fp32
      {1, 16, 65504, infinity},         // 65520
      {-1, 16, -65504, -infinity},      //
      {-16 * more, less, -65504, -65504},
      {256, 256, -16, infinity},  // 65520, of a product that is no half
      {256, 256, -32, 65504},     // 65504
      {65504, 65504, -65504, infinity},
      {65504, 2, -65504, 65504},  // comes back from beyond
      // ties go to even
      {1, 1, 2048, 2048},
      {1, 1, 2050, 2052},
      {-1, 1, 2052, 2052},  // 2051
      {1, 3, 4096, 4100},   // no tie: 4099
      {1, 0x1p-11f, 1, 1},
      {1, 0x1p-11f, more, 1 + 0x1p-9f},
      // next to a tie, where rounding to fp32 first makes it one
      {0x1p-11f * more, less, more, more},     // just below
      {0x1p-11f * more, -less, more, more},    // just above the tie under it
      {0x1p-11f * more, less, 1, 1},           //
      {-0x1p-11f * more, less, -more, -more},  //
      {0x1p-12f * more, -less, 1, 1},          // halves are closer below 1
      {0x1p-24f, 0x1p-24f, 1, 1},              // 2^-48 beside 1
      {0x1p-24f, -0x1p-24f, 2048, 2048},       //
      // subnormals
      {0x1p-12f, 0x1p-12f, 0, smallest},
      {0x1p-12f, 0x1p-13f, 0, 0},                              // half of it: a tie
      {0x1p-12f * more, 0x1p-13f, 0, smallest},                // above the tie
      {0x1p-12f * more, 0x1p-13f * less, smallest, smallest},  // just below 1.5
      {0x1p-12f, 0x1p-13f, smallest, 2 * smallest},            // 1.5: a tie
      {0x1p-13f, 0x1p-13f, 0, 0},
      {smallest, smallest, smallest, smallest},
      {1, -smallest, smallest_normal, smallest_normal - smallest},
      {0x1p-12f, 0x1p-13f, smallest_normal - smallest, smallest_normal},  // a tie: becomes normal
      {1, smallest, smallest_normal - smallest, smallest_normal},
      {1, -smallest, smallest, 0},
      {smallest, 1024, smallest_normal, 2 * smallest_normal},
      // infinities and NaN
      {infinity, 1, 1, infinity},
      {infinity, 1, -infinity, nan},
      {infinity, 0, 1, nan},
      {1, 1, -infinity, -infinity},
      {65504, 65504, -infinity, -infinity},
      {nan, 1, 1, nan},
      {1, 1, nan, nan},
  };
  return list;
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
