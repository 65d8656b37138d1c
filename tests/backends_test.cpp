// Every backend gives the same values as the portable one: also where the reference allows an interval.
#include <gtest/gtest.h>

#include <bit>

#include "support/compare.hpp"
#include "support/conv_cases.hpp"
#include "support/denormals.hpp"
#include "support/rows.hpp"
#include "support/samples.hpp"

namespace sixfold::test {
namespace {

constexpr char kPortable[] = "scalar";

class BackendPair : public testing::TestWithParam<Backend> {};

TEST_P(BackendPair, Convolutions) {
  Random random(3);
  const std::size_t count = case_count(200);
  for (std::size_t i = 0; i < count; ++i) {
    ConvCase test = make_case(random_shape(random), random_arithmetic(random), EpilogueKind::any, random);
    const CaseLabel label(test.text().c_str());
    const Created portable = create(test.desc, test.arrays, forced(kPortable));
    const Created other = create(test.desc, test.arrays, forced(GetParam().name.c_str()));
    ASSERT_EQ(portable.status, SIXFOLD_OK) << portable.text;
    ASSERT_EQ(other.status, SIXFOLD_OK) << other.text;
    ASSERT_TRUE(same_values(run(portable.op.get(), test.inputs(), test.settings),
                            run(other.op.get(), test.inputs(), test.settings)))
        << test.text();
  }
}

TEST_P(BackendPair, EverySortOfOperator) {
  for (const Arithmetic& arithmetic : kArithmetics) {
    Random same(4);
    const std::vector<Sample> portable = samples(forced(kPortable), arithmetic, same);
    same = Random(4);
    const std::vector<Sample> other = samples(forced(GetParam().name.c_str()), arithmetic, same);
    for (std::size_t i = 0; i < portable.size(); ++i) {
      EXPECT_TRUE(
          same_values(run(portable[i].op.get(), portable[i].inputs()), run(other[i].op.get(), other[i].inputs())))
          << portable[i].name << ", " << arithmetic;
    }
  }
}

// Bit patterns evenly spread over all floats, which includes every sign, exponent and sort of NaN.
reference::Image all_over_the_floats(const std::string& backend) {
  constexpr std::size_t kCount = 1 << 16;
  reference::Image image(SIXFOLD_FP32, 1, 64, 64, kCount / (64 * 64));
  Random random(5);
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto bits = static_cast<std::uint32_t>(i << 16 | random.below(1 << 16));
    image.values[i] = seen_by(backend, std::bit_cast<float>(bits));
  }
  return image;
}

TEST_P(BackendPair, ActivationsOverTheWholeRange) {
  const reference::Image input = all_over_the_floats(GetParam().name);
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    for (const float alpha : {0.25f, 1.0f, -1.5f}) {
      sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
      desc.activation = sixfold_activation_default(static_cast<sixfold_activation_kind>(kind));
      desc.activation.alpha = alpha;
      desc.activation.beta = 2.0f;
      desc.channels = input.channels;
      const std::vector<float> slopes(kind == SIXFOLD_PRELU ? input.channels : 0, alpha);
      const Created portable = create(desc, slopes, forced(kPortable));
      const Created other = create(desc, slopes, forced(GetParam().name.c_str()));
      ASSERT_EQ(portable.status, SIXFOLD_OK) << portable.text;
      ASSERT_EQ(other.status, SIXFOLD_OK) << other.text;
      const reference::Image result = run(portable.op.get(), {&input});
      EXPECT_TRUE(same_values(result, run(other.op.get(), {&input}))) << "kind " << kind << ", alpha " << alpha;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BackendPair, testing::ValuesIn(supported_backends()),
                         [](const testing::TestParamInfo<Backend>& info) { return info.param.name; });

}  // namespace
}  // namespace sixfold::test
