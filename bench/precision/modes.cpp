#include "experiment.hpp"

namespace sixfold::bench {

const std::vector<Mode>& modes() {
  static const std::vector<Mode> list = {
      {"acc32", "fp16, sums in fp32", [](sixfold_conv_desc& desc) { desc.type = SIXFOLD_FP16; }},
  };
  return list;
}

}  // namespace sixfold::bench
