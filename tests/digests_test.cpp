// Every backend of every CPU gives the values that the digests in golden/digests.txt stand for.
//
// Where values change on purpose, write the file anew and look at what differs:
//     SIXFOLD_WRITE_DIGESTS=tests/golden/digests.txt build/release/tests/sixfold_digests_test
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>

#include "support/denormals.hpp"
#include "support/digest.hpp"
#include "support/digest_cases.hpp"
#include "support/rows.hpp"

namespace sixfold::test {
namespace {

using Digests = std::map<std::string, std::string>;

Digests golden() {
  std::ifstream file(SIXFOLD_GOLDEN_DIGESTS);
  Digests digests;
  for (std::string digest, name; file >> digest >> name;) digests[name] = digest;
  return digests;
}

std::vector<DigestCase> all_cases() {
  std::vector<DigestCase> cases = digest_cases();
  for (DigestCase& denormal : denormal_digest_cases()) cases.push_back(std::move(denormal));
  return cases;
}

bool is_denormal(float value) { return std::fpclassify(value) == FP_SUBNORMAL; }

std::size_t denormals_in(const reference::Image& image) {
  return static_cast<std::size_t>(std::count_if(image.values.begin(), image.values.end(), is_denormal));
}

TEST(Digests, FileHasEachCaseOnce) {
  if (const char* path = std::getenv("SIXFOLD_WRITE_DIGESTS")) {
    std::ofstream file(path);
    for (const DigestCase& test : all_cases()) {
      file << digest_of(test.outputs("scalar")) << " " << test.name << "\n";
    }
    ASSERT_TRUE(file.good()) << path;
    return;
  }
  Digests left = golden();
  for (const DigestCase& test : all_cases()) EXPECT_EQ(left.erase(test.name), 1U) << test.name;
  for (const auto& [name, digest] : left) ADD_FAILURE() << name << " is in the file, but there is no such case";
}

TEST(Digests, DoNotSeeSignsOfZerosAndPayloads) {
  reference::Image image(SIXFOLD_FP32, 1, 1, 1, 2);
  image.values = {0.0f, std::numeric_limits<float>::quiet_NaN()};
  reference::Image other = image;
  other.values = {-0.0f, -std::nanf("5")};
  EXPECT_EQ(digest_of(image), digest_of(other));
  other.values[0] = std::numeric_limits<float>::denorm_min();
  EXPECT_NE(digest_of(image), digest_of(other));
  std::swap(image.values[0], image.values[1]);
  EXPECT_NE(digest_of(image), digest_of(other));
}

class BackendDigests : public testing::TestWithParam<Backend> {
 protected:
  const char* backend() const { return GetParam().name.c_str(); }
};

TEST_P(BackendDigests, AreGolden) {
  const Digests expected = golden();
  for (const DigestCase& test : digest_cases()) {
    const reference::Image output = test.outputs(backend());
    EXPECT_EQ(denormals_in(output), 0U) << test.name;
    const auto found = expected.find(test.name);
    ASSERT_NE(found, expected.end()) << test.name;
    EXPECT_EQ(digest_of(output), found->second) << test.name;
  }
}

// Flushing is the one exception, which must be one: not a single value that is no longer true.
TEST_P(BackendDigests, OfDenormalsAreGolden) {
  const Digests expected = golden();
  const bool flushes = flushes_denormals(GetParam().name);
  std::size_t different = 0;
  std::size_t denormals = 0;
  for (const DigestCase& test : denormal_digest_cases()) {
    const reference::Image output = test.outputs(backend());
    denormals += denormals_in(output);
    const auto found = expected.find(test.name);
    ASSERT_NE(found, expected.end()) << test.name;
    const std::string digest = digest_of(output);
    EXPECT_TRUE(flushes || digest == found->second) << test.name;
    different += digest == found->second ? 0 : 1;
  }
  EXPECT_EQ(different != 0, flushes) << different << " digests differ";
  EXPECT_GT(denormals, 0U) << "no result is denormal: nothing was tested";
}

INSTANTIATE_TEST_SUITE_P(All, BackendDigests, testing::ValuesIn(supported_backends()),
                         [](const testing::TestParamInfo<Backend>& info) { return info.param.name; });

}  // namespace
}  // namespace sixfold::test
