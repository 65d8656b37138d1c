// Runs one layer on one backend a number of times, for a counter of instructions to watch:
//
//     layer --list                                   what can be run, a layer, precision and backend a line
//     layer <layer> <precision> <backend> <runs>     prints the kernel and its multiply-adds in one run, as JSON
#include <sixfold/sixfold.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Layer {
  const char* name;
  std::size_t size;  // of input and output, square
  std::size_t kernel;
  std::size_t stride;
  std::size_t input_channels;
  std::size_t output_channels;
  bool depthwise;
  sixfold_activation_kind activation;
};

// Of MobileNetV1, V2 and V3-Large at 224x224.
constexpr Layer layers[] = {
    {"v2.first.3x3s2", 224, 3, 2, 3, 32, false, SIXFOLD_RELU6},
    {"v2.project.56x56", 56, 1, 1, 144, 24, false, SIXFOLD_IDENTITY},
    {"v1.pointwise.14x14", 14, 1, 1, 512, 512, false, SIXFOLD_RELU6},
    {"v2.expand.7x7", 7, 1, 1, 160, 960, false, SIXFOLD_RELU6},
    {"v1.depthwise.3x3.14x14", 14, 3, 1, 512, 512, true, SIXFOLD_RELU6},
    {"v1.depthwise.3x3s2.56x56", 56, 3, 2, 128, 128, true, SIXFOLD_RELU6},
    {"v3.depthwise.5x5.14x14", 14, 5, 1, 672, 672, true, SIXFOLD_HARD_SWISH},
};

struct Precision {
  const char* name;
  sixfold_type type;
  sixfold_accumulation accumulation;
};

constexpr Precision precisions[] = {
    {"f32", SIXFOLD_FP32, SIXFOLD_ACCUMULATE_FP32},
    {"f16f32", SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP32},
    {"f16f16", SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16},
    {"f16blk", SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16_BLOCKED},
};

template <class T, std::size_t N>
const T& named(const T (&items)[N], const char* name) {
  for (const T& item : items) {
    if (std::strcmp(item.name, name) == 0) return item;
  }
  std::fprintf(stderr, "layer: there is no %s\n", name);
  std::exit(2);
}

void stop_on(const sixfold::Error& error) {
  if (!error) return;
  std::fprintf(stderr, "layer: %s\n", error.text());
  std::exit(1);
}

std::size_t taps_of(const Layer& layer) {
  return layer.kernel * layer.kernel * (layer.depthwise ? 1 : layer.input_channels);
}

sixfold::ConvDesc describe(const Layer& layer, const Precision& precision, const std::vector<float>& weights) {
  sixfold::ConvDesc desc;
  desc.type = precision.type;
  desc.accumulation = precision.accumulation;
  desc.kernel_height = desc.kernel_width = layer.kernel;
  desc.stride_height = desc.stride_width = layer.stride;
  desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = (layer.kernel - 1) / 2;
  desc.input_channels = layer.input_channels;
  desc.output_channels = layer.output_channels;
  desc.groups = layer.depthwise ? layer.input_channels : 1;
  desc.weights = weights.data();
  desc.activation = sixfold::activation(layer.activation);
  return desc;
}

sixfold::Operator create(const Layer& layer, const Precision& precision, const char* backend, sixfold::Error& error) {
  const std::vector<float> weights(taps_of(layer) * layer.output_channels);
  sixfold::Options options;
  options.backend = backend;
  return sixfold::Operator::create(describe(layer, precision, weights), error, options);
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// What a backend leaves to another is listed there, and portable code is of no interest.
void list() {
  for (const sixfold_backend_info& backend : sixfold::backends()) {
    if (backend.supported == 0 || *backend.requires_features == '\0') continue;
    for (const Layer& layer : layers) {
      for (const Precision& precision : precisions) {
        sixfold::Error error;
        const sixfold::Operator conv = create(layer, precision, backend.name, error);
        const bool own = !error && ends_with(conv.kernel_name(), std::string("_") + backend.name);
        if (own) std::printf("%s %s %s\n", layer.name, precision.name, backend.name);
      }
    }
  }
}

void run(const Layer& layer, const Precision& precision, const char* backend, int runs) {
  sixfold::Error error;
  const sixfold::Operator conv = create(layer, precision, backend, error);
  stop_on(error);
  const std::size_t element = precision.type == SIXFOLD_FP32 ? sizeof(float) : sizeof(std::uint16_t);
  std::vector<unsigned char> in(layer.size * layer.size * layer.input_channels * element);
  const sixfold_tensor input =
      sixfold_tensor_of(in.data(), precision.type, 1, layer.size, layer.size, layer.input_channels);
  sixfold_tensor output = conv.output_shape(input, error);
  stop_on(error);
  std::vector<unsigned char> out(sixfold::byte_count(output));
  output.data = out.data();
  sixfold::Context context;
  stop_on(context.reserve(conv, input));
  for (int i = 0; i < runs; ++i) stop_on(conv.run(input, output, context));

  const std::size_t multiply_adds = sixfold::element_count(output) * taps_of(layer);
  std::printf("{\"kernel\": \"%s\", \"multiply_adds\": %zu}\n", conv.kernel_name(), multiply_adds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    list();
  } else if (argc == 5) {
    run(named(layers, argv[1]), named(precisions, argv[2]), argv[3], std::atoi(argv[4]));
  } else {
    std::fprintf(stderr, "layer --list | layer <layer> <precision> <backend> <runs>\n");
    return 2;
  }
  return 0;
}
