#include "check.hpp"

#include "text.hpp"

namespace sixfold::operators {

sixfold_status fail_enum(const char* structure, const char* field, const char* type, int value, sixfold_error* error) {
  return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.%s is %d, which is no %s", structure, field, value, type);
}

sixfold_status check_accumulation(const sixfold_accumulation& accumulation, sixfold_type type, sixfold_error* error) {
  const sixfold_status status =
      check_enum("desc", "accumulation", "sixfold_accumulation", accumulation, SIXFOLD_ACCUMULATE_AUTO, error);
  if (status != SIXFOLD_OK || type == SIXFOLD_FP16) return status;
  if (accumulation == SIXFOLD_ACCUMULATE_FP32 || accumulation == SIXFOLD_ACCUMULATE_AUTO) return status;
  return fail(error, SIXFOLD_INVALID_ARGUMENT,
              "desc.accumulation is %s, but desc.type is fp32, which accumulates in fp32",
              accumulation_text(accumulation));
}

sixfold_status check_tensor_type(const char* field, sixfold_type type, sixfold_type expected, sixfold_error* error) {
  if (type == expected) return SIXFOLD_OK;
  return fail(error, SIXFOLD_SHAPE_MISMATCH, "%s.type is %s, but the operator was made for %s", field,
              type == SIXFOLD_FP16 ? "fp16" : "fp32", expected == SIXFOLD_FP16 ? "fp16" : "fp32");
}

}  // namespace sixfold::operators
