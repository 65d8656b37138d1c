// The backends compiled in, and the choice of one.
#pragma once

#include <cstddef>

#include "../kernels/row.hpp"
#include "cpu.hpp"

namespace sixfold::arch {

struct Backend {
  const char* name;
  const char* description;
  const char* requires_features;  // names, separated by spaces; see cpu.hpp
  const KernelTable* table;
};

struct BackendList {
  const Backend* const* items;  // best first; the last runs anywhere
  std::size_t count;
};

BackendList backends();

// What `backend` needs and this CPU or operating system lacks; 0 if it can run.
Features missing_features(const Backend& backend);

enum class ChoiceReason { option, environment, best };

// backend is NULL if `requested` is unknown or cannot run here.
struct Choice {
  const Backend* backend;
  ChoiceReason reason;
  const char* requested;       // the name asked for, NULL for none
  const Backend* unsupported;  // the backend asked for, if it is known but cannot run
};

// Takes the backend of that name; for NULL, the one that the environment variable SIXFOLD_ISA names; without either, the best
// that can run. Never falls back silently.
Choice choose_backend(const char* name);

}  // namespace sixfold::arch
