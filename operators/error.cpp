#include "error.hpp"

#include <cstdarg>
#include <cstdio>

#include "check.hpp"

namespace sixfold::operators {

sixfold_status fail(sixfold_error* error, sixfold_status status, const char* format, ...) {
  if (error == nullptr) return status;
  error->status = status;
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return status;
}

sixfold_status succeed(sixfold_error* error) {
  if (error != nullptr) {
    error->status = SIXFOLD_OK;
    error->text[0] = '\0';
  }
  return SIXFOLD_OK;
}

}  // namespace sixfold::operators

const char* sixfold_status_name(sixfold_status status) {
  switch (sixfold::operators::enum_number(status)) {
    case SIXFOLD_OK:
      return "ok";
    case SIXFOLD_INVALID_ARGUMENT:
      return "invalid argument";
    case SIXFOLD_SHAPE_MISMATCH:
      return "shape mismatch";
    case SIXFOLD_OVERFLOW:
      return "overflow";
    case SIXFOLD_OUT_OF_MEMORY:
      return "out of memory";
    case SIXFOLD_UNSUPPORTED:
      return "unsupported";
    case SIXFOLD_WORKSPACE_TOO_SMALL:
      return "workspace too small";
  }
  return "unknown status";
}
