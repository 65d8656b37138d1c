// A type, and what its products are added up in.
#pragma once

#include <sixfold/sixfold.h>

#include <string>
#include <vector>

namespace sixfold::bench {

struct Precision {
  sixfold_type type = SIXFOLD_FP32;
  sixfold_accumulation accumulation = SIXFOLD_ACCUMULATE_FP32;

  constexpr Precision() = default;
  // A type by itself is added up in fp32.
  constexpr Precision(sixfold_type t, sixfold_accumulation a = SIXFOLD_ACCUMULATE_FP32) : type(t), accumulation(a) {}

  bool in_halves() const { return accumulation != SIXFOLD_ACCUMULATE_FP32; }
  friend bool operator==(const Precision&, const Precision&) = default;
  friend auto operator<=>(const Precision&, const Precision&) = default;
};

// All that the programs know, by their names: "fp32"; "fp16", added up in fp32; "half", added up in fp16; "blocked", in blocks of
// fp16.
inline constexpr Precision precisions[] = {{SIXFOLD_FP32},
                                           {SIXFOLD_FP16},
                                           {SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16},
                                           {SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16_BLOCKED}};

const char* name_of(const Precision& precision);
// For an option: their names, and what they mean.
std::vector<std::string> precision_names();
inline constexpr char precision_help[] =
    "fp32; fp16, added up in fp32; half: fp16, added up in fp16; blocked: in blocks of fp16";

// Whether one is measured when none is asked for: sums of halves only where the backend has instructions for them.
bool is_customary(const Precision& precision, const std::string& backend);

}  // namespace sixfold::bench
