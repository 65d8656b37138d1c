#include "experiment.hpp"

namespace sixfold::bench {

const std::vector<Mode>& modes() {
  static const std::vector<Mode> list = {
      {"single", "fp32", SIXFOLD_FP32, SIXFOLD_ACCUMULATE_FP32},
      {"acc32", "fp16, sums in fp32", SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP32},
      {"blocked", "fp16, blocked sums", SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16_BLOCKED},
      {"acc16", "fp16, sums in fp16", SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16},
  };
  return list;
}

}  // namespace sixfold::bench
