#include "backends.hpp"

#include <cstdlib>
#include <cstring>

namespace sixfold {

// Defined by arch/<isa>/table.cpp.
namespace avx2 {
extern const KernelTable table;
}
namespace avx512 {
extern const KernelTable table;
}
namespace avx512_fp16 {
extern const KernelTable table;
}
namespace neon {
extern const KernelTable table;
}
namespace neon_fhm {
extern const KernelTable table;
}
namespace neon_fp16 {
extern const KernelTable table;
}
namespace neon_v7 {
extern const KernelTable table;
}
namespace scalar {
extern const KernelTable table;
}

namespace arch {
namespace {

#ifdef SIXFOLD_HAVE_AVX2
constexpr Backend avx2_backend = {"avx2", "x86 with 8-lane vectors, fused multiply-add and half conversions",
                                  "avx2 fma f16c", &avx2::table};
#endif
#ifdef SIXFOLD_HAVE_AVX512
constexpr Backend avx512_backend = {"avx512", "x86 with 16-lane vectors and masks",
                                    "avx2 fma f16c avx512f avx512vl avx512bw avx512dq", &avx512::table};
#endif
#ifdef SIXFOLD_HAVE_AVX512_FP16
constexpr Backend avx512_fp16_backend = {"avx512_fp16", "avx512, and half arithmetic with 32 lanes",
                                         "avx2 fma f16c avx512f avx512vl avx512bw avx512dq avx512fp16",
                                         &avx512_fp16::table};
#endif
#ifdef SIXFOLD_HAVE_NEON
constexpr Backend neon_backend = {"neon", "64-bit Arm with 4-lane vectors", "neon", &neon::table};
#endif
#ifdef SIXFOLD_HAVE_NEON_FP16
constexpr Backend neon_fp16_backend = {"neon_fp16", "neon, and half arithmetic with 8 lanes", "neon fphp asimdhp",
                                       &neon_fp16::table};
#endif
#ifdef SIXFOLD_HAVE_NEON_FHM
constexpr Backend neon_fhm_backend = {"neon_fhm", "neon_fp16, and multiply-adds of halves to floats",
                                      "neon fphp asimdhp asimdfhm", &neon_fhm::table};
#endif
#ifdef SIXFOLD_HAVE_NEON_V7
constexpr Backend neon_v7_backend = {"neon_v7",
                                     "32-bit Arm with 4-lane vectors, fused multiply-add and half conversions",
                                     "neon vfpv4", &neon_v7::table};
#endif
constexpr Backend scalar_backend = {"scalar", "portable C++, one value at a time", "", &scalar::table};

constexpr const Backend* const all_backends[] = {
#ifdef SIXFOLD_HAVE_AVX512_FP16
    &avx512_fp16_backend,
#endif
#ifdef SIXFOLD_HAVE_AVX512
    &avx512_backend,
#endif
#ifdef SIXFOLD_HAVE_AVX2
    &avx2_backend,
#endif
#ifdef SIXFOLD_HAVE_NEON_FHM
    &neon_fhm_backend,
#endif
#ifdef SIXFOLD_HAVE_NEON_FP16
    &neon_fp16_backend,
#endif
#ifdef SIXFOLD_HAVE_NEON
    &neon_backend,
#endif
#ifdef SIXFOLD_HAVE_NEON_V7
    &neon_v7_backend,
#endif
    &scalar_backend,
};

const Backend* find_backend(const char* name) {
  for (const Backend* backend : all_backends) {
    if (std::strcmp(backend->name, name) == 0) return backend;
  }
  return nullptr;
}

const Backend* best_backend() {
  for (const Backend* backend : all_backends) {
    if (missing_features(*backend) == 0) return backend;
  }
  return &scalar_backend;
}

}  // namespace

BackendList backends() { return {all_backends, sizeof all_backends / sizeof all_backends[0]}; }

Features missing_features(const Backend& backend) {
  return features_named(backend.requires_features) & ~cpu_features();
}

Choice choose_backend(const char* name) {
  ChoiceReason reason = ChoiceReason::option;
  if (name == nullptr) {
    name = std::getenv("SIXFOLD_ISA");
    if (name != nullptr && *name == '\0') name = nullptr;
    reason = name != nullptr ? ChoiceReason::environment : ChoiceReason::best;
  }
  if (name == nullptr) return {best_backend(), reason, nullptr, nullptr};

  const Backend* backend = find_backend(name);
  const bool usable = backend != nullptr && missing_features(*backend) == 0;
  return {usable ? backend : nullptr, reason, name, usable ? nullptr : backend};
}

}  // namespace arch
}  // namespace sixfold
