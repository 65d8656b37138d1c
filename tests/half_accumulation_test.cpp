// One multiply-add rounded to binary16, as every backend has it or emulates it, against exact whole numbers: two steps of a
// convolution, of which the first one makes c, and the second one is the multiply-add. And where the accumulator's own history matters.
#include <gtest/gtest.h>

#include <cmath>

#include "reference/half.hpp"
#include "support/compare.hpp"
#include "support/half_triples.hpp"
#include "support/operator.hpp"
#include "support/rows.hpp"

namespace sixfold::test {
namespace {

float value_of(std::uint16_t bits) { return static_cast<float>(reference::half_to_double(bits)); }

struct Setting {
  std::string backend;
  sixfold_accumulation accumulation;
};

std::ostream& operator<<(std::ostream& out, const Setting& setting) {
  return out << setting.backend << "_" << Arithmetic(SIXFOLD_FP16, setting.accumulation);
}

std::vector<Setting> settings() {
  std::vector<Setting> list;
  for (const Backend& backend : supported_backends()) {
    list.push_back({backend.name, SIXFOLD_ACCUMULATE_FP16});
    list.push_back({backend.name, SIXFOLD_ACCUMULATE_FP16_BLOCKED});
  }
  return list;
}

class HalfAccumulation : public testing::TestWithParam<Setting> {
 protected:
  sixfold_conv_desc half_conv() const {
    sixfold_conv_desc desc = sixfold_conv_desc_default();
    desc.type = desc.weights_type = SIXFOLD_FP16;
    desc.accumulation = GetParam().accumulation;
    return desc;
  }

  Created create_conv(const sixfold_conv_desc& desc, const std::vector<float>& weights) const {
    reference::ConvArrays arrays;
    arrays.weights = weights;
    return create(desc, arrays, forced(GetParam().backend.c_str()));
  }

  // As 1x1 convolution in groups of two input channels and one output channel.
  void expect_in_products(const HalfTriples& triples) const {
    const std::size_t columns = triples.columns();
    sixfold_conv_desc desc = half_conv();
    desc.input_channels = 2 * columns;
    desc.output_channels = desc.groups = columns;
    reference::Image input(SIXFOLD_FP16, 1, 1, triples.rows, 2 * columns);
    for (std::size_t i = 0; i < triples.a.size(); ++i) {
      input.values[2 * i] = value_of(triples.c[i]);
      input.values[2 * i + 1] = value_of(triples.a[i]);
    }
    expect_results(triples, create_conv(desc, weights_of(triples)), input);
  }

  // As depthwise convolution of two columns.
  void expect_in_depthwise(const HalfTriples& triples) const {
    const std::size_t columns = triples.columns();
    sixfold_conv_desc desc = half_conv();
    desc.input_channels = desc.output_channels = desc.groups = columns;
    desc.kernel_width = desc.stride_width = 2;
    reference::Image input(SIXFOLD_FP16, 1, 1, 2 * triples.rows, columns);
    for (std::size_t i = 0; i < triples.a.size(); ++i) {
      const std::size_t row = i / columns;
      input.values[2 * row * columns + i % columns] = value_of(triples.c[i]);
      input.values[(2 * row + 1) * columns + i % columns] = value_of(triples.a[i]);
    }
    expect_results(triples, create_conv(desc, weights_of(triples)), input);
  }

 private:
  static std::vector<float> weights_of(const HalfTriples& triples) {
    std::vector<float> weights;
    for (const std::uint16_t b : triples.b) {
      weights.push_back(1.0f);
      weights.push_back(value_of(b));
    }
    return weights;
  }

  static void expect_results(const HalfTriples& triples, const Created& created, const reference::Image& input) {
    ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
    const reference::Image output = run(created.op.get(), {&input});
    ASSERT_EQ(output.values.size(), triples.expected.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < output.values.size(); ++i) {
      const float expected = value_of(triples.expected[i]);
      if (output.values[i] == expected || (std::isnan(output.values[i]) && std::isnan(expected))) continue;
      if (++wrong > 5) continue;
      ADD_FAILURE() << sixfold_kernel_name(created.op.get()) << ": " << value_of(triples.a[i]) << " * "
                    << value_of(triples.b[i % triples.columns()]) << " + " << value_of(triples.c[i]) << " is "
                    << expected << ", not " << output.values[i];
    }
    EXPECT_EQ(wrong, 0U);
  }
};

// Made once: the exact results take as long as the library's.
const HalfTriples& special_values() {
  static const HalfTriples triples = special_triples(case_count(0x10000));
  return triples;
}

const HalfTriples& values_near_ties() {
  static const HalfTriples triples = [] {
    Random random(11);
    return near_ties(case_count(0x10000), random);
  }();
  return triples;
}

TEST_P(HalfAccumulation, EdgeCases) {
  const auto bits = [](float value) { return reference::half_from_double(static_cast<double>(value)); };
  for (const HalfStep& step : edge_cases()) {
    const HalfTriples one = {1, {bits(step.b)}, {bits(step.a)}, {bits(step.c)}, {bits(step.expected)}};
    for (const float value : {step.a, step.b, step.c, step.expected}) {
      ASSERT_TRUE(std::isnan(value) || value_of(bits(value)) == value) << value << " is no half";
    }
    expect_in_products(one);
    expect_in_depthwise(one);
    // What all else is held against.
    const float reference = value_of(reference::half_fma(one.a[0], one.b[0], one.c[0]));
    EXPECT_TRUE(reference == step.expected || (std::isnan(reference) && std::isnan(step.expected)));
  }
}

// In depthwise kernels alone: the others have the same arithmetic.
TEST_P(HalfAccumulation, EverySumAndProduct) {
  every_sum_and_product(case_count(0x4000), [this](const HalfTriples& triples) { expect_in_depthwise(triples); });
}

TEST_P(HalfAccumulation, SpecialValues) {
  const HalfTriples& triples = special_values();
  expect_in_products(triples);
  expect_in_depthwise(triples);
}

TEST_P(HalfAccumulation, NearTies) {
  const HalfTriples& triples = values_near_ties();
  expect_in_products(triples);
  expect_in_depthwise(triples);
}

TEST_P(HalfAccumulation, AnyBits) {
  Random random(12);
  const HalfTriples triples = random_triples(case_count(5000), random);
  expect_in_products(triples);
  expect_in_depthwise(triples);
}

// ---------------------------------------------------------------------------------------------------------- long chains

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Chain {
  const char* what;
  std::vector<float> inputs;  // against weights of 1
  float bias;
  float in_half;
  float in_blocks;
};

std::vector<float> repeated(std::size_t count, float value) { return std::vector<float>(count, value); }

std::vector<float> joined(std::vector<float> first, const std::vector<float>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

const std::vector<Chain> kChains = {
    {"a block that is just full", repeated(32, 65.0f), 0.0f, 2080.0f, 2080.0f},
    {"ones are lost beside 2048, but not in the next block", joined(repeated(32, 64.0f), repeated(32, 1.0f)), 0.0f,
     2048.0f, 2080.0f},
    {"the 32nd step is of the first block", joined(repeated(16, 128.0f), repeated(16, 1.0f)), -2048.0f, 0.0f, 0.0f},
    {"the 33rd is not", joined(repeated(32, 64.0f), {1.0f}), -2048.0f, 0.0f, 1.0f},
    {"an infinity stays", joined(repeated(3, 32768.0f), repeated(30, -32768.0f)), 0.0f, kInfinity, kInfinity},
    {"the total reaches beyond halves, and comes back", joined(repeated(64, 2016.0f), repeated(32, -2016.0f)), 0.0f,
     kInfinity, 64512.0f},
    {"the bias is added in fp32, and is no half", repeated(2, 1024.0f), 0x1.001p0f, 2050.0f, 2050.0f},
    {"and once", repeated(33, 0.0f), 3.0f, 3.0f, 3.0f},
    {"subnormals are kept", repeated(33, 0x1p-24f), 0.0f, 33 * 0x1p-24f, 33 * 0x1p-24f},
};

TEST_P(HalfAccumulation, ChainsByHand) {
  for (const Chain& chain : kChains) {
    for (const bool depthwise : {false, true}) {
      sixfold_conv_desc desc = half_conv();
      desc.output_channels = 8;
      reference::Image input(SIXFOLD_FP16, 1, 1, 1, 1);
      if (depthwise) {
        desc.input_channels = desc.groups = 8;
        desc.kernel_width = chain.inputs.size();
        input = reference::Image(SIXFOLD_FP16, 1, 1, chain.inputs.size(), 8);
        for (std::size_t i = 0; i < input.values.size(); ++i) input.values[i] = chain.inputs[i / 8];
      } else {
        desc.input_channels = chain.inputs.size();
        input = reference::Image(SIXFOLD_FP16, 1, 1, 1, chain.inputs.size());
        input.values = chain.inputs;
      }
      reference::ConvArrays arrays;
      arrays.weights = repeated(8 * chain.inputs.size(), 1.0f);
      arrays.bias = repeated(8, chain.bias);
      const Created created = create(desc, arrays, forced(GetParam().backend.c_str()));
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      const bool blocked = GetParam().accumulation == SIXFOLD_ACCUMULATE_FP16_BLOCKED;
      const float expected = reference::stored(SIXFOLD_FP16, blocked ? chain.in_blocks : chain.in_half);
      for (const float value : run(created.op.get(), {&input}).values) {
        ASSERT_EQ(value, expected) << sixfold_kernel_name(created.op.get()) << ": " << chain.what;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HalfAccumulation, testing::ValuesIn(settings()),
                         [](const testing::TestParamInfo<Setting>& info) {
                           return testing::PrintToString(info.param);
                         });

}  // namespace
}  // namespace sixfold::test
