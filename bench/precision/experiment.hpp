// What is tried: the library's fp16 operators on inputs that are exact in fp16, against the same arithmetic in double.
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

// A way to compute a convolution in half precision. Others are added to the list in modes.cpp.
struct Mode {
  const char* name;         // in names of benchmarks
  const char* description;  // in tables
  void (*apply)(sixfold_conv_desc& desc);
};

const std::vector<Mode>& modes();

// Every finite half up to a bound through each activation.
std::vector<Experiment> activation_experiments(const std::string& backend);
// Sums of more and more products, all of one sign or of both.
std::vector<Experiment> accumulation_experiments(const std::string& backend);
// One layer's output after ReLU and after ReLU6, while the values that enter the activation grow.
std::vector<Experiment> relu6_experiments(const std::string& backend);

}  // namespace sixfold::bench
