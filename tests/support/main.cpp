// The main function of every test: prints the seed first.
#include <gtest/gtest.h>

#include <cstdio>

#include "support/settings.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::printf("SIXFOLD_TEST_SEED=%llu\n", static_cast<unsigned long long>(sixfold::test::seed()));
  return RUN_ALL_TESTS();
}
