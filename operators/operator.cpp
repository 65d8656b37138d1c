#include "operator.hpp"

#include <cstdlib>
#include <cstring>

#include "../kernels/names.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

void* allocate_from_c(void*, std::size_t bytes) {
  void* memory = nullptr;
  return posix_memalign(&memory, 64, bytes) == 0 ? memory : nullptr;
}

void release_to_c(void*, void* memory) { std::free(memory); }

sixfold_status choose_backend(const char* name, Options& result, sixfold_error* error) {
  const arch::Choice choice = arch::choose_backend(name);
  if (choice.backend != nullptr) {
    result.backend = choice.backend;
    result.backend_reason = choice.reason;
    return SIXFOLD_OK;
  }
  const char* field =
      choice.reason == arch::ChoiceReason::option ? "options.backend" : "environment variable SIXFOLD_ISA";
  if (choice.unsupported == nullptr) {
    return fail(error, SIXFOLD_UNSUPPORTED, "%s is \"%s\": no backend of that name is compiled in", field,
                choice.requested);
  }
  char missing[96];
  arch::write_feature_names(arch::missing_features(*choice.unsupported), missing, sizeof missing);
  return fail(error, SIXFOLD_UNSUPPORTED, "%s is \"%s\": this CPU or operating system lacks %s", field,
              choice.requested, missing);
}

const char* type_name(Type type) { return type == Type::fp32 ? "fp32" : "fp16"; }

}  // namespace

sixfold_status read_options(const sixfold_options* options, sixfold_operator** op, Options& result,
                            sixfold_error* error) {
  succeed(error);
  if (op == nullptr) return fail(error, SIXFOLD_INVALID_ARGUMENT, "op is NULL: there is nowhere to put the operator");
  *op = nullptr;
  result = Options{{allocate_from_c, release_to_c, nullptr}, nullptr, arch::ChoiceReason::best, nullptr};
  if (options == nullptr) return choose_backend(nullptr, result, error);

  if (options->struct_size != sizeof *options) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "options.struct_size is %zu, must be %zu", options->struct_size,
                sizeof *options);
  }
  if ((options->allocate == nullptr) != (options->release == nullptr)) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "options.%s is NULL, but the other allocator function is given",
                options->allocate == nullptr ? "allocate" : "release");
  }
  if (options->allocate != nullptr) {
    result.allocator = {options->allocate, options->release, options->allocator_context};
  }
  result.kernel = options->kernel;
  return choose_backend(options->backend, result, error);
}

bool row_fits(const KernelRow& row, const RowQuery& query, const char* forced_name) {
  return row.op == query.op && row.type == query.type && row.output_type == query.output_type &&
         row.epilogue == query.epilogue && row.accumulation == query.accumulation &&
         (forced_name == nullptr || std::strcmp(row.name, forced_name) == 0);
}

const KernelRow* find_row(const Options& options, const RowQuery& query, sixfold_error* error) {
  const KernelRow* row = find_row_where(options, query, [](const KernelRow&) { return true; });
  if (row == nullptr) fail_no_row(options, query, error);
  return row;
}

sixfold_status fail_no_row(const Options& options, const RowQuery& query, sixfold_error* error) {
  if (options.kernel == nullptr) {
    return fail(error, SIXFOLD_UNSUPPORTED, "backend \"%s\" has no %s kernel for %s accumulated in %s with epilogue %s",
                options.backend->name, short_name(query.op), type_name(query.type),
                accumulation_text(static_cast<sixfold_accumulation>(query.accumulation)), short_name(query.epilogue));
  }
  for (const KernelTable* table = options.backend->table; table != nullptr; table = table->base) {
    for (std::size_t i = 0; i < table->row_count; ++i) {
      if (std::strcmp(table->rows[i].name, options.kernel) != 0) continue;
      return fail(error, SIXFOLD_UNSUPPORTED,
                  "options.kernel is \"%s\", which cannot do this: needed is %s, %s accumulated in %s, epilogue %s",
                  options.kernel, short_name(query.op), type_name(query.type),
                  accumulation_text(static_cast<sixfold_accumulation>(query.accumulation)), short_name(query.epilogue));
    }
  }
  return fail(error, SIXFOLD_UNSUPPORTED, "options.kernel is \"%s\": backend \"%s\" has no kernel of that name",
              options.kernel, options.backend->name);
}

sixfold_status no_workspace(const sixfold_operator&, const Tensor*, const Tensor&, std::size_t, Tiling&,
                            std::size_t& bytes, sixfold_error*) {
  bytes = 0;
  return SIXFOLD_OK;
}

sixfold_operator* allocate_operator(const BlockLayout& layout, const OperatorClass& operator_class,
                                    const Options& options, const KernelRow* row, std::size_t input_count,
                                    sixfold_error* error) {
  if (layout.overflow()) {
    fail(error, SIXFOLD_OVERFLOW, "%s: its memory does not fit size_t", operator_class.name);
    return nullptr;
  }
  void* memory = options.allocator.allocate(options.allocator.context, layout.total());
  if (memory == nullptr) {
    fail(error, SIXFOLD_OUT_OF_MEMORY, "%s: allocation of %zu bytes failed", operator_class.name, layout.total());
    return nullptr;
  }
  std::memset(memory, 0, layout.total());
  sixfold_operator* op = static_cast<sixfold_operator*>(memory);
  op->operator_class = &operator_class;
  op->name = operator_class.name;
  op->allocator = options.allocator;
  op->memory_bytes = layout.total();
  op->input_count = input_count;
  op->backend = options.backend;
  op->backend_reason = options.backend_reason;
  op->kernel_forced = options.kernel != nullptr;
  op->row = row;
  return op;
}

}  // namespace sixfold::operators

void sixfold_destroy(sixfold_operator* op) {
  if (op == nullptr) return;
  const sixfold::operators::Allocator allocator = op->allocator;
  allocator.release(allocator.context, op);
}
