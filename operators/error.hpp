// Failures: a status, and a text that names the field and its value.
#pragma once

#include "../include/sixfold/sixfold.h"

namespace sixfold::operators {

// Fills `error`, which may be NULL, and returns `status`.
[[gnu::format(printf, 3, 4)]] sixfold_status fail(sixfold_error* error, sixfold_status status, const char* format, ...);

sixfold_status succeed(sixfold_error* error);

}  // namespace sixfold::operators
