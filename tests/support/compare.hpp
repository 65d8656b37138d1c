// Comparisons that say where, what and how far off.
#pragma once

#include <gtest/gtest.h>

#include "reference/image.hpp"

namespace sixfold::test {

// Each element lies in its range; the sign of a zero and a NaN's payload are free. Where denormals are flushed, it may be off by
// flush_margin().
testing::AssertionResult agrees(const reference::Expected& expected, const reference::Image& actual);

// Equal value for value, in the same sense.
testing::AssertionResult same_values(const reference::Image& a, const reference::Image& b);

}  // namespace sixfold::test
