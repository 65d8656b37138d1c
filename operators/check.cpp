#include "check.hpp"

namespace sixfold::operators {

sixfold_status fail_enum(const char* structure, const char* field, const char* type, int value, sixfold_error* error) {
  return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.%s is %d, which is no %s", structure, field, value, type);
}

sixfold_status check_tensor_type(const char* field, sixfold_type type, sixfold_type expected, sixfold_error* error) {
  if (type == expected) return SIXFOLD_OK;
  return fail(error, SIXFOLD_SHAPE_MISMATCH, "%s.type is %s, but the operator was made for %s", field,
              type == SIXFOLD_FP16 ? "fp16" : "fp32", expected == SIXFOLD_FP16 ? "fp16" : "fp32");
}

}  // namespace sixfold::operators
