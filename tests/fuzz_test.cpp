// Random convolutions, with the kernel of the library's own choice, against the reference.
#include <gtest/gtest.h>

#include "support/compare.hpp"
#include "support/conv_cases.hpp"
#include "support/rows.hpp"

namespace sixfold::test {
namespace {

class Fuzz : public testing::TestWithParam<Backend> {};

TEST_P(Fuzz, ConvolutionsEqualReference) {
  const std::size_t count = case_count(300);
  for (std::size_t i = 0; i < count; ++i) {
    Random random(1000 + i);  // so that one case can be drawn again by itself
    ConvShape shape = random_shape(random);
    shape.scaled = can_be_scaled(shape) && random.one_in(2);
    ConvCase test = make_case(shape, random_arithmetic(random), EpilogueKind::any, random);
    test.place(random.pick({Placement::at_end, Placement::at_start}));
    const std::string text = "case " + std::to_string(i) + ": " + test.text();
    const CaseLabel label(text.c_str());
    const Created created =
        create(test.desc, test.arrays, forced(GetParam().name.c_str()), test.settings.output.placement);
    ASSERT_EQ(created.status, SIXFOLD_OK) << created.text << "\n" << text;
    ASSERT_TRUE(agrees(test.expected(), run(created.op.get(), test.inputs(), test.settings))) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Fuzz, testing::ValuesIn(supported_backends()),
                         [](const testing::TestParamInfo<Backend>& info) { return info.param.name; });

}  // namespace
}  // namespace sixfold::test
