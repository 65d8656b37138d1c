// Reading and rewriting ONNX files. The only part of the tool, with keras.cpp, that knows protobuf.
#ifndef SIXFOLD_BENCH_NET_ONNX_FILE_HPP
#define SIXFOLD_BENCH_NET_ONNX_FILE_HPP

#include <string>

#include "graph.hpp"

namespace sixfold::net {

// Reads a model (.onnx). Constant nodes become constants; inputs with an initializer are no inputs.
Graph load_onnx(const std::string& path);

// Reads one tensor (.pb), as the golden data of ONNX come.
Constant load_onnx_tensor(const std::string& path);

// Copies a model, with every intermediate tensor of floats among its outputs, so that any runtime can be asked for each
// of them.
void expose_intermediates(const std::string& path, const std::string& destination);

}  // namespace sixfold::net

#endif
