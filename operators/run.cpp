// sixfold_run and the questions that are asked before it: everything is checked here, once, for all operators.
#include <cstdint>

#include "check.hpp"
#include "operator.hpp"

namespace sixfold::operators {
namespace {

constexpr std::size_t workspace_alignment = 64;

sixfold_status check_extents(const char* field, const Tensor& tensor, sixfold_error* error) {
  struct Extent {
    const char* name;
    std::size_t value;
  };
  const Extent extents[] = {{"height", tensor.height}, {"width", tensor.width}, {"channels", tensor.channels}};
  for (const Extent& extent : extents) {
    if (extent.value == 0) {
      return fail(error, SIXFOLD_SHAPE_MISMATCH, "%s.%s is 0, must be positive", field, extent.name);
    }
  }
  return SIXFOLD_OK;
}

// Checks one tensor by itself and fills in its pixel stride.
sixfold_status check_tensor(const char* field, Tensor& tensor, sixfold_error* error) {
  if (const sixfold_status status = check_type(field, "type", tensor.type, error)) return status;
  if (const sixfold_status status = check_extents(field, tensor, error)) return status;
  if (tensor.pixel_stride == 0) tensor.pixel_stride = tensor.channels;
  if (tensor.pixel_stride < tensor.channels) {
    return fail(error, SIXFOLD_SHAPE_MISMATCH, "%s.pixel_stride is %zu, less than its %zu channels", field,
                tensor.pixel_stride, tensor.channels);
  }
  std::size_t bytes = element_bytes(tensor.type);
  const std::size_t batch = tensor.batch == 0 ? 1 : tensor.batch;
  if (__builtin_mul_overflow(bytes, batch, &bytes) || __builtin_mul_overflow(bytes, tensor.height, &bytes) ||
      __builtin_mul_overflow(bytes, tensor.width, &bytes) ||
      __builtin_mul_overflow(bytes, tensor.pixel_stride, &bytes) || bytes > PTRDIFF_MAX) {
    return fail(error, SIXFOLD_OVERFLOW,
                "%s: batch %zu x height %zu x width %zu x pixel_stride %zu does not fit size_t", field, tensor.batch,
                tensor.height, tensor.width, tensor.pixel_stride);
  }
  return SIXFOLD_OK;
}

sixfold_status check_data(const char* field, const Tensor& tensor, sixfold_error* error) {
  if (tensor.data == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.data is NULL", field);
  if ((reinterpret_cast<std::uintptr_t>(tensor.data) & (element_bytes(tensor.type) - 1)) != 0) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.data is %p, which is not aligned to its %zu-byte elements", field,
                tensor.data, element_bytes(tensor.type));
  }
  return SIXFOLD_OK;
}

constexpr const char* input_fields[max_inputs] = {"inputs[0]", "inputs[1]", "inputs[2]"};

// Copies and checks the inputs, and asks the operator for the output. What is behind the inputs is left as it is.
sixfold_status read_inputs(const sixfold_operator* op, const sixfold_tensor* inputs, std::size_t input_count,
                           Tensor (&checked)[max_inputs], Tensor& output, sixfold_error* error) {
  succeed(error);
  if (op == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "op is NULL");
  if (inputs == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "inputs is NULL");
  if (input_count != op->input_count) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "input_count is %zu, but this %s takes %zu", input_count, op->name,
                op->input_count);
  }
  for (std::size_t i = 0; i < input_count; ++i) {
    checked[i] = inputs[i];
    if (const sixfold_status status = check_tensor(input_fields[i], checked[i], error)) return status;
  }
  output = Tensor{};
  return op->operator_class->output_shape(*op, checked, output, error);
}

sixfold_status expect_extent(const char* name, std::size_t value, std::size_t expected, sixfold_error* error) {
  if (value == expected) return SIXFOLD_OK;
  return fail(error, SIXFOLD_SHAPE_MISMATCH, "output.%s is %zu, must be %zu", name, value, expected);
}

sixfold_status check_output(const sixfold_operator& op, Tensor& output, const Tensor& expected, sixfold_error* error) {
  if (const sixfold_status status = check_tensor("output", output, error)) return status;
  if (output.type != expected.type) {
    return fail(error, SIXFOLD_SHAPE_MISMATCH, "output.type is %d, must be %d", static_cast<int>(output.type),
                static_cast<int>(expected.type));
  }
  sixfold_status status = expect_extent("batch", output.batch, expected.batch, error);
  if (status == SIXFOLD_OK) status = expect_extent("height", output.height, expected.height, error);
  if (status == SIXFOLD_OK) status = expect_extent("width", output.width, expected.width, error);
  if (status == SIXFOLD_OK) status = expect_extent("channels", output.channels, expected.channels, error);
  if (status != SIXFOLD_OK || op.operator_class->check_output == nullptr) return status;
  return op.operator_class->check_output(op, output, error);
}

// Splits the run, and finds how much workspace it needs.
sixfold_status split(const sixfold_operator& op, const Tensor* inputs, const Tensor& output, std::size_t max_tasks,
                     Tiling& tiling, std::size_t& bytes, sixfold_error* error) {
  bytes = 0;
  const std::size_t tasks = max_tasks == 0 ? 1 : max_tasks;
  if (const sixfold_status status = op.operator_class->split(op, inputs, output, tasks, tiling, bytes, error)) {
    return status;
  }
  if (bytes != 0 && __builtin_add_overflow(bytes, workspace_alignment - 1, &bytes)) {
    return fail(error, SIXFOLD_OVERFLOW, "max_tasks is %zu: the workspace does not fit size_t", max_tasks);
  }
  return SIXFOLD_OK;
}

sixfold_status read_context(const sixfold_context* context, Run& run, std::size_t needed, sixfold_error* error) {
  static constexpr sixfold_context serial = {sizeof(sixfold_context), nullptr, 0, 1, nullptr, nullptr};
  if (context == nullptr) context = &serial;
  if (context->struct_size != sizeof *context) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "context.struct_size is %zu, must be %zu", context->struct_size,
                sizeof *context);
  }
  if (context->workspace_bytes < needed) {
    return fail(error, SIXFOLD_WORKSPACE_TOO_SMALL, "context.workspace_bytes is %zu, must be at least %zu",
                context->workspace_bytes, needed);
  }
  if (context->workspace == nullptr && needed != 0) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "context.workspace is NULL, but %zu bytes are needed", needed);
  }
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(context->workspace);
  const std::size_t skip = (workspace_alignment - address % workspace_alignment) % workspace_alignment;
  run.workspace = needed == 0 ? nullptr : static_cast<unsigned char*>(context->workspace) + skip;
  run.parallel_for = context->parallel_for;
  run.pool = context->pool;
  return SIXFOLD_OK;
}

}  // namespace
}  // namespace sixfold::operators

using namespace sixfold::operators;

std::size_t sixfold_input_count(const sixfold_operator* op) { return op == nullptr ? 0 : op->input_count; }

std::size_t sixfold_memory_bytes(const sixfold_operator* op) { return op == nullptr ? 0 : op->memory_bytes; }

sixfold_status sixfold_output_shape(const sixfold_operator* op, const sixfold_tensor* inputs, std::size_t input_count,
                                    sixfold_tensor* output, sixfold_error* error) {
  Tensor checked[max_inputs];
  Tensor shape;
  if (const sixfold_status status = read_inputs(op, inputs, input_count, checked, shape, error)) return status;
  if (output == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "output is NULL");
  shape.pixel_stride = shape.channels;
  if (const sixfold_status status = check_tensor("output", shape, error)) return status;
  shape.data = output->data;
  *output = shape;
  return SIXFOLD_OK;
}

sixfold_status sixfold_workspace_size(const sixfold_operator* op, const sixfold_tensor* inputs, std::size_t input_count,
                                      std::size_t max_tasks, std::size_t* bytes, sixfold_error* error) {
  Tensor checked[max_inputs];
  Tensor output;
  if (const sixfold_status status = read_inputs(op, inputs, input_count, checked, output, error)) return status;
  if (bytes == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "bytes is NULL");
  Tiling tiling;
  return split(*op, checked, output, max_tasks, tiling, *bytes, error);
}

sixfold_status sixfold_run(const sixfold_operator* op, const sixfold_tensor* inputs, std::size_t input_count,
                           const sixfold_tensor* output, const sixfold_context* context, sixfold_error* error) {
  Run run;  // all of it is written below; to clear it first would take a tenth of what else a small run costs
  Tensor expected;
  if (const sixfold_status status = read_inputs(op, inputs, input_count, run.inputs, expected, error)) return status;
  if (output == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "output is NULL");
  run.output = *output;
  if (const sixfold_status status = check_output(*op, run.output, expected, error)) return status;
  run.max_tasks =
      context == nullptr || context->max_tasks == 0 || context->parallel_for == nullptr ? 1 : context->max_tasks;
  std::size_t needed = 0;
  if (const sixfold_status status = split(*op, run.inputs, expected, run.max_tasks, run.tiling, needed, error)) {
    return status;
  }
  if (const sixfold_status status = read_context(context, run, needed, error)) return status;
  if (run.output.batch == 0) return SIXFOLD_OK;

  for (std::size_t i = 0; i < input_count; ++i) {
    if (const sixfold_status status = check_data(input_fields[i], run.inputs[i], error)) return status;
  }
  if (const sixfold_status status = check_data("output", run.output, error)) return status;
  op->operator_class->run(*op, run);
  return SIXFOLD_OK;
}
