// Keras models, as TensorFlow.js stores them, made into ONNX files.
#ifndef SIXFOLD_BENCH_NET_KERAS_HPP
#define SIXFOLD_BENCH_NET_KERAS_HPP

#include <string>

namespace sixfold::net {

// `topology` is a TensorFlow.js layers model in JSON (modelTopology and weightsManifest), `weights` its weights, all
// shards in one. Weights may be floats or 8-bit affine (value * scale + min). Knows the layers of MobileNets:
// convolutions, batch norm, ReLU, padding, Add, pools, Flatten, Dense, Dropout. Node and value names are those of the
// Keras layers. Throws an Error that names a layer it does not know.
void convert_keras(const std::string& topology, const std::string& weights, const std::string& destination);

}  // namespace sixfold::net

#endif
