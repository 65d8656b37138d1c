#include "compare.hpp"

#include <cmath>
#include <cstdio>
#include <sstream>

#include "support/denormals.hpp"

namespace sixfold::test {

namespace {

std::string hex(float value) {
  char text[64];
  std::snprintf(text, sizeof text, "%a (%.9g)", static_cast<double>(value), static_cast<double>(value));
  return text;
}

bool holds(const reference::Range& range, float value, bool flushed) {
  if (std::isnan(range.low) || std::isnan(range.high)) return std::isnan(value);
  const float margin = flushed ? flush_margin(value) : 0.0f;
  return range.low - margin <= value && value <= range.high + margin;
}

std::string text_of(const reference::Range& range) {
  std::string text = hex(range.low);
  if (range.low != range.high && !std::isnan(range.low)) text.append(" to ").append(hex(range.high));
  return text;
}

std::string coordinates(const reference::Image& image, std::size_t i) {
  const std::size_t c = i % image.channels;
  const std::size_t x = i / image.channels % image.width;
  const std::size_t y = i / image.channels / image.width % image.height;
  const std::size_t n = i / image.channels / image.width / image.height;
  std::ostringstream text;
  text << "image " << n << ", row " << y << ", column " << x << ", channel " << c;
  return text.str();
}

}  // namespace

testing::AssertionResult agrees(const reference::Expected& expected, const reference::Image& actual) {
  if (expected.type != actual.type || expected.batch != actual.batch || expected.height != actual.height ||
      expected.width != actual.width || expected.channels != actual.channels) {
    return testing::AssertionFailure() << "shape or type differs: expected " << expected.batch << " x "
                                       << expected.height << " x " << expected.width << " x " << expected.channels
                                       << ", got " << actual.batch << " x " << actual.height << " x " << actual.width
                                       << " x " << actual.channels;
  }
  std::size_t wrong = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < actual.values.size(); ++i) {
    if (holds(expected.values[i], actual.values[i], actual.flushed)) continue;
    if (wrong++ == 0) first = i;
  }
  if (wrong == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << wrong << " of " << actual.values.size() << " elements are wrong, the first at "
                                     << coordinates(actual, first) << ": expected " << text_of(expected.values[first])
                                     << ", got " << hex(actual.values[first]);
}

testing::AssertionResult same_values(const reference::Image& a, const reference::Image& b) {
  reference::Expected expected{a.type, a.batch, a.height, a.width, a.channels, {}};
  for (const float value : a.values) expected.values.push_back(reference::exactly(value));
  return agrees(expected, b);
}

}  // namespace sixfold::test
