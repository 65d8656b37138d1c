#include "layers.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "name_of.hpp"

namespace sixfold::bench {
namespace {

const char* text_of(LayerKind kind) {
  switch (kind) {
    case LayerKind::conv:
      return "conv";
    case LayerKind::depthwise:
      return "dw";
    case LayerKind::pointwise:
      return "pw";
    case LayerKind::fully_connected:
      return "fc";
  }
  return "?";
}

// One text after another. (g++ 12 warns of overlapping copies in "literal" + std::string, wrongly.)
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::string square(int size) { return joined({std::to_string(size), "x", std::to_string(size)}); }

// Kind, kernel size and stride: "dw 5x5/2".
std::string window_of(const Layer& layer) {
  std::string text = text_of(layer.kind);
  if (layer.kernel > 1) text += joined({" ", square(layer.kernel)});
  if (layer.stride > 1) text += joined({"/", std::to_string(layer.stride)});
  return text;
}

// As in the names of kernels: "hswish", "hsigmoid".
std::string short_name_of(sixfold_activation_kind kind) {
  const std::string name = name_of(kind);
  constexpr std::string_view hard = "hard_";
  return name.rfind(hard, 0) == 0 ? joined({"h", name.substr(hard.size())}) : name;
}

// "dw 5x5/2 relu6" -> "dw_5x5s2_relu6"; a plus sign would mean something to a filter.
std::string with_underscores(const std::string& title) {
  std::string text;
  for (const char c : title) {
    if (c == ' ') text += '_';
    if (c == '/') text += 's';
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') text += c;
  }
  return text;
}

}  // namespace

std::vector<DistinctLayer> distinct_layers() {
  std::vector<DistinctLayer> result;
  for (std::size_t network = 0; network < network_count; ++network) {
    for (const Layer& layer : networks[network].layers) {
      auto found = std::find_if(result.begin(), result.end(), [&](const DistinctLayer& d) { return d.layer == layer; });
      if (found == result.end()) found = result.insert(result.end(), {layer, {}});
      ++found->uses[network];
    }
  }
  return result;
}

std::vector<DistinctLayer> sample_of(const std::vector<DistinctLayer>& layers) {
  constexpr std::int64_t small = 6'000'000;
  std::vector<DistinctLayer> result;
  for (const DistinctLayer& candidate : layers) {
    const bool known = std::any_of(result.begin(), result.end(), [&](const DistinctLayer& d) {
      return window_of(d.layer) == window_of(candidate.layer);
    });
    if (!known && candidate.layer.multiply_adds() <= small) result.push_back(candidate);
  }
  return result;
}

std::string title_of(const Layer& layer) {
  std::string text = window_of(layer);
  if (layer.activation != SIXFOLD_IDENTITY) text += joined({" ", short_name_of(layer.activation)});
  if (layer.residual) text += " +res";
  return text;
}

std::string shape_of(const Layer& layer) {
  return joined({square(layer.size), "x", std::to_string(layer.input_channels), " > ", square(layer.output_size()), "x",
                 std::to_string(layer.output_channels)});
}

std::string identifier_of(const Layer& layer) {
  return joined({with_underscores(title_of(layer)), "_", square(layer.size), "x", std::to_string(layer.input_channels),
                 "_to_", square(layer.output_size()), "x", std::to_string(layer.output_channels)});
}

std::string uses_of(const DistinctLayer& distinct_layer) {
  std::string text;
  for (std::size_t network = 0; network < network_count; ++network) {
    const int uses = distinct_layer.uses[network];
    if (uses == 0) continue;
    if (!text.empty()) text += " ";
    text += networks[network].short_name;
    if (uses > 1) text += joined({":", std::to_string(uses)});
  }
  return text;
}

}  // namespace sixfold::bench
