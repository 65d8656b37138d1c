// One operator of every sort, with inputs to run it on: for tests of what all operators promise.
#pragma once

#include <string>
#include <vector>

#include "support/arithmetic.hpp"
#include "support/operator.hpp"
#include "support/random.hpp"

namespace sixfold::test {

struct Sample {
  std::string name;
  Operator op;
  std::vector<reference::Image> images;

  std::vector<const reference::Image*> inputs() const {
    std::vector<const reference::Image*> list;
    for (const reference::Image& image : images) list.push_back(&image);
    return list;
  }
};

// Half accumulation concerns convolutions and fully connected layers: only these are made for it. Throws if an operator cannot be
// created. All are large enough to be worth two tasks.
std::vector<Sample> samples(const sixfold_options& options, Arithmetic arithmetic, Random& random);

}  // namespace sixfold::test
