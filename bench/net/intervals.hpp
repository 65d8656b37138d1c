// What can be said of every value of a network before it runs, from the interval of its input alone.
#ifndef SIXFOLD_BENCH_NET_INTERVALS_HPP
#define SIXFOLD_BENCH_NET_INTERVALS_HPP

#include <map>
#include <string>
#include <vector>

#include "layer.hpp"
#include "operators.hpp"

namespace sixfold::net {

// Of the products of a's and b's values, as halves; none if it is not finite, or one of them is none.
Intervals product_of(const Intervals& a, const Intervals& b);

// The intervals of all values of the network when it runs in fp16, each layer with any of these accumulations that is proved not
// to overflow there. None for a value that may overflow with all of them, or comes of one that may. `inputs` has those of
// the network's inputs.
std::map<std::string, Intervals> intervals_of(const LayerGraph& graph, const std::map<std::string, Intervals>& inputs,
                                              const std::vector<sixfold_accumulation>& accumulations);

// What a layer's operation finds as its first input: where the last input scales it, their product, as halves; else the input
// itself. known(i): the intervals of input i; none if nothing is known.
template <class Known>
Intervals first_input_of(const Convolution& convolution, size_t inputs, const Known& known) {
  const bool scales = convolution.desc.input_scale != SIXFOLD_NO_INPUT_SCALE;
  return scales ? product_of(known(0), known(inputs - 1)) : known(0);
}
template <class Known>
Intervals first_input_of(const FullyConnected&, size_t, const Known& known) {
  return known(0);
}

// The smallest interval of halves that holds all values, rounded to fp16; a channel each. None if one is not finite there.
Intervals observed(const std::vector<float>& values, const Dims& dims);

// What lies in both; `intervals`, if nothing is known of the other.
Intervals common(const Intervals& intervals, const Intervals& other);

// Each interval widened by a fraction of its width at both ends; but not across zero.
Intervals widened(const Intervals& intervals, float fraction);

}  // namespace sixfold::net

#endif
