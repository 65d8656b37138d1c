// What is tried: the library's operators in half precision, against the true values.
#pragma once

#include <sixfold/sixfold.h>

#include <functional>
#include <string>
#include <vector>

#include "error.hpp"

namespace sixfold::bench {

struct Experiment {
  std::string section;    // a heading: experiments of one section stand in one table
  std::string name;       // of the benchmark; unique, no blanks
  std::string subject;    // what is computed, in the table
  std::string mode;       // in which arithmetic
  std::string parameter;  // the input range or the length
  std::function<ErrorStatistics()> run;
};

// A way to compute a convolution. Others are added to the list in modes.cpp.
struct Mode {
  const char* name;         // in names of benchmarks
  const char* description;  // in tables
  sixfold_type type;        // that its tensors are stored in
  sixfold_accumulation accumulation;
};

const std::vector<Mode>& modes();

// Activations of real numbers up to a growing bound, which are rounded to fp16 on the way in and on the way out.
std::vector<Experiment> scale_experiments(const std::string& backend);
// Batch norm before and after the activation, folded and as an operator of its own, down to a variance of 0.
std::vector<Experiment> batch_norm_experiments(const std::string& backend);
// Blocks of expansion, activation and linear projection, as in MobileNetV2, and what else the activations could be.
std::vector<Experiment> bottleneck_experiments(const std::string& backend);
// Every finite half up to a bound through each activation.
std::vector<Experiment> activation_experiments(const std::string& backend);
// Sums of more and more products, all of one sign or of both.
std::vector<Experiment> accumulation_experiments(const std::string& backend);
// One layer's output after ReLU and after ReLU6, while the values that enter the activation grow.
std::vector<Experiment> relu6_experiments(const std::string& backend);

}  // namespace sixfold::bench
