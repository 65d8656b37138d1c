#include "settings.hpp"

#include <cstdlib>
#include <random>
#include <string>

namespace sixfold::test {

namespace {

constexpr std::uint64_t kUsualSeed = 6;

std::uint64_t read_seed() {
  const char* text = std::getenv("SIXFOLD_TEST_SEED");
  if (text == nullptr) return kUsualSeed;
  if (std::string(text) == "random") return std::random_device()();
  return std::strtoull(text, nullptr, 0);
}

}  // namespace

std::uint64_t seed() {
  static const std::uint64_t value = read_seed();
  return value;
}

std::size_t case_count(std::size_t usual) {
  const char* text = std::getenv("SIXFOLD_TEST_CASES");
  return text == nullptr ? usual : static_cast<std::size_t>(std::strtoull(text, nullptr, 0));
}

std::size_t guard_slack() {
  const char* text = std::getenv("SIXFOLD_TEST_SLACK");
  return text == nullptr ? 0 : static_cast<std::size_t>(std::strtoull(text, nullptr, 0));
}

}  // namespace sixfold::test
