// The digest of an image: its shape and values.
#pragma once

#include <string>

#include "../../bench/common/digest.hpp"
#include "reference/image.hpp"

namespace sixfold::test {

inline std::string digest_of(const reference::Image& image) {
  bench::Digest digest;
  for (const std::size_t size : {image.batch, image.height, image.width, image.channels}) {
    digest.add(static_cast<std::uint32_t>(size));
  }
  for (const float value : image.values) digest.add(value);
  return digest.text();
}

}  // namespace sixfold::test
