// A network in the terms of the library: each layer is one operator of Sixfold, or one of the few things around them
// that move or rename data. Lowering makes one layer (or a few) of each ONNX node; fusing then merges them.
#ifndef SIXFOLD_BENCH_NET_LAYER_HPP
#define SIXFOLD_BENCH_NET_LAYER_HPP

#include <sixfold/sixfold.h>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "graph.hpp"

namespace sixfold::net {

// gamma * (x - mean) / sqrt(variance + epsilon) + beta, one value a channel: batch norm, and with it any scale and
// shift.
struct Affine {
  std::vector<float> mean, variance, gamma, beta;
  float epsilon = 0.0f;

  size_t channels() const { return gamma.size(); }
  double scale(size_t channel) const;
  double shift(size_t channel) const;
  static Affine scale_and_shift(std::vector<float> scale, std::vector<float> shift);
};

// `second` applied to the result of `first`.
Affine composed(const Affine& first, const Affine& second);

struct Activation {
  sixfold_activation_kind kind = SIXFOLD_IDENTITY;
  float alpha = 0.0f;
  float beta = 0.0f;
  std::vector<float> slopes;

  sixfold_activation descriptor() const;  // points into slopes
};

// What the library does to a finished sum, in this order: batch norm, residual before, activation, batch norm, residual
// after.
struct Epilogue {
  std::optional<Affine> before;
  Activation activation;
  std::optional<Affine> after;
  sixfold_residual residual = SIXFOLD_NO_RESIDUAL;  // the residual is the layer's second input
};

struct Convolution {
  // Sizes, and whether the last input scales the first; pointers are set when the operator is made.
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  std::vector<float> weights;  // OIHW
  std::vector<float> bias;     // or empty
  Epilogue epilogue;
};

struct FullyConnected {
  size_t input_features = 0, output_features = 0;
  std::vector<float> weights;  // [output][input]
  std::vector<float> bias;     // or empty
  Epilogue epilogue;
};

struct Pool {
  sixfold_pool_desc desc = sixfold_pool_desc_default();
};

struct Elementwise {
  sixfold_elementwise_kind kind = SIXFOLD_ACTIVATE;
  Activation activation;
};

struct Scale {  // an Affine that no convolution took in; runs as a depthwise 1x1 convolution
  Affine affine;
};

struct Pad {  // zeros around the image; must be taken in by the convolution that follows
  size_t top = 0, left = 0, bottom = 0, right = 0;
};

struct Reshape {};  // same elements in the order of ONNX (NCHW), other dimensions

struct Concat {};  // along channels

struct Transpose {
  std::vector<int64_t> order;
};

struct Softmax {
  size_t axis = 1;
  bool to_the_end = false;  // over all dimensions from axis on, as before opset 13
};

struct Upsample {  // each pixel becomes a block of equal pixels
  size_t vertical = 1, horizontal = 1;
};

struct DepthToSpace {  // channels in the order [row][column][channel] become a block of pixels
  size_t rows = 1, columns = 1;
};

using Operation = std::variant<Convolution, FullyConnected, Pool, Elementwise, Scale, Pad, Reshape, Concat, Transpose,
                               Softmax, Upsample, DepthToSpace>;

struct Layer {
  std::string name;                 // of the node that gives the result
  std::vector<std::string> nodes;   // names of all nodes in it
  std::vector<std::string> types;   // and their types
  std::vector<std::string> values;  // and their results; the last is the layer's own
  std::vector<std::string> inputs;
  std::string output;
  Operation operation;
};

// Layers in execution order, and the shape of every value in the order of ONNX.
struct LayerGraph {
  std::vector<Layer> layers;
  std::map<std::string, Dims> dims;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;       // as the values are called here
  std::vector<std::string> output_names;  // as the file calls them
};

// "Conv+BatchNormalization+HardSwish".
std::string joined_types(const Layer& layer);

// An ONNX shape as the library sees it. Dimension 1 is the channels; one dimension alone is channels as well.
struct Image {
  size_t batch = 1, height = 1, width = 1, channels = 1;

  size_t pixels() const { return batch * height * width; }
  size_t elements() const { return pixels() * channels; }
  // Do NHWC and the order of ONNX agree for this shape?
  bool same_order() const { return channels == 1 || height * width == 1; }
};

Image image_of(const Dims& dims);  // throws for more than 4 dimensions

}  // namespace sixfold::net

#endif
