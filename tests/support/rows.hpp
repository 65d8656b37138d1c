// The library's own lists of backends and kernels.
#pragma once

#include <sixfold/sixfold.h>

#include <algorithm>
#include <initializer_list>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/arithmetic.hpp"

namespace sixfold::test {

struct Backend {
  std::string name;
  std::string base;  // whose kernels serve where it has none of its own; empty for none
  std::string required;
  std::string reason;
  bool supported;
  std::size_t kernel_count;
};

struct Row {
  std::string name;
  std::string backend;
  std::string op;
  std::string epilogue;
  std::string tile;
  Arithmetic arithmetic;
  bool supported;

  // The second part of the name: input and accumulator, or input and output, such as "f16f32".
  std::string types() const {
    const std::size_t start = name.find('_') + 1;
    return name.substr(start, name.find('_', start) - start);
  }
};

inline std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }
inline std::ostream& operator<<(std::ostream& out, const Backend& backend) { return out << backend.name; }

inline std::vector<Backend> backends() {
  std::vector<Backend> list;
  for (std::size_t i = 0; i < sixfold_backend_count(); ++i) {
    sixfold_backend_info info{};
    info.struct_size = sizeof info;
    if (sixfold_backend_get(i, &info, nullptr) != SIXFOLD_OK) throw std::runtime_error("sixfold_backend_get failed");
    list.push_back({info.name, info.base == nullptr ? "" : info.base, info.requires_features, info.reason,
                    info.supported != 0, info.kernel_count});
  }
  return list;
}

inline std::vector<Backend> supported_backends() {
  std::vector<Backend> list = backends();
  list.erase(std::remove_if(list.begin(), list.end(), [](const Backend& backend) { return !backend.supported; }),
             list.end());
  return list;
}

// The backend and those that it adds to, down to the last.
inline std::vector<std::string> with_bases(const std::string& name) {
  std::vector<std::string> names = {name};
  const std::vector<Backend> all = backends();
  while (!names.back().empty()) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Backend& b) { return b.name == names.back(); });
    if (found == all.end()) throw std::runtime_error("no backend " + names.back());
    names.push_back(found->base);
  }
  names.pop_back();
  return names;
}

inline std::vector<Row> rows() {
  std::vector<Row> list;
  for (std::size_t i = 0; i < sixfold_kernel_count(); ++i) {
    sixfold_kernel_info info{};
    info.struct_size = sizeof info;
    if (sixfold_kernel_get(i, &info, nullptr) != SIXFOLD_OK) throw std::runtime_error("sixfold_kernel_get failed");
    Row row{info.name, info.backend, info.op, info.epilogue, info.tile, {info.type, info.accumulation}, false};
    for (const Backend& backend : backends()) row.supported |= backend.supported && backend.name == row.backend;
    list.push_back(row);
  }
  return list;
}

// The operators' kernels, by the test that exercises each of their rows: together all that there are.
inline const std::vector<std::string> kConvOps = {"gemm", "depthwise"};
inline const std::vector<std::string> kPoolOps = {"maxpool", "avgpool"};
inline const std::vector<std::string> kElementwiseOps = {"add", "multiply", "activate"};
inline const std::vector<std::string> kConvertOps = {"convert", "transpose"};

// The rows of these operators that this CPU can run.
inline std::vector<Row> supported_rows(const std::vector<std::string>& ops) {
  std::vector<Row> list;
  for (const Row& row : rows()) {
    if (row.supported && std::find(ops.begin(), ops.end(), row.op) != ops.end()) list.push_back(row);
  }
  return list;
}

// A stream of random numbers that is the same for the rows of all backends, so that they see the same cases.
inline std::uint64_t stream_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

}  // namespace sixfold::test
