// Tensors of floats as .npy files, which NumPy and most other tools read.
#ifndef SIXFOLD_BENCH_NET_NPY_HPP
#define SIXFOLD_BENCH_NET_NPY_HPP

#include <string>
#include <vector>

#include "graph.hpp"

namespace sixfold::net {

// Little-endian floats (4 or 8 bytes) in C order; throws an Error otherwise.
Constant read_npy(const std::string& path);
void write_npy(const std::string& path, const Dims& dims, const std::vector<float>& values);

}  // namespace sixfold::net

#endif
