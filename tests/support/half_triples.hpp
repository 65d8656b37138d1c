// Multiply-adds of binary16 to try, each with the result that exact whole numbers give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "support/random.hpp"

namespace sixfold::test {

// a * b + c for each row and column of a grid, where b is the column's own.
struct HalfTriples {
  std::size_t rows;
  std::vector<std::uint16_t> b;
  std::vector<std::uint16_t> a;  // [row][column]
  std::vector<std::uint16_t> c;
  std::vector<std::uint16_t> expected;

  std::size_t columns() const { return b.size(); }
};

// Every triple of values from each end and the middle of every third exponent, subnormals, zeros, infinities and NaN, of both
// signs: the pairs of a and c evenly thinned to `rows`, if there are more.
HalfTriples special_triples(std::size_t rows);

// Every a, thinned to `rows`, against significands that make short and long products. c brings the sum to a tie between two halves,
// next to one, or within so little of one that fp32 rounds it onto the tie.
HalfTriples near_ties(std::size_t rows, Random& random);

// Every half plus, and times, every other, of which `rows` rows of 64 are tried: 2^16 rows hold every first number and 64 second ones of
// all exponents, 2^26 all pairs. Calls try_out(grid) for up to 2^16 rows at a time.
void every_sum_and_product(std::size_t rows, const std::function<void(const HalfTriples&)>& try_out);

// What goes wrong first: the ends of the range, ties, subnormals, and sums that are rounded to a tie in fp32 first.
struct HalfStep {
  float a, b, c;
  float expected;  // a * b + c
};
const std::vector<HalfStep>& edge_cases();

// Any bits.
HalfTriples random_triples(std::size_t rows, Random& random);

}  // namespace sixfold::test
