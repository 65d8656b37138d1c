// The values of every layer as files, to be compared with those of another runtime: one .npy a value, and index.json,
// which maps the value's name in the network to its file.
#ifndef SIXFOLD_BENCH_NET_DUMP_HPP
#define SIXFOLD_BENCH_NET_DUMP_HPP

#include <string>

#include "report.hpp"

namespace sixfold::net {

void dump_values(const Run& run, const std::string& folder);

// Compares the values of a run with such a folder, and prints those that differ by more than `tolerance` of the layer's
// largest magnitude: of its result or, where the layer ends with an activation or an addition, of what that was given,
// since a clamp hides the size of the sums that were rounded. Returns whether all is well. A value that the folder does
// not have is a fault, too, unless the tool made it up.
bool check_values(const Run& run, const std::string& folder, double tolerance);

}  // namespace sixfold::net

#endif
