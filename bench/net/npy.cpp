#include "npy.hpp"

#include <cstring>
#include <fstream>
#include <iterator>

namespace sixfold::net {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicBytes = 6, kVersion1Prefix = 10, kVersion2Prefix = 12;

// The dictionary of the header, such as {'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }.
std::string header_of(const std::string& path, const std::string& file, size_t& end) {
  if (file.size() < kVersion2Prefix || file.compare(0, kMagicBytes, kMagic, kMagicBytes) != 0) {
    throw Error(path + " is not a .npy file");
  }
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(file[at])); };
  const bool short_length = byte(kMagicBytes) == 1;
  const size_t start = short_length ? kVersion1Prefix : kVersion2Prefix;
  const size_t length = byte(8) | byte(9) << 8 | (short_length ? 0 : byte(10) << 16 | byte(11) << 24);
  end = start + length;
  if (end > file.size()) throw Error(path + " ends within its header");
  return file.substr(start, length);
}

Dims shape_of(const std::string& path, const std::string& header) {
  const size_t open = header.find('(', header.find("'shape'")), close = header.find(')', open);
  if (open == std::string::npos || close == std::string::npos) throw Error(path + " has no shape");
  Dims dims;
  for (size_t at = open + 1; at < close;) {
    if (header[at] < '0' || header[at] > '9') {
      ++at;
      continue;
    }
    size_t used = 0;
    dims.push_back(std::stoll(header.substr(at), &used));
    at += used;
  }
  return dims;
}

}  // namespace

Constant read_npy(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error("cannot open " + path);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  size_t start = 0;
  const std::string header = header_of(path, file, start);
  const bool single = header.find("<f4") != std::string::npos, twice = header.find("<f8") != std::string::npos;
  if ((!single && !twice) || header.find("'fortran_order': False") == std::string::npos) {
    throw Error(path + " must hold floats in C order, but its header is " + header);
  }
  Constant constant;
  constant.dims = shape_of(path, header);
  const auto size = static_cast<size_t>(count(constant.dims));
  if (file.size() - start != size * (single ? sizeof(float) : sizeof(double))) throw Error(path + " has a wrong size");
  constant.floats.resize(size);
  if (single) {
    std::memcpy(constant.floats.data(), file.data() + start, size * sizeof(float));
  } else {
    for (size_t i = 0; i < size; ++i) {
      double value;
      std::memcpy(&value, file.data() + start + i * sizeof value, sizeof value);
      constant.floats[i] = static_cast<float>(value);
    }
  }
  return constant;
}

void write_npy(const std::string& path, const Dims& dims, const std::vector<float>& values) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (const int64_t size : dims) header += std::to_string(size) + ", ";
  header += "), }";
  while ((kVersion1Prefix + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write(kMagic, kMagicBytes);
  const char prefix[] = {1, 0, static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  file.write(prefix, sizeof prefix);
  file << header;
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!file) throw Error("cannot write " + path);
}

}  // namespace sixfold::net
