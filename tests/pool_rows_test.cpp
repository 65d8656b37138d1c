// Every pooling kernel that this CPU can run, forced by name, against the reference.
#include <gtest/gtest.h>

#include <sstream>

#include "reference/pool.hpp"
#include "support/compare.hpp"
#include "support/operator.hpp"
#include "support/random.hpp"
#include "support/rows.hpp"

namespace sixfold::test {
namespace {

struct PoolCase {
  sixfold_pool_desc desc = sixfold_pool_desc_default();
  reference::Image input;
  RunSettings settings;
};

std::string text_of(const PoolCase& test) {
  const sixfold_pool_desc& desc = test.desc;
  std::ostringstream out;
  out << "kind " << desc.kind << ", input " << test.input.batch << " x " << test.input.height << " x "
      << test.input.width << " x " << test.input.channels << " (gap " << test.settings.first.gap << "), kernel "
      << desc.kernel_height << " x " << desc.kernel_width << ", stride " << desc.stride_height << " x "
      << desc.stride_width << ", dilation " << desc.dilation_height << " x " << desc.dilation_width << ", padding "
      << desc.pad_top << " " << desc.pad_left << " " << desc.pad_bottom << " " << desc.pad_right << ", ceil "
      << desc.ceil_mode << ", count padding " << desc.count_include_pad;
  return out.str();
}

// One direction: an image that the window fits into, with padding smaller than the window.
void draw_axis(Random& random, std::size_t& kernel, std::size_t& stride, std::size_t& dilation, std::size_t& before,
               std::size_t& after, std::size_t& size) {
  kernel = random.pick<std::size_t>({1, 2, 2, 3, 3, 4, 7});
  stride = random.between(1, 4);
  dilation = random.one_in(3) ? 2 : 1;
  before = random.below(kernel);
  after = random.below(kernel);
  const std::size_t extent = dilation * (kernel - 1) + 1;
  size = (extent > before + after ? extent - before - after : 1) + random.below(8);
}

PoolCase draw_case(const Row& row, std::size_t channels, Random& random) {
  PoolCase test;
  sixfold_pool_desc& desc = test.desc;
  desc.type = row.arithmetic.type;
  std::size_t height = random.between(1, 9);
  std::size_t width = random.between(1, 9);
  if (row.op == "avgpool" && random.one_in(4)) {
    desc.kind = SIXFOLD_GLOBAL_AVERAGE_POOL;
  } else {
    desc.kind = row.op == "avgpool" ? SIXFOLD_AVERAGE_POOL : SIXFOLD_MAX_POOL;
    draw_axis(random, desc.kernel_height, desc.stride_height, desc.dilation_height, desc.pad_top, desc.pad_bottom,
              height);
    draw_axis(random, desc.kernel_width, desc.stride_width, desc.dilation_width, desc.pad_left, desc.pad_right, width);
    desc.ceil_mode = random.one_in(2) ? 1 : 0;
    desc.count_include_pad = random.one_in(2) ? 1 : 0;
  }
  test.input =
      reference::Image(row.arithmetic.type, random.one_in(10) ? 0 : random.between(1, 3), height, width, channels);
  fill_uniform(test.input, random);
  test.settings.first.gap = random.pick<std::size_t>({0, 1, 9});
  test.settings.output.gap = random.pick<std::size_t>({0, 2, 11});
  return test;
}

class PoolRow : public testing::TestWithParam<Row> {};

TEST_P(PoolRow, EqualsReference) {
  const Row& row = GetParam();
  Random random(stream_of(row.op + row.types()));
  std::size_t exercised = 0;
  const std::size_t count = case_count(180);
  for (std::size_t i = 0; i < count; ++i) {
    // Each number of channels up to two vectors and one; then around a few blocks of vectors.
    const std::size_t channels = i % 20 < 17 ? i % 20 + 1 : random.between(24, 70);
    PoolCase test = draw_case(row, channels, random);
    const reference::Expected expected = reference::pool(test.desc, test.input);
    for (const Placement placement : kPlacements) {
      test.settings.first.placement = test.settings.output.placement = placement;
      const CaseLabel label((row.name + ": " + text_of(test)).c_str());
      const Created created = create(test.desc, forced(row.backend.c_str(), row.name.c_str()));
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text << "\n" << text_of(test);
      ASSERT_EQ(row.name, sixfold_kernel_name(created.op.get()));
      ASSERT_TRUE(agrees(expected, run(created.op.get(), {&test.input}, test.settings))) << text_of(test);
      ++exercised;
    }
  }
  EXPECT_GT(exercised, 0U) << row.name << " was never run";
}

INSTANTIATE_TEST_SUITE_P(All, PoolRow, testing::ValuesIn(supported_rows(kPoolOps)),
                         [](const testing::TestParamInfo<Row>& info) { return info.param.name; });

}  // namespace
}  // namespace sixfold::test
