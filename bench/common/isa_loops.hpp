// The loops that find a machine's limits, compiled once for each ISA by isa_loops.cpp.
#pragma once

#include <cstddef>

namespace sixfold::bench {

struct IsaLoops {
  const char* backend;
  // Runs `rounds` rounds of independent multiply-adds and returns how many operations (two a lane) that were.
  // `values` are 16 floats that the compiler does not know; the results go to `sink`.
  double (*multiply_add)(std::size_t rounds, const float* values, float* sink);
  // The same in the ISA's own half arithmetic; NULL if it has none.
  double (*multiply_add_halves)(std::size_t rounds, const float* values, float* sink);
  // Reads, or fills with *values, the whole of a buffer; count is a multiple of 1024.
  void (*read)(const float* buffer, std::size_t count, float* sink);
  void (*write)(float* buffer, std::size_t count, const float* values);
};

}  // namespace sixfold::bench
