// The ways in which an operator can compute: a type, and what convolutions and fully connected layers accumulate in.
#pragma once

#include <sixfold/sixfold.h>

#include <ostream>
#include <string>
#include <vector>

namespace sixfold::test {

struct Arithmetic {
  sixfold_type type;
  sixfold_accumulation accumulation;

  constexpr Arithmetic(sixfold_type type_, sixfold_accumulation accumulation_ = SIXFOLD_ACCUMULATE_FP32)
      : type(type_), accumulation(accumulation_) {}

  bool accumulates_in_half() const { return accumulation != SIXFOLD_ACCUMULATE_FP32; }

  std::string name() const {
    static const char* const accumulations[] = {"", "_accumulated_in_fp16", "_accumulated_in_fp16_blocks"};
    return (type == SIXFOLD_FP16 ? "fp16" : "fp32") + std::string(accumulations[accumulation]);
  }
};

inline std::ostream& operator<<(std::ostream& out, const Arithmetic& arithmetic) { return out << arithmetic.name(); }

inline const std::vector<Arithmetic> kArithmetics = {
    SIXFOLD_FP32,
    SIXFOLD_FP16,
    {SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16},
    {SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16_BLOCKED},
};

}  // namespace sixfold::test
