// One thing to measure: an operator with its tensors.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "layers.hpp"
#include "name_of.hpp"
#include "precision.hpp"
#include "tensor.hpp"

namespace sixfold::bench {

// An operator that is ready to run on seeded random data.
struct Workload {
  Operator op;
  std::vector<Tensor> inputs;
  std::optional<Tensor> output;  // made to the operator's own idea of its shape

  Workload(Operator op_to_run, std::vector<Tensor> input_tensors);
  void run();

 private:
  std::vector<sixfold_tensor> views_;
};

struct Case {
  std::string name;  // of the benchmark; unique
  std::string backend;
  Precision precision;
  std::string uses;   // by which networks, how often; empty for operators that are not a network's layer
  std::string title;  // what it does
  std::string shape;
  double operations;  // floating-point operations of one run (two a multiply-add), 0 where that is not the measure
  double elements;    // of the output
  double bytes;       // that must move at least once: inputs, weights and output
  std::optional<DistinctLayer> layer;
  std::function<Workload()> make;
};

Case layer_case(const DistinctLayer& layer, const std::string& backend, const Precision& precision);

// Pooling, addition, per-channel scale, activations and conversions, each at one customary size.
std::vector<Case> small_operator_cases(const std::string& backend);

}  // namespace sixfold::bench
