#include "cpu.hpp"

#include <atomic>
#include <cstdio>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif (defined(__aarch64__) || defined(__arm__)) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace sixfold::arch {
namespace {

enum Feature : Features {
  feature_avx2 = 1u << 0,
  feature_fma = 1u << 1,
  feature_f16c = 1u << 2,
  feature_neon = 1u << 3,
  feature_vfpv4 = 1u << 4,
  feature_fphp = 1u << 5,
  feature_asimdhp = 1u << 6,
  feature_asimdfhm = 1u << 7,
  feature_avx512f = 1u << 16,
  feature_avx512vl = 1u << 17,
  feature_avx512bw = 1u << 18,
  feature_avx512dq = 1u << 19,
  feature_avx512fp16 = 1u << 20,
  feature_unknown = 1u << 30,
};

struct FeatureName {
  Features feature;
  const char* name;
};

constexpr FeatureName feature_names[] = {
    // x86
    {feature_avx2, "avx2"},
    {feature_fma, "fma"},
    {feature_f16c, "f16c"},
    {feature_avx512f, "avx512f"},
    {feature_avx512vl, "avx512vl"},
    {feature_avx512bw, "avx512bw"},
    {feature_avx512dq, "avx512dq"},
    {feature_avx512fp16, "avx512fp16"},
    // Arm
    {feature_neon, "neon"},
    {feature_vfpv4, "vfpv4"},
    {feature_fphp, "fphp"},
    {feature_asimdhp, "asimdhp"},
    {feature_asimdfhm, "asimdfhm"},
    {feature_unknown, "a feature that this version does not know"},
};

Features feature_of(const char* name, std::size_t length) {
  for (const FeatureName& entry : feature_names) {
    if (std::strlen(entry.name) == length && std::memcmp(entry.name, name, length) == 0) return entry.feature;
  }
  return feature_unknown;
}

#if defined(__x86_64__) || defined(__i386__)

struct Registers {
  unsigned eax, ebx, ecx, edx;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r{};
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);  // leaves zeros where the leaf does not exist
  return r;
}

constexpr bool bit(unsigned value, unsigned index) { return (value >> index & 1u) != 0; }

// Which register states the operating system saves when it switches threads (XCR0).
unsigned saved_states() {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Zero unless the operating system saves the masks and all of the 32 registers.
Features detect_avx512(const Registers& leaf7, unsigned states) {
  if ((states & 0xe6u) != 0xe6u) return 0;
  Features features = 0;
  if (bit(leaf7.ebx, 16)) features |= feature_avx512f;
  if (bit(leaf7.ebx, 17)) features |= feature_avx512dq;
  if (bit(leaf7.ebx, 30)) features |= feature_avx512bw;
  if (bit(leaf7.ebx, 31)) features |= feature_avx512vl;
  if (bit(leaf7.edx, 23)) features |= feature_avx512fp16;
  return features;
}

// Bit numbers: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID; volume 1, chapter 14.
Features detect() {
  const Registers leaf1 = cpuid(1, 0);
  const bool osxsave = bit(leaf1.ecx, 27);
  const unsigned states = osxsave ? saved_states() : 0;
  const bool ymm_usable = bit(leaf1.ecx, 28) && (states & 0x6u) == 0x6u;
  if (!ymm_usable) return 0;

  const Registers leaf7 = cpuid(7, 0);
  Features features = 0;
  if (bit(leaf7.ebx, 5)) features |= feature_avx2;
  if (bit(leaf1.ecx, 12)) features |= feature_fma;
  if (bit(leaf1.ecx, 29)) features |= feature_f16c;
  return features | detect_avx512(leaf7, states);
}

#elif defined(__aarch64__) && defined(__linux__)

// What the kernel says that all cores have.
Features detect() {
  const unsigned long hwcap = getauxval(AT_HWCAP);
  Features features = 0;
  if ((hwcap & HWCAP_ASIMD) != 0) features |= feature_neon;
  if ((hwcap & HWCAP_FPHP) != 0) features |= feature_fphp;
  if ((hwcap & HWCAP_ASIMDHP) != 0) features |= feature_asimdhp;
  if ((hwcap & HWCAP_ASIMDFHM) != 0) features |= feature_asimdfhm;
  return features;
}

#elif defined(__aarch64__) && defined(__APPLE__)

bool says_yes(const char* name) {
  int value = 0;
  std::size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
}

Features detect() {
  Features features = feature_neon;
  if (says_yes("hw.optional.arm.FEAT_FP16")) features |= feature_fphp | feature_asimdhp;
  if (says_yes("hw.optional.arm.FEAT_FHM")) features |= feature_asimdfhm;
  return features;
}

#elif defined(__arm__) && defined(__linux__)

// Bits of the kernel's <asm/hwcap.h>, which spells them differently in C libraries.
Features detect() {
  constexpr unsigned long hwcap_neon = 1u << 12;
  constexpr unsigned long hwcap_vfpv4 = 1u << 16;
  const unsigned long hwcap = getauxval(AT_HWCAP);
  Features features = 0;
  if ((hwcap & hwcap_neon) != 0) features |= feature_neon;
  if ((hwcap & hwcap_vfpv4) != 0) features |= feature_vfpv4;
  return features;
}

#else

Features detect() { return 0; }

#endif

}  // namespace

Features cpu_features() {
  // Two threads may both detect: they store the same value.
  constexpr Features known = 1u << 31;
  static std::atomic<Features> cache{0};
  Features features = cache.load(std::memory_order_relaxed);
  if (features == 0) {
    features = detect() | known;
    cache.store(features, std::memory_order_relaxed);
  }
  return features & ~known;
}

Features features_named(const char* names) {
  Features features = 0;
  while (*names != '\0') {
    const std::size_t length = std::strcspn(names, " ");
    if (length != 0) features |= feature_of(names, length);
    names += length;
    names += std::strspn(names, " ");
  }
  return features;
}

void write_feature_names(Features features, char* text, std::size_t capacity) {
  std::size_t used = 0;
  if (capacity != 0) text[0] = '\0';
  for (const FeatureName& entry : feature_names) {
    if ((features & entry.feature) == 0 || used >= capacity) continue;
    const int length = std::snprintf(text + used, capacity - used, "%s%s", used == 0 ? "" : " ", entry.name);
    if (length > 0) used += static_cast<std::size_t>(length);
  }
}

}  // namespace sixfold::arch
