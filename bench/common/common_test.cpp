#include <gtest/gtest.h>

#include <reference/half.hpp>
#include <stdexcept>
#include <thread>

#include "isa_list.hpp"
#include "machine.hpp"
#include "peak.hpp"
#include "round_trip.hpp"
#include "statistics.hpp"
#include "table.hpp"
#include "tensor.hpp"

namespace sixfold::bench {
namespace {

TEST(Median, IsTheMiddle) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({}), 0);
}

TEST(RoundTrip, TakesTimeWhereThereAreTwoCpus) {
  if (std::thread::hardware_concurrency() < 2) {
    EXPECT_EQ(round_trip_ns(), 0.0);
  } else {
    EXPECT_GT(round_trip_ns(), 1.0);
    EXPECT_LT(round_trip_ns(), 1e9);
  }
}

TEST(Table, AlignsItsColumns) {
  const Table table({{"name", 6, Align::left}, {"us", 5}});
  EXPECT_EQ(table.header(), "name       us\n-------------\n");
  EXPECT_EQ(table.row({"conv", "1.5"}), "conv      1.5\n");
  EXPECT_EQ(table.row({"depthwise", "1.5"}), "depthwise    1.5\n");
}

TEST(Half, AgreesWithTheReference) {
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    EXPECT_EQ(static_cast<double>(from_half(half)), reference::half_to_double(half));
    EXPECT_EQ(to_half(from_half(half)), half);
  }
}

TEST(Random, RepeatsAndStaysInItsRange) {
  Random a(1), b(1), c(2);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const float value = a.uniform(-2.0f, 3.0f);
    EXPECT_EQ(value, b.uniform(-2.0f, 3.0f));
    EXPECT_GE(value, -2.0f);
    EXPECT_LE(value, 3.0f);
    differs |= value != c.uniform(-2.0f, 3.0f);
  }
  EXPECT_TRUE(differs);
}

TEST(Peak, IsKnownForEveryBackendOfTheLibrary) {
  for (const BackendStatus& backend : backends_of_this_machine()) {
    if (backend.supported) {
      EXPECT_GT(backend.peak_gflops, 0.0) << backend.name;
    }
  }
}

TEST(Peak, OfAnUnknownBackendIsAnError) {
  EXPECT_THROW(measure_fma_peak_gflops("no such backend"), std::invalid_argument);
  EXPECT_THROW(PeakMeter("no such backend"), std::invalid_argument);
  EXPECT_THROW(measure_bandwidth("no such backend"), std::invalid_argument);
}

}  // namespace
}  // namespace sixfold::bench
