// What is compiled in: version, backends, kernels.
#include <cstdio>

#include "../kernels/names.hpp"
#include "check.hpp"
#include "operator.hpp"

namespace sixfold::operators {
namespace {

struct VersionText {
  char text[16] = {};
  std::size_t length = 0;

  constexpr void add(int number) {
    if (number >= 10) add(number / 10);
    text[length++] = static_cast<char>('0' + number % 10);
  }
};

constexpr VersionText make_version() {
  VersionText version;
  version.add(SIXFOLD_VERSION_MAJOR);
  version.text[version.length++] = '.';
  version.add(SIXFOLD_VERSION_MINOR);
  version.text[version.length++] = '.';
  version.add(SIXFOLD_VERSION_PATCH);
  return version;
}

constexpr VersionText version = make_version();

void write_reason(const arch::Backend& backend, char* text, std::size_t capacity) {
  if (*backend.requires_features == '\0') {
    std::snprintf(text, capacity, "runs anywhere");
    return;
  }
  char missing[96];
  arch::write_feature_names(arch::missing_features(backend), missing, sizeof missing);
  if (missing[0] == '\0') {
    std::snprintf(text, capacity, "this CPU and operating system have %s", backend.requires_features);
  } else {
    std::snprintf(text, capacity, "this CPU or operating system lacks %s", missing);
  }
}

const char* name_of_base(const arch::Backend& backend) {
  const arch::BackendList list = arch::backends();
  for (std::size_t i = 0; i < list.count; ++i) {
    if (list.items[i]->table == backend.table->base) return list.items[i]->name;
  }
  return nullptr;
}

void fill(sixfold_backend_info& info, const arch::Backend& backend) {
  info.name = backend.name;
  info.description = backend.description;
  info.requires_features = backend.requires_features;
  info.supported = arch::missing_features(backend) == 0 ? 1 : 0;
  info.kernel_count = backend.table->row_count;
  info.base = name_of_base(backend);
  write_reason(backend, info.reason, sizeof info.reason);
}

void fill(sixfold_kernel_info& info, const arch::Backend& backend, std::size_t index) {
  const KernelRow& row = backend.table->rows[index];
  info.name = row.name;
  info.backend = backend.name;
  info.op = short_name(row.op);
  info.type = row.type == Type::fp16 ? SIXFOLD_FP16 : SIXFOLD_FP32;
  info.epilogue = short_name(row.epilogue);
  info.tile = backend.table->tiles[index].text;
  info.accumulation = static_cast<sixfold_accumulation>(row.accumulation);
}

}  // namespace
}  // namespace sixfold::operators

using namespace sixfold::operators;

const char* sixfold_version(void) { return version.text; }

std::size_t sixfold_backend_count(void) { return sixfold::arch::backends().count; }

sixfold_status sixfold_backend_get(std::size_t index, sixfold_backend_info* info, sixfold_error* error) {
  succeed(error);
  if (const sixfold_status status = check_struct("info", info, error)) return status;
  const sixfold::arch::BackendList list = sixfold::arch::backends();
  if (index >= list.count) {
    return fail(error, SIXFOLD_INVALID_ARGUMENT, "index is %zu, but there are %zu backends", index, list.count);
  }
  fill(*info, *list.items[index]);
  return SIXFOLD_OK;
}

std::size_t sixfold_kernel_count(void) {
  const sixfold::arch::BackendList list = sixfold::arch::backends();
  std::size_t count = 0;
  for (std::size_t i = 0; i < list.count; ++i) count += list.items[i]->table->row_count;
  return count;
}

sixfold_status sixfold_kernel_get(std::size_t index, sixfold_kernel_info* info, sixfold_error* error) {
  succeed(error);
  if (const sixfold_status status = check_struct("info", info, error)) return status;
  const sixfold::arch::BackendList list = sixfold::arch::backends();
  std::size_t first = 0;  // kernel of backend i
  for (std::size_t i = 0; i < list.count; first += list.items[i++]->table->row_count) {
    if (index - first >= list.items[i]->table->row_count) continue;
    fill(*info, *list.items[i], index - first);
    return SIXFOLD_OK;
  }
  return fail(error, SIXFOLD_INVALID_ARGUMENT, "index is %zu, but there are %zu kernels", index, first);
}
