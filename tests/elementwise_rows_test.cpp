// Every kernel of elementwise operators and conversions that this CPU can run, forced by name, against the reference.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "reference/elementwise.hpp"
#include "support/compare.hpp"
#include "support/conv_cases.hpp"
#include "support/rows.hpp"

namespace sixfold::test {
namespace {

struct ElementwiseCase {
  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  std::vector<float> slopes;
  reference::Image a;
  reference::Image b;
  RunSettings settings;

  std::vector<const reference::Image*> inputs() const {
    return desc.kind == SIXFOLD_ACTIVATE ? std::vector<const reference::Image*>{&a}
                                         : std::vector<const reference::Image*>{&a, &b};
  }
};

std::string text_of(const ElementwiseCase& test) {
  std::ostringstream out;
  out << "a " << test.a.batch << " x " << test.a.height << " x " << test.a.width << " x " << test.a.channels << " (gap "
      << test.settings.first.gap << "), b " << test.b.batch << " x " << test.b.height << " x " << test.b.width
      << " (gap " << test.settings.second.gap << "), activation " << test.desc.activation.kind << " ("
      << test.desc.activation.alpha << ", " << test.desc.activation.beta << "), output in place of input "
      << test.settings.output_is_input << ", output gap " << test.settings.output.gap;
  return out.str();
}

sixfold_elementwise_kind kind_of(const Row& row) {
  return row.op == "add" ? SIXFOLD_ADD : row.op == "multiply" ? SIXFOLD_MULTIPLY : SIXFOLD_ACTIVATE;
}

// An activation whose epilogue this is, whatever else a convolution could put there.
sixfold_activation draw_activation(const Row& row, Random& random) {
  const EpilogueKind epilogue = epilogue_kind(row.epilogue);
  for (;;) {
    const sixfold_activation activation = random_activation(epilogue, random);
    const bool simple = activation.kind <= SIXFOLD_CLAMP || activation.kind == SIXFOLD_HARD_SWISH;
    if (epilogue != EpilogueKind::general || !simple) return activation;
  }
}

ElementwiseCase draw_case(const Row& row, std::size_t channels, Random& random) {
  ElementwiseCase test;
  test.desc.type = row.arithmetic.type;
  test.desc.kind = kind_of(row);
  test.desc.activation = draw_activation(row, random);
  const bool prelu = test.desc.activation.kind == SIXFOLD_PRELU;
  test.desc.channels = prelu || random.one_in(2) ? channels : 0;
  if (prelu) test.slopes = random.uniform(channels, -1.0f, 1.0f);

  const std::size_t batch = random.one_in(12) ? 0 : random.between(1, 3);
  const std::size_t height = random.between(1, 4);
  const std::size_t width = random.between(1, 7);
  test.a = reference::Image(row.arithmetic.type, batch, height, width, channels);
  fill_uniform(test.a, random, -4.0f, 4.0f);
  const std::size_t shape = random.below(3);
  test.b = shape == 0   ? reference::Image(row.arithmetic.type, batch, height, width, channels)
           : shape == 1 ? reference::Image(row.arithmetic.type, batch, 1, 1, channels)
                        : reference::Image(row.arithmetic.type, 1, 1, 1, channels);
  fill_uniform(test.b, random, -4.0f, 4.0f);

  test.settings.first.gap = random.pick<std::size_t>({0, 1, 9});
  test.settings.second.gap = random.pick<std::size_t>({0, 3, 8});
  test.settings.output.gap = random.pick<std::size_t>({0, 2, 11});
  if (random.one_in(4)) test.settings.output_is_input = 0;
  if (shape == 0 && test.desc.kind != SIXFOLD_ACTIVATE && random.one_in(4)) test.settings.output_is_input = 1;
  return test;
}

class ElementwiseRow : public testing::TestWithParam<Row> {};

TEST_P(ElementwiseRow, EqualsReference) {
  const Row& row = GetParam();
  Random random(stream_of(row.op + row.types() + row.epilogue));
  std::size_t exercised = 0;
  const std::size_t count = case_count(120);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t channels = i % 20 < 17    ? i % 20 + 1
                                 : i % 20 == 17 ? random.between(500, 530)
                                                : random.between(18, 70);
    ElementwiseCase test = draw_case(row, channels, random);
    const reference::Expected expected = reference::elementwise(test.desc, test.slopes, test.a, &test.b);
    for (const Placement placement : kPlacements) {
      test.settings.first.placement = test.settings.second.placement = test.settings.output.placement = placement;
      const CaseLabel label((row.name + ": " + text_of(test)).c_str());
      const Created created = create(test.desc, test.slopes, forced(row.backend.c_str(), row.name.c_str()), placement);
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text << "\n" << text_of(test);
      ASSERT_EQ(row.name, sixfold_kernel_name(created.op.get()));
      ASSERT_TRUE(agrees(expected, run(created.op.get(), test.inputs(), test.settings))) << text_of(test);
      ++exercised;
    }
  }
  EXPECT_GT(exercised, 0U) << row.name << " was never run";
}

INSTANTIATE_TEST_SUITE_P(All, ElementwiseRow, testing::ValuesIn(supported_rows(kElementwiseOps)),
                         [](const testing::TestParamInfo<Row>& info) { return info.param.name; });

// ---------------------------------------------------------------------------------------------------------- conversion

class ConvertRow : public testing::TestWithParam<Row> {};

sixfold_convert_desc draw_convert(const Row& row, Random& random) {
  sixfold_convert_desc desc = sixfold_convert_desc_default();
  const std::string types = row.types();
  desc.input_type = types.substr(0, 3) == "f16" ? SIXFOLD_FP16 : SIXFOLD_FP32;
  desc.output_type = types.substr(3) == "f16" ? SIXFOLD_FP16 : SIXFOLD_FP32;
  desc.input_layout = random.pick({SIXFOLD_NHWC, SIXFOLD_NCHW});
  const bool transposes = row.op == "transpose";
  desc.output_layout = (desc.input_layout == SIXFOLD_NCHW) != transposes ? SIXFOLD_NCHW : SIXFOLD_NHWC;
  return desc;
}

TEST_P(ConvertRow, EqualsReference) {
  const Row& row = GetParam();
  Random random(stream_of(row.op + row.types()));
  std::size_t exercised = 0;
  const std::size_t count = case_count(120);
  for (std::size_t i = 0; i < count; ++i) {
    const sixfold_convert_desc desc = draw_convert(row, random);
    const std::size_t channels = i % 20 < 17 ? i % 20 + 1 : random.between(18, 70);
    reference::Image input(desc.input_type, random.one_in(12) ? 0 : random.between(1, 3), random.between(1, 9),
                           random.between(1, 9), channels);
    fill_uniform(input, random, -3000.0f, 3000.0f);
    const reference::Expected expected = reference::convert(desc.output_type, input);
    RunSettings settings;
    settings.first.order = desc.input_layout;
    settings.output.order = desc.output_layout;
    if (desc.input_layout == SIXFOLD_NHWC) settings.first.gap = random.pick<std::size_t>({0, 1, 9});
    if (desc.output_layout == SIXFOLD_NHWC) settings.output.gap = random.pick<std::size_t>({0, 2, 11});
    std::ostringstream text;
    text << row.name << ", " << input.batch << " x " << input.height << " x " << input.width << " x " << channels
         << ", layouts " << desc.input_layout << " to " << desc.output_layout << ", gaps " << settings.first.gap
         << " and " << settings.output.gap;
    for (const Placement placement : kPlacements) {
      settings.first.placement = settings.output.placement = placement;
      const CaseLabel label(text.str().c_str());
      const Created created = create(desc, forced(row.backend.c_str(), row.name.c_str()));
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text << "\n" << text.str();
      ASSERT_EQ(row.name, sixfold_kernel_name(created.op.get()));
      ASSERT_TRUE(agrees(expected, run(created.op.get(), {&input}, settings))) << text.str();
      ++exercised;
    }
  }
  EXPECT_GT(exercised, 0U) << row.name << " was never run";
}

INSTANTIATE_TEST_SUITE_P(All, ConvertRow, testing::ValuesIn(supported_rows(kConvertOps)),
                         [](const testing::TestParamInfo<Row>& info) { return info.param.name; });

TEST(Convert, EveryHalfBothWays) {
  std::vector<float> values;
  for (unsigned bits = 0; bits <= 0xffff; ++bits) {
    values.push_back(static_cast<float>(reference::half_to_double(static_cast<std::uint16_t>(bits))));
  }
  reference::Image halves(SIXFOLD_FP16, 1, 256, 8, 32);
  reference::Image floats(SIXFOLD_FP32, 1, 256, 8, 32);
  halves.values = floats.values = values;
  sixfold_convert_desc widen = sixfold_convert_desc_default();
  widen.input_type = SIXFOLD_FP16;
  sixfold_convert_desc narrow = sixfold_convert_desc_default();
  narrow.output_type = SIXFOLD_FP16;
  // Values halfway to the next half, and one float below and above that.
  reference::Image ties(SIXFOLD_FP32, 1, 3 * 0x7c00 / 31, 1, 31);
  for (unsigned bits = 0; bits < 0x7c00; ++bits) {
    const double value = reference::half_to_double(static_cast<std::uint16_t>(bits));
    const double next = bits == 0x7bff ? 65536.0 : reference::half_to_double(static_cast<std::uint16_t>(bits + 1));
    const auto middle = static_cast<float>((value + next) / 2);
    ties.values[3 * bits] = middle;
    ties.values[3 * bits + 1] = std::nextafter(middle, 0.0f);
    ties.values[3 * bits + 2] = -std::nextafter(middle, 1e10f);
  }
  for (const Backend& backend : supported_backends()) {
    const Created up = create(widen, forced(backend.name.c_str()));
    const Created down = create(narrow, forced(backend.name.c_str()));
    ASSERT_EQ(up.status, SIXFOLD_OK) << up.text;
    ASSERT_EQ(down.status, SIXFOLD_OK) << down.text;
    EXPECT_TRUE(same_values(floats, run(up.op.get(), {&halves}))) << backend.name;
    EXPECT_TRUE(same_values(halves, run(down.op.get(), {&floats}))) << backend.name;
    EXPECT_TRUE(agrees(reference::convert(SIXFOLD_FP16, ties), run(down.op.get(), {&ties}))) << backend.name;
  }
}

}  // namespace
}  // namespace sixfold::test
