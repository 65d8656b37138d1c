// Creating and running operators from tests.
#pragma once

#include <sixfold/sixfold.h>

#include <memory>
#include <string>
#include <vector>

#include "reference/conv.hpp"
#include "reference/image.hpp"
#include "support/guarded_tensor.hpp"

namespace sixfold::test {

struct Destroy {
  void operator()(sixfold_operator* op) const { sixfold_destroy(op); }
};
using Operator = std::unique_ptr<sixfold_operator, Destroy>;

// What a create function gave.
struct Created {
  Operator op;
  sixfold_status status;
  std::string text;
};

// The arrays are placed in guarded, read-only memory that is unmapped before these return: nothing may be retained.
Created create(const sixfold_conv_desc& desc, const reference::ConvArrays& arrays, const sixfold_options& options,
               Placement placement = Placement::at_end);
Created create(const sixfold_fully_connected_desc& desc, const reference::ConvArrays& arrays,
               const sixfold_options& options, Placement placement = Placement::at_end);
Created create(const sixfold_elementwise_desc& desc, const std::vector<float>& slopes, const sixfold_options& options,
               Placement placement = Placement::at_end);
Created create(const sixfold_pool_desc& desc, const sixfold_options& options);
Created create(const sixfold_convert_desc& desc, const sixfold_options& options);

// The named backend, and the named kernel if it is not NULL.
sixfold_options forced(const char* backend, const char* kernel = nullptr);

// How a run is made.
struct RunSettings {
  Layout first{};
  Layout second{};
  Layout output{};
  int output_is_input = -1;  // the number of an input that is also the output
  std::size_t max_tasks = 1;
  sixfold_parallel_for parallel_for = nullptr;
  void* pool = nullptr;
};

// Runs with every buffer guarded, inputs read-only, and a workspace of just the size asked for. Throws std::runtime_error if
// a call fails, or if anything outside the output's elements was written.
reference::Image run(const sixfold_operator* op, const std::vector<const reference::Image*>& inputs,
                     const RunSettings& settings = {});

}  // namespace sixfold::test
