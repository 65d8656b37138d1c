// What the CPU can do and the operating system lets it do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sixfold::arch {

// A set of CPU features. Which bit is which is known to cpu.cpp alone; everyone else speaks of them by name.
using Features = std::uint32_t;

// The features in a list of names separated by spaces. An unknown name is a feature that no CPU has.
Features features_named(const char* names);

// Asks the CPU once; later calls return the same answer without asking.
Features cpu_features();

// Writes the names of `features`, separated by spaces; cuts off at `capacity`. Always terminated.
void write_feature_names(Features features, char* text, std::size_t capacity);

}  // namespace sixfold::arch
