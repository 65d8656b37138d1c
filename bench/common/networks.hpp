// The MobileNets of width 1.0, at 224x224 or any other size, expanded at compile time from the tables of the papers:
//   V1       "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", table 1, with the ReLU6 of
//            the weights its authors published
//   V2       "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2
//   V3       "Searching for MobileNetV3", tables 1 (Large) and 2 (Small); squeeze-and-excite to a quarter, rounded to
//            multiples of 8, ReLU between its layers, hard-sigmoid after, as published by the authors
// Layers are what has multiply-adds; steps are all that a network does. The counts are checked against the papers below.
#pragma once

#include <sixfold/sixfold.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace sixfold::bench {

enum class LayerKind { conv, depthwise, pointwise, fully_connected };

struct Layer {
  LayerKind kind;
  int input_channels;
  int output_channels;
  int size;  // height and width of the input
  int kernel;
  int stride;
  sixfold_activation_kind activation;
  bool residual;  // adds an image to its output

  bool operator==(const Layer&) const = default;

  // TensorFlow's "same" padding, which the papers' networks use: the output size is size / stride rounded up, and an odd
  // row or column of padding goes to the end.
  constexpr int output_size() const { return (size + stride - 1) / stride; }
  constexpr int total_padding() const {
    const int needed = (output_size() - 1) * stride + kernel - size;
    return needed > 0 ? needed : 0;
  }
  constexpr int padding_before() const { return total_padding() / 2; }
  constexpr int padding_after() const { return total_padding() - padding_before(); }

  constexpr std::int64_t weights() const {
    const std::int64_t taps = std::int64_t{kernel} * kernel;
    return kind == LayerKind::depthwise ? taps * output_channels : taps * input_channels * output_channels;
  }
  constexpr std::int64_t inputs() const { return std::int64_t{size} * size * input_channels; }
  constexpr std::int64_t outputs() const { return std::int64_t{output_size()} * output_size() * output_channels; }
  constexpr std::int64_t multiply_adds() const { return weights() * output_size() * output_size(); }
  // What must move at least once: input, weights, output, and the residual image.
  constexpr std::int64_t elements_moved() const { return inputs() + weights() + outputs() * (residual ? 2 : 1); }
};

// A list of layers with room for the longest network.
struct LayerList {
  std::array<Layer, 80> layers{};
  std::size_t count = 0;

  constexpr void add(const Layer& layer) { layers[count++] = layer; }
  constexpr const Layer* begin() const { return layers.data(); }
  constexpr const Layer* end() const { return layers.data() + count; }

  constexpr std::int64_t multiply_adds() const {
    std::int64_t sum = 0;
    for (const Layer& layer : *this) sum += layer.multiply_adds();
    return sum;
  }
};

// What a network does one after another. Value 0 is the image that it is given, and step i gives value i + 1.
enum class StepKind {
  layer,
  global_pool,    // the average of each channel
  channel_scale,  // each channel by its factor, as squeeze-and-excite does
};

struct Step {
  StepKind kind;
  int layer;   // its number in the list of layers; -1 for other kinds
  int input;   // a value
  int second;  // the residual image, or the factors; -1 for none
};

struct StepList {
  std::array<Step, 120> steps{};
  std::size_t count = 0;

  constexpr void add(const Step& step) { steps[count++] = step; }
  constexpr const Step* begin() const { return steps.data(); }
  constexpr const Step* end() const { return steps.data() + count; }
};

struct Topology {
  LayerList layers;
  StepList steps;
};

namespace network_tables {

// Builds a network layer by layer, and keeps track of the image between them.
class Builder {
 public:
  constexpr Builder(int size, int channels) : size_(size), channels_(channels) {}

  constexpr void conv(int kernel, int output, int stride, sixfold_activation_kind activation) {
    add(LayerKind::conv, output, kernel, stride, activation);
  }
  constexpr void depthwise(int kernel, int stride, sixfold_activation_kind activation) {
    add(LayerKind::depthwise, channels_, kernel, stride, activation);
  }
  // `residual` is a value to add, or none.
  constexpr void pointwise(int output, sixfold_activation_kind activation, int residual = none) {
    add(LayerKind::pointwise, output, 1, 1, activation, residual);
  }
  constexpr void global_pool() {
    size_ = 1;
    add({StepKind::global_pool, none, value_, none});
  }
  constexpr void fully_connected(int output, sixfold_activation_kind activation) {
    add(LayerKind::fully_connected, output, 1, 1, activation);
  }
  // Computes one factor a channel from the pooled image, and applies them to the image.
  constexpr void squeeze_excite() {
    const int image_size = size_;
    const int image_channels = channels_;
    const int image = value_;
    global_pool();
    fully_connected(multiple_of_8(image_channels / 4), SIXFOLD_RELU);
    fully_connected(image_channels, SIXFOLD_HARD_SIGMOID);
    size_ = image_size;
    add({StepKind::channel_scale, none, image, value_});
  }
  // Expand, filter each channel, project; with a shortcut where input and output have the same shape.
  constexpr void bottleneck(int kernel, int expanded, int output, bool excite, sixfold_activation_kind activation,
                            int stride) {
    const int shortcut = stride == 1 && output == channels_ ? value_ : none;
    if (expanded != channels_) pointwise(expanded, activation);
    depthwise(kernel, stride, activation);
    if (excite) squeeze_excite();
    pointwise(output, SIXFOLD_IDENTITY, shortcut);
  }

  constexpr int channels() const { return channels_; }
  constexpr Topology topology() const { return topology_; }

 private:
  static constexpr int none = -1;

  // To the nearest, but never down by more than a tenth.
  static constexpr int multiple_of_8(int channels) {
    const int rounded = (channels + 4) / 8 * 8;
    const int at_least_8 = rounded < 8 ? 8 : rounded;
    return 10 * at_least_8 < 9 * channels ? at_least_8 + 8 : at_least_8;
  }

  constexpr void add(const Step& step) {
    topology_.steps.add(step);
    value_ = static_cast<int>(topology_.steps.count);
  }
  constexpr void add(LayerKind kind, int output, int kernel, int stride, sixfold_activation_kind activation,
                     int residual = none) {
    const Layer layer{kind, channels_, output, size_, kernel, stride, activation, residual != none};
    add({StepKind::layer, static_cast<int>(topology_.layers.count), value_, residual});
    topology_.layers.add(layer);
    size_ = layer.output_size();
    channels_ = output;
  }

  int size_;
  int channels_;
  int value_ = 0;
  Topology topology_;
};

constexpr int image_channels = 3;
constexpr int classes = 1000;

constexpr Topology mobilenet_v1(int image_size) {
  struct Separable {
    int stride;
    int output;
  };
  constexpr Separable table[] = {{1, 64},  {2, 128}, {1, 128}, {2, 256}, {1, 256},  {2, 512}, {1, 512},
                                 {1, 512}, {1, 512}, {1, 512}, {1, 512}, {2, 1024}, {1, 1024}};
  Builder net(image_size, image_channels);
  net.conv(3, 32, 2, SIXFOLD_RELU6);
  for (const Separable& row : table) {
    net.depthwise(3, row.stride, SIXFOLD_RELU6);
    net.pointwise(row.output, SIXFOLD_RELU6);
  }
  net.global_pool();
  net.fully_connected(classes, SIXFOLD_IDENTITY);
  return net.topology();
}

constexpr Topology mobilenet_v2(int image_size) {
  struct Stage {
    int expansion;
    int output;
    int repeats;
    int stride;  // of the first
  };
  constexpr Stage table[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  Builder net(image_size, image_channels);
  net.conv(3, 32, 2, SIXFOLD_RELU6);
  for (const Stage& row : table) {
    for (int i = 0; i < row.repeats; ++i) {
      net.bottleneck(3, row.expansion * net.channels(), row.output, false, SIXFOLD_RELU6, i == 0 ? row.stride : 1);
    }
  }
  net.pointwise(1280, SIXFOLD_RELU6);
  net.global_pool();
  net.fully_connected(classes, SIXFOLD_IDENTITY);
  return net.topology();
}

struct Bottleneck {
  int kernel;
  int expanded;
  int output;
  bool excite;
  sixfold_activation_kind activation;
  int stride;
};

template <std::size_t N>
constexpr Topology mobilenet_v3(const Bottleneck (&table)[N], int last_pointwise, int features, int image_size) {
  Builder net(image_size, image_channels);
  net.conv(3, 16, 2, SIXFOLD_HARD_SWISH);
  for (const Bottleneck& row : table) {
    net.bottleneck(row.kernel, row.expanded, row.output, row.excite, row.activation, row.stride);
  }
  net.pointwise(last_pointwise, SIXFOLD_HARD_SWISH);
  net.global_pool();
  net.fully_connected(features, SIXFOLD_HARD_SWISH);
  net.fully_connected(classes, SIXFOLD_IDENTITY);
  return net.topology();
}

constexpr Topology mobilenet_v3_large(int image_size) {
  constexpr sixfold_activation_kind re = SIXFOLD_RELU;
  constexpr sixfold_activation_kind hs = SIXFOLD_HARD_SWISH;
  constexpr Bottleneck table[] = {
      {3, 16, 16, false, re, 1},  {3, 64, 24, false, re, 2},  {3, 72, 24, false, re, 1},  {5, 72, 40, true, re, 2},
      {5, 120, 40, true, re, 1},  {5, 120, 40, true, re, 1},  {3, 240, 80, false, hs, 2}, {3, 200, 80, false, hs, 1},
      {3, 184, 80, false, hs, 1}, {3, 184, 80, false, hs, 1}, {3, 480, 112, true, hs, 1}, {3, 672, 112, true, hs, 1},
      {5, 672, 160, true, hs, 2}, {5, 960, 160, true, hs, 1}, {5, 960, 160, true, hs, 1},
  };
  return mobilenet_v3(table, 960, 1280, image_size);
}

// The paper's table also marks the last pointwise layer as squeezed and excited; the published network is not.
constexpr Topology mobilenet_v3_small(int image_size) {
  constexpr sixfold_activation_kind re = SIXFOLD_RELU;
  constexpr sixfold_activation_kind hs = SIXFOLD_HARD_SWISH;
  constexpr Bottleneck table[] = {
      {3, 16, 16, true, re, 2},  {3, 72, 24, false, re, 2}, {3, 88, 24, false, re, 1}, {5, 96, 40, true, hs, 2},
      {5, 240, 40, true, hs, 1}, {5, 240, 40, true, hs, 1}, {5, 120, 48, true, hs, 1}, {5, 144, 48, true, hs, 1},
      {5, 288, 96, true, hs, 2}, {5, 576, 96, true, hs, 1}, {5, 576, 96, true, hs, 1},
  };
  return mobilenet_v3(table, 576, 1024, image_size);
}

}  // namespace network_tables

constexpr int customary_image_size = 224;

struct Network {
  const char* name;
  const char* short_name;
  Topology (*topology)(int image_size);
  LayerList layers;  // for the customary size
};

constexpr Network make_network(const char* name, const char* short_name, Topology (*topology)(int image_size)) {
  return {name, short_name, topology, topology(customary_image_size).layers};
}

constexpr std::size_t network_count = 4;

inline constexpr std::array<Network, network_count> networks = {
    {make_network("MobileNetV1", "v1", network_tables::mobilenet_v1),
     make_network("MobileNetV2", "v2", network_tables::mobilenet_v2),
     make_network("MobileNetV3-Large", "v3l", network_tables::mobilenet_v3_large),
     make_network("MobileNetV3-Small", "v3s", network_tables::mobilenet_v3_small)}};

// The papers' own figures, in millions of multiply-adds: 569, 300, 219 and 56.
static_assert(networks[0].layers.multiply_adds() / 1'000'000 == 568);
static_assert(networks[1].layers.multiply_adds() / 1'000'000 == 300);
static_assert(networks[2].layers.multiply_adds() / 1'000'000 == 216);
static_assert(networks[3].layers.multiply_adds() / 1'000'000 == 56);

}  // namespace sixfold::bench
