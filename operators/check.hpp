// Checks that descriptors have in common. Each describes a failure by the field's name and value.
#pragma once

#include <cstddef>

#include "error.hpp"

namespace sixfold::operators {

// A structure of the caller's: not NULL, and of the size that this library knows. `size` is not read if `structure` is NULL.
template <class T>
sixfold_status check_struct(const char* name, const T* structure, sixfold_error* error) {
  if (structure == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s is NULL", name);
  if (structure->struct_size == sizeof(T)) return SIXFOLD_OK;
  return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.struct_size is %zu, must be %zu", name, structure->struct_size,
              sizeof(T));
}

sixfold_status check_type(const char* field, sixfold_type type, sixfold_error* error);

struct NamedSize {
  const char* field;
  std::size_t value;
};

template <std::size_t N>
sixfold_status check_positive(const NamedSize (&sizes)[N], sixfold_error* error) {
  for (const NamedSize& size : sizes) {
    if (size.value == 0) return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s is 0, must be positive", size.field);
  }
  return SIXFOLD_OK;
}

// No size of a convolution may be so large that a product of two of them, times an element's bytes, leaves size_t.
constexpr std::size_t size_limit = std::size_t{1} << (sizeof(std::size_t) * 4 - 2);

// That a tensor is of the operator's type.
sixfold_status check_tensor_type(const char* field, sixfold_type type, sixfold_type expected, sixfold_error* error);

}  // namespace sixfold::operators
