// A plan: what each layer of a network accumulates in when it runs in fp16, and why. `sixfold-net --precision` makes it and writes
// it as JSON, `--plan` reads it and runs by it.
#ifndef SIXFOLD_BENCH_NET_PLAN_HPP
#define SIXFOLD_BENCH_NET_PLAN_HPP

#include <sixfold/sixfold.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "network.hpp"

namespace sixfold::net {

struct PlannedLayer {
  size_t index = 0;   // of the step
  std::string value;  // what it computes, as the network calls it: by this it is known
  std::string what;   // "Conv 3x3/2 +BatchNormalization +HardSwish"
  sixfold_accumulation accumulation = SIXFOLD_ACCUMULATE_FP32;
  bool proved = false;        // no input of the network can make it overflow; else it was seen not to
  double expected_error = 0;  // of this layer by itself as measured, relative to its largest magnitude; may be infinite
  std::string reason;
};

struct Plan {
  std::string network;
  double threshold = 0;      // that errors were to stay below
  sixfold_interval input{};  // of the network, for which it was proved
  std::vector<PlannedLayer> layers;
};

const char* accumulation_name(sixfold_accumulation accumulation);  // "fp32", "fp16 blocked", "fp16"

nlohmann::json json_of(const Plan& plan);
// Throws an Error that says what is wrong.
Plan plan_of(const nlohmann::json& document);

void write_plan(const Plan& plan, const std::string& path);
Plan read_plan(const std::string& path);

// The options of a network that runs by the plan. Throws unless the plan names just the layers that accumulate.
NetworkOptions planned(NetworkOptions options, const LayerGraph& graph, const Plan& plan);

}  // namespace sixfold::net

#endif
