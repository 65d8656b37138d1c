#include "limit_isa.hpp"

#include <cstdint>

#if defined(__linux__) && defined(__x86_64__)

#include <asm/prctl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef ARCH_SET_CPUID
#define ARCH_SET_CPUID 0x1012
#endif

namespace sixfold::bench {
namespace {

struct Registers {
  std::uint32_t eax, ebx, ecx, edx;
};

struct sigaction previous_action;

bool allow_cpuid(bool allowed) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, allowed ? 1 : 0) == 0; }

Registers cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
  Registers r{};
  __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
  return r;
}

// The bits of leaf 7 that stand for AVX-512 and AMX, by Intel's manual, volume 2, CPUID.
constexpr std::uint32_t leaf_7_ebx =
    1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31;
constexpr std::uint32_t leaf_7_ecx = 1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14;
constexpr std::uint32_t leaf_7_edx = 1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25;
constexpr std::uint32_t leaf_7_1_eax = 1u << 5 | 1u << 21;  // AVX512-BF16, AMX-FP16

Registers limited_cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
  Registers r = cpuid(leaf, subleaf);
  if (leaf == 7 && subleaf == 0) {
    r.ebx &= ~leaf_7_ebx;
    r.ecx &= ~leaf_7_ecx;
    r.edx &= ~leaf_7_edx;
  }
  if (leaf == 7 && subleaf == 1) r.eax &= ~leaf_7_1_eax;
  return r;
}

void answer(int, siginfo_t*, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* code = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  const bool is_cpuid = code[0] == 0x0f && code[1] == 0xa2;
  if (!is_cpuid) {  // somebody else's fault: it happens again, and goes to them
    sigaction(SIGSEGV, &previous_action, nullptr);
    return;
  }
  allow_cpuid(true);
  const Registers r =
      limited_cpuid(static_cast<std::uint32_t>(registers[REG_RAX]), static_cast<std::uint32_t>(registers[REG_RCX]));
  allow_cpuid(false);
  registers[REG_RAX] = r.eax;
  registers[REG_RBX] = r.ebx;
  registers[REG_RCX] = r.ecx;
  registers[REG_RDX] = r.edx;
  registers[REG_RIP] += 2;
}

}  // namespace

bool limit_cpuid_to_avx2() {
  struct sigaction action {};
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (sigaction(SIGSEGV, &action, &previous_action) != 0) return false;
  if (allow_cpuid(false)) return true;
  sigaction(SIGSEGV, &previous_action, nullptr);
  return false;
}

}  // namespace sixfold::bench

#else

bool sixfold::bench::limit_cpuid_to_avx2() { return false; }

#endif
