// From a picture to the input of a network.
#ifndef SIXFOLD_BENCH_NET_PICTURE_HPP
#define SIXFOLD_BENCH_NET_PICTURE_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "graph.hpp"

namespace sixfold::net {

struct Picture {  // 8 bits a channel, red, green, blue
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;
};

struct Crop {
  int x = 0, y = 0, width = 0, height = 0;
};

// PNG, JPEG and whatever else stb_image reads.
Picture load_picture(const std::string& path);

Picture cropped(const Picture& picture, const Crop& crop);
Picture turned_by_180(const Picture& picture);

Picture mirrored(const Picture& picture);  // left and right
Picture brightened(const Picture& picture, double factor);

// Pictures much like this one, all of one size: parts of it, every other one mirrored, darker and brighter.
std::vector<Picture> variations(const Picture& picture, size_t count);

// "x,y,width,height".
Crop parse_crop(const std::string& text);

// How a network wants its picture. The names are those of --preprocess.
std::vector<std::string> preprocess_names();

// The network's input, 1 x 3 x height x width. `wanted` are the dimensions that the network declares (-1 where it
// leaves them open); where a network is open, the preset says.
Constant preprocess(const std::string& preset, const Picture& picture, const Dims& wanted);

}  // namespace sixfold::net

#endif
