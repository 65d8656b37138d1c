// What all operators share. An operator is one block of memory: its struct, then its packed weights and tables. It has no
// destructor and no pointers to anything outside the block and the library's constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../arch/backends.hpp"
#include "../include/sixfold/sixfold.h"
#include "../kernels/row.hpp"
#include "error.hpp"
#include "tiling.hpp"

namespace sixfold::operators {

// A tensor as the caller described it, with pixel_stride filled in.
using Tensor = sixfold_tensor;

constexpr std::size_t max_inputs = 3;

// Everything that one run needs; checked, so that nothing in it can fail.
struct Run {
  Tensor inputs[max_inputs];
  Tensor output;
  Tiling tiling;
  unsigned char* workspace;  // aligned to 64
  std::size_t max_tasks;     // at least 1
  sixfold_parallel_for parallel_for;
  void* pool;
};

// What an operator's file supplies. Inputs have been checked one by one (type known, sizes positive, byte size in range),
// but not against one another or the operator.
struct OperatorClass {
  const char* name;
  // Checks that the inputs fit the operator, and gives the output's shape and type.
  sixfold_status (*output_shape)(const sixfold_operator& op, const Tensor* inputs, Tensor& output,
                                 sixfold_error* error);
  // Splits a run among at most `max_tasks` tasks, and says how many bytes of workspace they need, not counting alignment; what
  // suffices for so many must suffice for fewer. Called after output_shape succeeded.
  sixfold_status (*split)(const sixfold_operator& op, const Tensor* inputs, const Tensor& output, std::size_t max_tasks,
                          Tiling& tiling, std::size_t& bytes, sixfold_error* error);
  void (*run)(const sixfold_operator& op, const Run& run);
  // For sixfold_explain: a line that says what the operator does, and "kernel: <name>: <why>" for each kernel that it uses.
  void (*describe)(const sixfold_operator& op, class TextWriter& text);
  // Checks what only this operator asks of the output, beyond its shape and type. NULL: nothing.
  sixfold_status (*check_output)(const sixfold_operator& op, const Tensor& output, sixfold_error* error) = nullptr;
};

struct Allocator {
  sixfold_allocate allocate;
  sixfold_release release;
  void* context;
};

}  // namespace sixfold::operators

struct sixfold_operator {
  const sixfold::operators::OperatorClass* operator_class;
  const char* name;  // the class's, unless one kind of operator is made of another
  sixfold::operators::Allocator allocator;
  std::size_t memory_bytes;
  std::size_t input_count;
  const sixfold::arch::Backend* backend;
  sixfold::arch::ChoiceReason backend_reason;
  bool kernel_forced;
  const sixfold::KernelRow* row;  // the kernel that does most of the arithmetic
};

namespace sixfold::operators {

// The checked form of sixfold_options.
struct Options {
  Allocator allocator;
  const arch::Backend* backend;
  arch::ChoiceReason backend_reason;
  const char* kernel;  // NULL: free choice
};

// Fills `result` from the caller's options, which may be NULL. Sets *op to NULL first, as every create does.
sixfold_status read_options(const sixfold_options* options, sixfold_operator** op, Options& result,
                            sixfold_error* error);

// What an operator needs of a kernel.
struct RowQuery {
  Op op;
  Type type;
  Type output_type;
  Epilogue epilogue;
  Accumulation accumulation = Accumulation::fp32;
};

// True if `row` meets `query` and the caller's forced kernel name, if any.
bool row_fits(const KernelRow& row, const RowQuery& query, const char* forced_name);

// The first row that fits and satisfies `also`, of the backend's own or else of those that it adds to; NULL if there is none.
template <class Predicate>
const KernelRow* find_row_where(const Options& options, const RowQuery& query, const Predicate& also) {
  for (const KernelTable* table = options.backend->table; table != nullptr; table = table->base) {
    for (std::size_t i = 0; i < table->row_count; ++i) {
      if (row_fits(table->rows[i], query, options.kernel) && also(table->rows[i])) return &table->rows[i];
    }
  }
  return nullptr;
}

// The first row that fits, or NULL after describing the failure.
const KernelRow* find_row(const Options& options, const RowQuery& query, sixfold_error* error);

// Describes why no row fits the query.
sixfold_status fail_no_row(const Options& options, const RowQuery& query, sixfold_error* error);

// Adds up the parts of an operator's block, each aligned to 64. Overflow is remembered and reported once, by total().
class BlockLayout {
 public:
  // The offset of a new part of count * size bytes.
  std::size_t add(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    const std::size_t offset = total_;
    overflow_ |= __builtin_mul_overflow(count, size, &bytes);
    overflow_ |= __builtin_add_overflow(total_, bytes, &total_);
    overflow_ |= __builtin_add_overflow(total_, std::size_t{63}, &total_);
    total_ &= ~std::size_t{63};
    return offset;
  }
  std::size_t total() const { return total_; }
  bool overflow() const { return overflow_ || total_ > PTRDIFF_MAX; }

 private:
  std::size_t total_ = 0;
  bool overflow_ = false;
};

// OperatorClass::split of operators that need no workspace, and split themselves when they run.
sixfold_status no_workspace(const sixfold_operator& op, const Tensor* inputs, const Tensor& output,
                            std::size_t max_tasks, Tiling& tiling, std::size_t& bytes, sixfold_error* error);

// Allocates the block, zeroed, and fills in the common part. NULL after describing the failure.
sixfold_operator* allocate_operator(const BlockLayout& layout, const OperatorClass& operator_class,
                                    const Options& options, const KernelRow* row, std::size_t input_count,
                                    sixfold_error* error);

template <class T>
T* part(sixfold_operator* op, std::size_t offset) {
  return reinterpret_cast<T*>(reinterpret_cast<unsigned char*>(op) + offset);
}
template <class T>
const T* part(const sixfold_operator& op, std::size_t offset) {
  return reinterpret_cast<const T*>(reinterpret_cast<const unsigned char*>(&op) + offset);
}

inline Type kernel_type(sixfold_type type) { return type == SIXFOLD_FP16 ? Type::fp16 : Type::fp32; }
inline Accumulation kernel_accumulation(sixfold_accumulation accumulation) {
  return static_cast<Accumulation>(accumulation);
}
static_assert(static_cast<int>(Accumulation::fp16) == SIXFOLD_ACCUMULATE_FP16 &&
              static_cast<int>(Accumulation::blocked) == SIXFOLD_ACCUMULATE_FP16_BLOCKED);
inline std::size_t element_bytes(sixfold_type type) { return size_of(kernel_type(type)); }
constexpr std::size_t round_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}
constexpr std::size_t min_of(std::size_t a, std::size_t b) { return a < b ? a : b; }
constexpr std::size_t max_of(std::size_t a, std::size_t b) { return a > b ? a : b; }

// A division takes as long as ten to forty additions, and a layer of one pixel makes dozens, nearly all by something larger, or
// by 1.
struct Division {
  std::size_t quotient;
  std::size_t remainder;
};
constexpr Division divide(std::size_t a, std::size_t b) {
  if (a < b) return {0, a};
  if (b == 1) return {a, 0};
  return {a / b, a % b};
}
constexpr std::size_t ceil_div(std::size_t a, std::size_t b) { return a == 0 ? 0 : divide(a - 1, b).quotient + 1; }
// As round_up, but quicker.
constexpr std::size_t align_up(std::size_t value, std::size_t power_of_two) {
  return (value + power_of_two - 1) & ~(power_of_two - 1);
}

}  // namespace sixfold::operators
