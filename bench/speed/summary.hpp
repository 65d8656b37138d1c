// What the single results add up to.
#pragma once

#include <vector>

#include "machine.hpp"
#include "reporter.hpp"

namespace sixfold::bench {

// For each network, backend and type: the sum of its layers' medians, and what they would take at the peak of multiply-adds.
void print_network_sums(const std::vector<Result>& results);

// Time in fp16, however it is added up, over time in fp32, by kind of layer.
void print_type_ratios(const std::vector<Result>& results);

// Holds the results of the best backend that was measured against the speeds that must not be lost, and prints what falls
// short. Returns whether all of them hold.
bool check_floors(const std::vector<Result>& results);

}  // namespace sixfold::bench
