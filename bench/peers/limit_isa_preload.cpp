// As a library to preload into a program that is not ours.
#include <dlfcn.h>
#include <signal.h>

#include "limit_isa.hpp"

namespace {

bool is_limited = false;

[[gnu::constructor]] void limit() { is_limited = sixfold::bench::limit_cpuid_to_avx2(); }

}  // namespace

// Node.js takes away all signal handlers when it starts; the one that answers CPUID must stay.
extern "C" [[gnu::visibility("default")]] int sigaction(int signal, const struct sigaction* action,
                                                        struct sigaction* previous) noexcept {
  if (is_limited && signal == SIGSEGV) return 0;
  using Function = int(int, const struct sigaction*, struct sigaction*);
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, "sigaction"))(signal, action, previous);
}
