// Tells which backend and kernel an operator uses, why, what was passed over, and how to force another.
#include <cstdio>

#include "operator.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

const char* reason_text(arch::ChoiceReason reason) {
  switch (reason) {
    case arch::ChoiceReason::option:
      return "forced by options.backend";
    case arch::ChoiceReason::environment:
      return "forced by the environment variable SIXFOLD_ISA";
    case arch::ChoiceReason::best:
      return "the best that this CPU can run";
  }
  return "";
}

// One backend that was not taken. `better`: it comes before the one that was.
void add_passed_over(const arch::Backend& backend, bool better, arch::ChoiceReason reason, TextWriter& text) {
  const arch::Features missing = arch::missing_features(backend);
  text.add("passed over: backend %s, ", backend.name);
  if (missing != 0) {
    char names[96];
    arch::write_feature_names(missing, names, sizeof names);
    text.add("this CPU or operating system lacks %s\n", names);
  } else if (better) {
    text.add("which is faster, as another was %s\n", reason_text(reason));
  } else {
    text.add("which is slower\n");
  }
}

void explain_backend(const sixfold_operator& op, TextWriter& text) {
  text.add("backend: %s (%s), %s\n", op.backend->name, op.backend->description, reason_text(op.backend_reason));
  const arch::BackendList list = arch::backends();
  bool better = true;
  for (std::size_t i = 0; i < list.count; ++i) {
    if (list.items[i] == op.backend) {
      better = false;
    } else {
      add_passed_over(*list.items[i], better, op.backend_reason, text);
    }
  }
}

// True if options.kernel could name `other` instead.
bool could_replace(const KernelRow& used, const KernelRow& other) {
  const bool window_fits = other.window.kernel == 0 ||
                           (other.window.kernel == used.window.kernel && other.window.stride == used.window.stride);
  return &other != &used && other.op == used.op && other.type == used.type && other.output_type == used.output_type &&
         other.accumulation == used.accumulation && other.epilogue == used.epilogue && window_fits;
}

void explain_kernel(const sixfold_operator& op, TextWriter& text) {
  if (op.kernel_forced) text.add("kernel: %s was forced by options.kernel\n", op.row->name);
  for (const KernelTable* table = op.backend->table; table != nullptr; table = table->base) {
    for (std::size_t i = 0; i < table->row_count; ++i) {
      if (could_replace(*op.row, table->rows[i])) text.add("could also be forced: kernel %s\n", table->rows[i].name);
    }
  }
}

}  // namespace
}  // namespace sixfold::operators

using namespace sixfold::operators;

std::size_t sixfold_explain(const sixfold_operator* op, char* text, std::size_t capacity) {
  TextWriter writer(text, capacity);
  if (op == nullptr) return 0;
  writer.add("operator: %s\n", op->name);
  op->operator_class->describe(*op, writer);
  explain_kernel(*op, writer);
  explain_backend(*op, writer);
  writer.add(
      "to force another: options.backend or SIXFOLD_ISA in the environment, by a name that sixfold_backend_get gives; "
      "options.kernel, by a name that sixfold_kernel_get gives\n");
  return writer.length();
}

const char* sixfold_kernel_name(const sixfold_operator* op) { return op == nullptr ? nullptr : op->row->name; }
