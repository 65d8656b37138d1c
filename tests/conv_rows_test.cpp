// Every kernel of convolutions and fully connected layers that this CPU can run, forced by name, against the reference: shapes
// that hit every tail, every option, all buffers against guard pages on one side and on the other.
#include <gtest/gtest.h>

#include "support/compare.hpp"
#include "support/conv_cases.hpp"
#include "support/rows.hpp"

namespace sixfold::test {
namespace {

class ConvRow : public testing::TestWithParam<Row> {
 protected:
  const Row& row() const { return GetParam(); }
  sixfold_options options() const { return forced(row().backend.c_str(), row().name.c_str()); }
  Random random() const { return Random(stream_of(row().op + row().types() + row().epilogue)); }

  // False if the kernel cannot do this case at all.
  bool exercise(ConvCase& test) {
    const reference::Expected expected = test.expected();
    for (const Placement placement : kPlacements) {
      test.place(placement);
      const CaseLabel label((row().name + ": " + test.text()).c_str());
      const Created created = create(test.desc, test.arrays, options(), placement);
      if (created.status == SIXFOLD_UNSUPPORTED) {
        EXPECT_NE(created.text.find(row().name), std::string::npos) << created.text;
        return false;
      }
      EXPECT_EQ(created.status, SIXFOLD_OK) << created.text << "\n" << test.text();
      if (created.op == nullptr) return true;
      EXPECT_EQ(row().name, sixfold_kernel_name(created.op.get()));
      EXPECT_TRUE(agrees(expected, run(created.op.get(), test.inputs(), test.settings))) << test.text();
    }
    return true;
  }

  void exercise_all(const std::vector<ConvShape>& shapes, bool all_must_fit) {
    Random draws = random();
    std::size_t exercised = 0;
    for (const ConvShape& shape : thinned(shapes, case_count(shapes.size()))) {
      ConvCase test = make_case(shape, row().arithmetic, epilogue_kind(row().epilogue), draws);
      const bool ran = exercise(test);
      if (HasFailure()) return;  // one case is enough to look into
      if (ran) ++exercised;
      // A layer with one input channel a group is depthwise, which a matrix product may leave to others.
      EXPECT_TRUE(ran || !all_must_fit || shape.input_channels == shape.groups) << test.text();
    }
    EXPECT_GT(exercised, 0U) << row().name << " was never run";
  }
};

TEST_P(ConvRow, EqualsReference) {
  Random draws = random();
  if (row().op == "gemm") {
    exercise_all(gemm_shapes(draws), true);
  } else {
    exercise_all(depthwise_shapes(draws), false);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ConvRow, testing::ValuesIn(supported_rows(kConvOps)),
                         [](const testing::TestParamInfo<Row>& info) { return info.param.name; });

class FirstLayerRow : public ConvRow {};

TEST_P(FirstLayerRow, EqualsReference) {
  Random draws = random();
  for (const ConvShape& shape : first_layer_shapes(draws)) {
    ConvCase test = make_case(shape, row().arithmetic, epilogue_kind(row().epilogue), draws);
    test.settings.first.gap = 0;  // else every window is copied
    exercise(test);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, FirstLayerRow, testing::ValuesIn(supported_rows({"gemm"})),
                         [](const testing::TestParamInfo<Row>& info) { return info.param.name; });

class FullyConnectedRow : public ConvRow {};

sixfold_fully_connected_desc fully_connected(const sixfold_conv_desc& conv) {
  sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
  desc.type = conv.type;
  desc.input_features = conv.input_channels;
  desc.output_features = conv.output_channels;
  desc.weights_type = conv.weights_type;
  desc.batch_norm = conv.batch_norm;
  desc.activation = conv.activation;
  desc.residual = conv.residual;
  desc.accumulation = conv.accumulation;
  return desc;
}

TEST_P(FullyConnectedRow, EqualsReference) {
  Random draws = random();
  const std::size_t count = case_count(12);
  for (std::size_t i = 0; i < count; ++i) {
    ConvShape shape;
    shape.batch = draws.pick<std::size_t>({0, 1, 2, 5, 9});
    shape.height = draws.between(1, 2);
    shape.width = draws.between(1, 2);
    shape.input_channels = draws.between(2, 70);
    shape.output_channels = draws.between(1, 50);
    ConvCase test = make_case(shape, row().arithmetic, epilogue_kind(row().epilogue), draws);
    test.desc.weights_layout = SIXFOLD_OHWI;
    const sixfold_fully_connected_desc desc = fully_connected(test.desc);
    const reference::Expected expected = test.expected();
    for (const Placement placement : kPlacements) {
      test.place(placement);
      const CaseLabel label((row().name + ": fully connected, " + test.text()).c_str());
      const Created created = create(desc, test.arrays, options(), placement);
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      EXPECT_EQ(row().name, sixfold_kernel_name(created.op.get()));
      ASSERT_TRUE(agrees(expected, run(created.op.get(), test.inputs(), test.settings))) << test.text();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FullyConnectedRow, testing::ValuesIn(supported_rows({"gemm"})),
                         [](const testing::TestParamInfo<Row>& info) { return info.param.name; });

}  // namespace
}  // namespace sixfold::test
