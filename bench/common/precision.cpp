#include "precision.hpp"

#include "peak.hpp"

namespace sixfold::bench {

const char* name_of(const Precision& precision) {
  if (precision.type == SIXFOLD_FP32) return "fp32";
  if (precision.accumulation == SIXFOLD_ACCUMULATE_FP32) return "fp16";
  return precision.accumulation == SIXFOLD_ACCUMULATE_FP16 ? "half" : "blocked";
}

std::vector<std::string> precision_names() {
  std::vector<std::string> names;
  for (const Precision& precision : precisions) names.push_back(name_of(precision));
  return names;
}

bool is_customary(const Precision& precision, const std::string& backend) {
  return !precision.in_halves() || has_half_arithmetic(backend.c_str());
}

}  // namespace sixfold::bench
