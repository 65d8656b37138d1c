// Checks that descriptors have in common. Each describes a failure by the field's name and value.
#pragma once

#include <cstddef>
#include <cstring>

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

// The number that an enum of the caller's holds. It may be none of the constants, and then C++ may not read it as the enum.
template <class Enum>
int enum_number(const Enum& value) {
  static_assert(sizeof(Enum) == sizeof(int));
  int number;
  std::memcpy(&number, &value, sizeof number);
  return number;
}

sixfold_status fail_enum(const char* structure, const char* field, const char* type, int value, sixfold_error* error);

// structure.field is one of the constants of enum `type`, which count from 0 to `last`.
template <class Enum>
sixfold_status check_enum(const char* structure, const char* field, const char* type, const Enum& value, Enum last,
                          sixfold_error* error) {
  const int number = enum_number(value);
  if (number >= 0 && number <= static_cast<int>(last)) return SIXFOLD_OK;
  return fail_enum(structure, field, type, number, error);
}

inline sixfold_status check_type(const char* structure, const char* field, const sixfold_type& type,
                                 sixfold_error* error) {
  return check_enum(structure, field, "sixfold_type", type, SIXFOLD_FP16, error);
}

// desc.accumulation of an operator of type desc.type.
sixfold_status check_accumulation(const sixfold_accumulation& accumulation, sixfold_type type, sixfold_error* error);

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

// No size of a convolution may be so large that a sum or a product of two of them, times an element's bytes, leaves size_t.
constexpr std::size_t size_limit = std::size_t{1} << (sizeof(std::size_t) * 4 - 2);

// That a tensor is of the operator's type.
sixfold_status check_tensor_type(const char* field, sixfold_type type, sixfold_type expected, sixfold_error* error);

}  // namespace sixfold::operators
