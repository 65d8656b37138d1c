// Multiply-adds of binary16 to try, each with the result that exact whole numbers give.
#pragma once

#include <cstddef>
#include <cstdint>
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

// Any bits.
HalfTriples random_triples(std::size_t rows, Random& random);

}  // namespace sixfold::test
