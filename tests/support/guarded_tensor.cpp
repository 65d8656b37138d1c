#include "guarded_tensor.hpp"

#include <cstring>

namespace sixfold::test {

namespace {

std::size_t element_bytes(sixfold_type type) { return type == SIXFOLD_FP16 ? 2 : 4; }

void put(void* memory, std::size_t offset, sixfold_type type, float value) {
  auto* bytes = static_cast<unsigned char*>(memory) + offset * element_bytes(type);
  if (type == SIXFOLD_FP16) {
    const std::uint16_t half = reference::half_from_double(static_cast<double>(value));
    std::memcpy(bytes, &half, sizeof half);
  } else {
    std::memcpy(bytes, &value, sizeof value);
  }
}

float get(const void* memory, std::size_t offset, sixfold_type type) {
  const auto* bytes = static_cast<const unsigned char*>(memory) + offset * element_bytes(type);
  if (type == SIXFOLD_FP16) {
    std::uint16_t half;
    std::memcpy(&half, bytes, sizeof half);
    return static_cast<float>(reference::half_to_double(half));
  }
  float value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// From the first to the last element of the view: nothing after the last channel of the last pixel belongs to it.
std::size_t view_bytes(const sixfold_tensor& view, std::size_t stride) {
  const std::size_t pixels = view.batch * view.height * view.width;
  if (pixels == 0 || view.channels == 0) return 0;
  return ((pixels - 1) * stride + view.channels) * element_bytes(view.type);
}

sixfold_tensor shape_of(const reference::Image& image) {
  return sixfold_tensor_of(nullptr, image.type, image.batch, image.height, image.width, image.channels);
}

}  // namespace

GuardedTensor::GuardedTensor(const sixfold_tensor& shape, const Layout& layout)
    : view_(shape),
      stride_(shape.channels + layout.gap),
      order_(layout.order),
      buffer_(view_bytes(shape, stride_), layout.placement) {
  view_.data = buffer_.data();
  view_.pixel_stride = layout.implied && layout.gap == 0 ? 0 : stride_;
}

GuardedTensor::GuardedTensor(const reference::Image& image, const Layout& layout)
    : GuardedTensor(shape_of(image), layout) {
  write(image);
}

std::size_t GuardedTensor::offset(std::size_t n, std::size_t y, std::size_t x, std::size_t c) const {
  if (order_ == SIXFOLD_NCHW) return ((n * view_.channels + c) * view_.height + y) * view_.width + x;
  return ((n * view_.height + y) * view_.width + x) * stride_ + c;
}

void GuardedTensor::write(const reference::Image& image) {
  for (std::size_t n = 0; n < view_.batch; ++n) {
    for (std::size_t y = 0; y < view_.height; ++y) {
      for (std::size_t x = 0; x < view_.width; ++x) {
        for (std::size_t c = 0; c < view_.channels; ++c) {
          put(view_.data, offset(n, y, x, c), view_.type, image.at(n, y, x, c));
        }
      }
    }
  }
}

reference::Image GuardedTensor::read() const {
  reference::Image image(view_.type, view_.batch, view_.height, view_.width, view_.channels);
  for (std::size_t n = 0; n < view_.batch; ++n) {
    for (std::size_t y = 0; y < view_.height; ++y) {
      for (std::size_t x = 0; x < view_.width; ++x) {
        for (std::size_t c = 0; c < view_.channels; ++c) {
          image.values[image.index(n, y, x, c)] = get(view_.data, offset(n, y, x, c), view_.type);
        }
      }
    }
  }
  return image;
}

bool GuardedTensor::surroundings_untouched() const {
  if (!buffer_.surroundings_untouched()) return false;
  if (order_ == SIXFOLD_NCHW || buffer_.bytes() == 0) return true;
  const std::size_t size = element_bytes(view_.type);
  const auto* bytes = static_cast<const unsigned char*>(view_.data);
  const std::size_t pixels = view_.batch * view_.height * view_.width;
  for (std::size_t pixel = 0; pixel + 1 < pixels; ++pixel) {
    for (std::size_t i = (pixel * stride_ + view_.channels) * size; i < (pixel + 1) * stride_ * size; ++i) {
      if (bytes[i] != 0xff) return false;
    }
  }
  return true;
}

GuardedBuffer guarded_array(const std::vector<float>& values, sixfold_type type, Placement placement) {
  if (values.empty()) return {};
  GuardedBuffer buffer(values.size() * element_bytes(type), placement);
  for (std::size_t i = 0; i < values.size(); ++i) put(buffer.data(), i, type, values[i]);
  buffer.make_read_only();
  return buffer;
}

}  // namespace sixfold::test
