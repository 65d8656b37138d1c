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

// (pixel / 255 - mean) / deviation, in the order of ONNX, on a canvas that is 0 where the picture does not reach.
Constant planes(const Picture& picture, int height, int width, bool blue_first, float mean, float deviation) {
  const auto canvas = static_cast<size_t>(height) * static_cast<size_t>(width);
  std::vector<float> values(kChannels * canvas, 0.0f);
  for (int c = 0; c < kChannels; ++c) {
    const int source = blue_first ? kChannels - 1 - c : c;
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x) {
        const uint8_t pixel = picture.rgb[static_cast<size_t>((y * picture.width + x) * kChannels + source)];
        const size_t at = static_cast<size_t>(c) * canvas + static_cast<size_t>(y * width + x);
        values[at] = (static_cast<float>(pixel) / 255.0f - mean) / deviation;
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
  return planes(resized(picture, scaled, height), height, width, true, 0.5f, 0.5f);
}

Constant scaled_to(const Picture& picture, const Dims& wanted, float mean, float deviation) {
  const int height = size_or(wanted, 2, 224), width = size_or(wanted, 3, 224);
  return planes(resized(picture, width, height), height, width, false, mean, deviation);
}

using Preset = Constant (*)(const Picture&, const Dims&);

const std::map<std::string, Preset>& presets() {
  static const std::map<std::string, Preset> table = {
      {"ppocr-cls", for_text_direction},
      {"unit", [](const Picture& picture, const Dims& wanted) { return scaled_to(picture, wanted, 0.0f, 1.0f); }},
      {"signed-unit",
       [](const Picture& picture, const Dims& wanted) { return scaled_to(picture, wanted, 0.5f, 0.5f); }},
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
