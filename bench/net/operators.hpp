// Making the library's operators from layers.
#ifndef SIXFOLD_BENCH_NET_OPERATORS_HPP
#define SIXFOLD_BENCH_NET_OPERATORS_HPP

#include <string>
#include <vector>

#include "layer.hpp"
#include "network.hpp"

namespace sixfold::net {

// Each throws an Error with the library's text. The options' backend is forced, if it names one.
Operator make_operator(const Convolution& convolution, const NetworkOptions& options);
Operator make_operator(const FullyConnected& product, const NetworkOptions& options);
Operator make_operator(const Pool& pool, const NetworkOptions& options);
Operator make_operator(const Elementwise& elementwise, size_t channels, const NetworkOptions& options);
Operator make_conversion(sixfold_type from_type, sixfold_layout from_layout, sixfold_type to_type,
                         sixfold_layout to_layout, const NetworkOptions& options);

// What is known of an image's values: one interval, or one a channel; none if nothing is known.
using Intervals = std::vector<sixfold_interval>;

// What the library proves of a layer in fp16, if its inputs keep to these intervals. Needs some for each input.
struct LayerRange {
  sixfold_range whole = sixfold_range_default();
  std::vector<sixfold_channel_range> channels;
};
LayerRange range_of(const Convolution& convolution, const Intervals& input, const Intervals& residual,
                    sixfold_accumulation accumulation);
LayerRange range_of(const FullyConnected& product, const Intervals& input, const Intervals& residual,
                    sixfold_accumulation accumulation);

// Throws if status is not SIXFOLD_OK.
void require(sixfold_status status, const sixfold_error& error);

}  // namespace sixfold::net

#endif
