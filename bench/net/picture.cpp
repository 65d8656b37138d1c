#include "picture.hpp"

#include <stb_image.h>
#include <stb_image_resize.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <sstream>

namespace sixfold::net {
namespace {

constexpr int kChannels = 3;

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

Picture resized(const Picture& picture, int width, int height) {
  Picture result{width, height,
                 std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height) * kChannels)};
  if (!stbir_resize_uint8(picture.rgb.data(), picture.width, picture.height, 0, result.rgb.data(), width, height, 0,
                          kChannels)) {
    throw Error("cannot resize the picture to " + size_text(width, height));
  }
  return result;
}

// How 8-bit pixels become numbers: (pixel / 255 - mean) / deviation, each channel in its order.
struct Scaling {
  bool blue_first;
  float mean[kChannels];
  float deviation[kChannels];
};

constexpr Scaling kUnit = {false, {0.0f, 0.0f, 0.0f}, {1.0f, 1.0f, 1.0f}};
constexpr Scaling kSignedUnit = {false, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};
constexpr Scaling kSignedUnitBlueFirst = {true, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};
constexpr Scaling kImagenet = {false, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
constexpr Scaling kImagenetBlueFirst = {true, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};

// In the order of ONNX, on a canvas that is 0 where the picture does not reach.
Constant planes(const Picture& picture, int height, int width, const Scaling& scaling) {
  const auto canvas = static_cast<size_t>(height) * static_cast<size_t>(width);
  std::vector<float> values(kChannels * canvas, 0.0f);
  for (int c = 0; c < kChannels; ++c) {
    const int source = scaling.blue_first ? kChannels - 1 - c : c;
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x) {
        const uint8_t pixel = picture.rgb[static_cast<size_t>((y * picture.width + x) * kChannels + source)];
        const size_t at = static_cast<size_t>(c) * canvas + static_cast<size_t>(y * width + x);
        values[at] = (static_cast<float>(pixel) / 255.0f - scaling.mean[c]) / scaling.deviation[c];
      }
    }
  }
  return Constant::of_floats({1, kChannels, height, width}, std::move(values));
}

int size_or(const Dims& wanted, size_t axis, int otherwise) {
  return wanted.size() == 4 && wanted[axis] > 0 ? static_cast<int>(wanted[axis]) : otherwise;
}

// The text-direction classifier of PaddleOCR: 48 high, ratio kept, at most 192 wide, zeros to the right of it.
Constant for_text_direction(const Picture& picture, const Dims& wanted) {
  const int height = size_or(wanted, 2, 48), width = size_or(wanted, 3, 192);
  const double ratio = static_cast<double>(picture.width) / picture.height;
  const int scaled = std::clamp(static_cast<int>(std::ceil(height * ratio)), 1, width);
  return planes(resized(picture, scaled, height), height, width, kSignedUnitBlueFirst);
}

// Its text detector: the picture's own size, rounded to multiples of 32.
Constant for_text_detection(const Picture& picture, const Dims& wanted) {
  const auto rounded = [](int size) { return std::max(32, (size + 16) / 32 * 32); };
  const int height = size_or(wanted, 2, rounded(picture.height)), width = size_or(wanted, 3, rounded(picture.width));
  return planes(resized(picture, width, height), height, width, kImagenetBlueFirst);
}

template <const Scaling& scaling>
Constant scaled_to_network(const Picture& picture, const Dims& wanted) {
  const int height = size_or(wanted, 2, 224), width = size_or(wanted, 3, 224);
  return planes(resized(picture, width, height), height, width, scaling);
}

using Preset = Constant (*)(const Picture&, const Dims&);

const std::map<std::string, Preset>& presets() {
  static const std::map<std::string, Preset> table = {
      {"ppocr-cls", for_text_direction},
      {"ppocr-det", for_text_detection},
      {"unit", scaled_to_network<kUnit>},               // 0 to 1
      {"signed-unit", scaled_to_network<kSignedUnit>},  // -1 to 1
      {"imagenet", scaled_to_network<kImagenet>},       // less the mean of ImageNet, by its standard deviation
  };
  return table;
}

}  // namespace

Picture load_picture(const std::string& path) {
  Picture picture;
  int channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load(path.c_str(), &picture.width, &picture.height, &channels, kChannels), stbi_image_free);
  if (!pixels) throw Error("cannot read the picture " + path + ": " + stbi_failure_reason());
  const auto bytes = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height) * kChannels;
  picture.rgb.assign(pixels.get(), pixels.get() + bytes);
  return picture;
}

Picture cropped(const Picture& picture, const Crop& crop) {
  if (crop.x < 0 || crop.y < 0 || crop.width < 1 || crop.height < 1 || crop.x + crop.width > picture.width ||
      crop.y + crop.height > picture.height) {
    throw Error("the crop does not lie within the picture of " + size_text(picture.width, picture.height));
  }
  Picture result{crop.width, crop.height, {}};
  for (int y = crop.y; y < crop.y + crop.height; ++y) {
    const auto row = picture.rgb.begin() + (y * picture.width + crop.x) * kChannels;
    result.rgb.insert(result.rgb.end(), row, row + crop.width * kChannels);
  }
  return result;
}

Picture turned_by_180(const Picture& picture) {
  Picture result = picture;
  const size_t pixels = picture.rgb.size() / kChannels;
  for (size_t i = 0; i < pixels; ++i) {
    std::copy_n(&picture.rgb[i * kChannels], kChannels, &result.rgb[(pixels - 1 - i) * kChannels]);
  }
  return result;
}

Picture mirrored(const Picture& picture) {
  Picture result = picture;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const int from = (y * picture.width + picture.width - 1 - x) * kChannels,
                to = (y * picture.width + x) * kChannels;
      std::copy_n(&picture.rgb[static_cast<size_t>(from)], kChannels, &result.rgb[static_cast<size_t>(to)]);
    }
  }
  return result;
}

Picture brightened(const Picture& picture, double factor) {
  Picture result = picture;
  for (uint8_t& value : result.rgb) value = static_cast<uint8_t>(std::clamp(std::lround(value * factor), 0L, 255L));
  return result;
}

std::vector<Picture> variations(const Picture& picture, size_t count) {
  constexpr double factors[] = {1.0, 0.6, 1.3, 0.8, 1.15};
  const int width = std::max(1, picture.width * 7 / 8), height = std::max(1, picture.height * 7 / 8);
  std::vector<Picture> result;
  for (size_t i = 0; i < count; ++i) {
    // Multiples of two irrational numbers spread evenly over the places that the part can have.
    const double u = std::fmod(static_cast<double>(i) * 0.754877666, 1.0),
                 v = std::fmod(static_cast<double>(i) * 0.569840291, 1.0);
    const int x = static_cast<int>(u * (picture.width - width + 1)),
              y = static_cast<int>(v * (picture.height - height + 1));
    Picture part = brightened(cropped(picture, {x, y, width, height}), factors[i % 5]);
    result.push_back(i % 2 == 0 ? std::move(part) : mirrored(part));
  }
  return result;
}

Crop parse_crop(const std::string& text) {
  std::istringstream stream(text);
  Crop crop;
  char comma[3] = {};
  stream >> crop.x >> comma[0] >> crop.y >> comma[1] >> crop.width >> comma[2] >> crop.height;
  if (!stream || !stream.eof() || comma[0] != ',' || comma[1] != ',' || comma[2] != ',') {
    throw Error("a crop is x,y,width,height, but this is " + text);
  }
  return crop;
}

std::vector<std::string> preprocess_names() {
  std::vector<std::string> names;
  for (const auto& [name, preset] : presets()) names.push_back(name);
  return names;
}

Constant preprocess(const std::string& preset, const Picture& picture, const Dims& wanted) {
  const auto found = presets().find(preset);
  if (found == presets().end()) throw Error("there is no preprocessing called " + preset);
  return found->second(picture, wanted);
}

}  // namespace sixfold::net
