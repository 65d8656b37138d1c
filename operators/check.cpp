#include "check.hpp"

namespace sixfold::operators {

sixfold_status check_type(const char* field, sixfold_type type, sixfold_error* error) {
  if (type == SIXFOLD_FP32 || type == SIXFOLD_FP16) return SIXFOLD_OK;
  return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s is %d, which is no sixfold_type", field, static_cast<int>(type));
}

sixfold_status check_tensor_type(const char* field, sixfold_type type, sixfold_type expected, sixfold_error* error) {
  if (type == expected) return SIXFOLD_OK;
  return fail(error, SIXFOLD_SHAPE_MISMATCH, "%s.type is %s, but the operator was made for %s", field,
              type == SIXFOLD_FP16 ? "fp16" : "fp32", expected == SIXFOLD_FP16 ? "fp16" : "fp32");
}

}  // namespace sixfold::operators
