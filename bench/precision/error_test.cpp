#include "error.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sixfold::bench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(HalfUlp, IsTheDistanceToTheNextHalf) {
  EXPECT_EQ(half_ulp(1.0), 0x1p-10);
  EXPECT_EQ(half_ulp(-1.999), 0x1p-10);
  EXPECT_EQ(half_ulp(2048.0), 2.0);
  EXPECT_EQ(half_ulp(65504.0), 32.0);
  EXPECT_EQ(half_ulp(1e9), 32.0);
  EXPECT_EQ(half_ulp(0x1p-14), 0x1p-24);
  EXPECT_EQ(half_ulp(0x1p-20), 0x1p-24);
  EXPECT_EQ(half_ulp(0.0), 0x1p-24);
}

TEST(ErrorStatistics, MeasureEveryResult) {
  ErrorStatistics errors;
  errors.add(1.0 + 0x1p-11, 1.0);  // half a unit
  errors.add(-4.0, -4.0);
  EXPECT_EQ(errors.count(), 2u);
  EXPECT_EQ(errors.overflows(), 0u);
  EXPECT_EQ(errors.largest_ulp(), 0.5);
  EXPECT_EQ(errors.mean_ulp(), 0.25);
  EXPECT_EQ(errors.largest_absolute(), 0x1p-11);
  EXPECT_EQ(errors.mean_absolute(), 0x1p-12);
  EXPECT_EQ(errors.largest_relative(), 0x1p-11);
  EXPECT_EQ(errors.distinct(), 2u);
  errors.add(-4.0, 0.0);
  EXPECT_EQ(errors.distinct(), 2u);
  EXPECT_EQ(errors.largest_relative(), 0x1p-11);
}

TEST(ErrorStatistics, SignalToNoise) {
  ErrorStatistics errors;
  errors.add(1.0 + 0x1p-11, 1.0);
  errors.add(-4.0, -4.0);
  EXPECT_DOUBLE_EQ(errors.signal_to_noise(), 10 * std::log10(17.0 / 0x1p-22));
}

TEST(ErrorStatistics, CountOverflowsAndLeaveThemOut) {
  ErrorStatistics errors;
  errors.add(infinity, 70000.0);
  errors.add(3.0, 3.0);
  EXPECT_EQ(errors.overflows(), 1u);
  EXPECT_EQ(errors.largest_absolute(), 0.0);
  EXPECT_EQ(errors.signal_to_noise(), infinity);
}

}  // namespace
}  // namespace sixfold::bench
