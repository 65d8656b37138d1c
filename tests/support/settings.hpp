// What the environment says about a test run.
//   SIXFOLD_TEST_SEED   a number, or "random"; printed at the start, so that a failure can be replayed
//   SIXFOLD_TEST_CASES  how many cases a random or swept test takes; lower it under an emulator
//   SIXFOLD_TEST_SLACK  bytes between a buffer's end and its guard page: none, unless an emulator reads all of a masked load
#pragma once

#include <cstddef>
#include <cstdint>

namespace sixfold::test {

std::uint64_t seed();

std::size_t case_count(std::size_t usual);

std::size_t guard_slack();

}  // namespace sixfold::test
