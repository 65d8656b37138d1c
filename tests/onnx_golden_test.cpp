// The node tests of ONNX itself, through the operator mapping of sixfold-net: for each, its model is read, mapped, and
// run on every backend that this CPU has; the outputs must be those that come with the test.
//
// The data are Debian's libonnx-testdata, or any checkout of ONNX: the environment variable SIXFOLD_ONNX_TESTDATA names
// the folder that holds test_relu and the others.
#include <gtest/gtest.h>
#include <sixfold/sixfold.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <ostream>
#include <regex>
#include <string>
#include <vector>

#include "fuse.hpp"
#include "lower.hpp"
#include "network.hpp"
#include "onnx_file.hpp"
#include "spelled.hpp"

namespace {

namespace fs = std::filesystem;
using namespace sixfold::net;

fs::path data_folder() {
  const char* folder = std::getenv("SIXFOLD_ONNX_TESTDATA");
  return folder ? folder : "/usr/share/libonnx-testdata/data/node";
}

// All tests are taken whose whole names match one of these.
const std::vector<std::string> kFamilies = {
    "test_basic_conv_.*",
    "test_conv_.*",
    "test_batchnorm_.*",
    "test_relu",
    "test_clip.*",
    "test_leakyrelu.*",
    "test_prelu_.*",
    "test_elu.*",
    "test_sigmoid.*",
    "test_tanh.*",
    "test_softplus.*",
    "test_hardswish.*",
    "test_hardsigmoid.*",
    "test_averagepool.*",
    "test_maxpool.*",
    "test_globalaveragepool.*",
    "test_gemm_.*",
    "test_matmul_.*",
    "test_add.*",
    "test_sub.*",
    "test_mul.*",
    "test_div.*",
    "test_softmax_.*",
    "test_flatten_.*",
    "test_reshape_.*",
    "test_squeeze.*",
    "test_unsqueeze_.*",
    "test_transpose_.*",
    "test_concat_.*",
    "test_identity",
    "test_dropout_default.*",
    "test_depthtospace_.*",
    "test_upsample_nearest",
    "test_resize_upsample_scales_nearest",
    "test_convtranspose.*",
};

// Those of them that cannot be mapped, and words of the error that says so.
const std::map<std::string, std::string> kRefused = {
    {"test_add_uint8", "integers"},
    {"test_averagepool_3d_default", "more than 4 dimensions"},
    {"test_batchnorm_epsilon_training_mode", "output 1 is not supported"},
    {"test_batchnorm_example_training_mode", "output 1 is not supported"},
    {"test_clip_default_int8_inbounds", "integers"},
    {"test_clip_default_int8_max", "integers"},
    {"test_clip_default_int8_min", "integers"},
    {"test_concat_2d_axis_0", "only channels"},
    {"test_concat_2d_axis_negative_2", "only channels"},
    {"test_concat_3d_axis_0", "only channels"},
    {"test_concat_3d_axis_2", "only channels"},
    {"test_concat_3d_axis_negative_1", "only channels"},
    {"test_concat_3d_axis_negative_3", "only channels"},
    {"test_convtranspose", "strides equal to its kernel"},  // windows that overlap
    {"test_convtranspose_1d", "no image"},
    {"test_convtranspose_3d", "more than 4 dimensions"},
    {"test_convtranspose_autopad_same", "strides equal to its kernel"},
    {"test_convtranspose_dilations", "strides equal to its kernel"},
    {"test_convtranspose_kernel_shape", "strides equal to its kernel"},
    {"test_convtranspose_output_shape", "strides equal to its kernel"},
    {"test_convtranspose_pad", "strides equal to its kernel"},
    {"test_convtranspose_pads", "strides equal to its kernel"},
    {"test_convtranspose_with_kernel", "strides equal to its kernel"},
    {"test_depthtospace_crd_mode", "mode DCR"},
    {"test_depthtospace_crd_mode_example", "mode DCR"},
    {"test_div_uint8", "integers"},
    {"test_dropout_default_mask", "output 1 is not supported"},  // which elements were dropped: none
    {"test_dropout_default_mask_ratio", "output 1 is not supported"},
    {"test_matmul_3d", "not supported"},  // one product an image, each with weights of its own
    {"test_matmul_4d", "not supported"},
    {"test_maxpool_2d_uint8", "integers"},
    {"test_maxpool_3d_default", "more than 4 dimensions"},
    {"test_maxpool_with_argmax_2d_precomputed_pads", "output 1 is not supported"},  // indices
    {"test_maxpool_with_argmax_2d_precomputed_strides", "output 1 is not supported"},
    {"test_mul_uint8", "integers"},
    {"test_reshape_allowzero_reordered", "must be positive"},  // an image without pixels
    {"test_softmax_axis_0_expanded", "ReduceMax"},             // spelled out, which no network does
    {"test_softmax_axis_1_expanded", "ReduceMax"},
    {"test_softmax_axis_2_expanded", "ReduceMax"},
    {"test_softmax_default_axis_expanded", "ReduceMax"},
    {"test_softmax_example_expanded", "ReduceMax"},
    {"test_softmax_large_number_expanded", "ReduceMax"},
    {"test_softmax_negative_axis_expanded", "ReduceMax"},
    {"test_sub_uint8", "integers"},
    {"test_unsqueeze_negative_axes", "more than 4 dimensions"},
    {"test_unsqueeze_three_axes", "more than 4 dimensions"},
    {"test_unsqueeze_two_axes", "more than 4 dimensions"},
    {"test_unsqueeze_unsorted_axes", "more than 4 dimensions"},
};

struct Case {
  std::string name;
  std::string backend;

  friend void PrintTo(const Case& one, std::ostream* out) { *out << one.name << " on " << one.backend; }
};

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name + "_" + info.param.backend; }

std::vector<std::string> supported_backends() {
  std::vector<std::string> names;
  for (size_t i = 0; i < sixfold_backend_count(); ++i) {
    sixfold_backend_info info{};
    info.struct_size = sizeof info;
    if (sixfold_backend_get(i, &info, nullptr) == SIXFOLD_OK && info.supported) names.push_back(info.name);
  }
  return names;
}

bool matches(const std::string& name, const std::string& family) { return std::regex_match(name, std::regex(family)); }

bool in_families(const std::string& name) {
  return std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&](const std::string& family) { return matches(name, family); });
}

std::vector<Case> cases() {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(data_folder(), none)) {
    if (in_families(entry.path().filename())) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  std::vector<Case> list;
  for (const std::string& backend : supported_backends()) {
    for (const std::string& name : names) list.push_back({name, backend});
  }
  return list;
}

struct Golden {
  Graph graph;
  std::vector<Constant> inputs;  // of graph.inputs, in their order
  std::vector<Constant> outputs;
};

std::vector<Constant> tensors(const fs::path& folder, const std::string& stem) {
  std::vector<Constant> list;
  for (size_t i = 0;; ++i) {
    const fs::path file = folder / "test_data_set_0" / (stem + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(file)) return list;
    list.push_back(load_onnx_tensor(file));
  }
}

// Node tests give weights as inputs of the model. All but the first are made constants, as they are in real networks,
// unless both operands of an addition or a product are images.
Golden load(const std::string& name) {
  Golden golden;
  const fs::path folder = data_folder() / name;
  golden.graph = load_onnx(folder / "model.onnx");
  golden.outputs = tensors(folder, "output");
  const std::vector<Constant> given = tensors(folder, "input");
  const std::vector<GraphInput> inputs = golden.graph.inputs;
  const std::string type = golden.graph.nodes.size() == 1 ? golden.graph.nodes[0].type : "";
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool same_image = (type == "Add" || type == "Mul") && given.at(i).dims == given[0].dims;
    if (i == 0 || same_image || type == "Concat") {
      golden.inputs.push_back(given.at(i));
    } else {
      golden.graph.bind(inputs[i].name, given.at(i));
    }
  }
  return golden;
}

std::vector<std::vector<float>> run(Golden golden, const NetworkOptions& options, bool fused) {
  std::map<std::string, Dims> dims;
  std::vector<const float*> data;
  for (size_t i = 0; i < golden.inputs.size(); ++i) {
    if (golden.inputs[i].integral) throw Error("tensors of integers are not supported");
    dims[golden.graph.inputs[i].name] = golden.inputs[i].dims;
    data.push_back(golden.inputs[i].floats.data());
  }
  if (fused) recognise_spelled_activations(golden.graph);
  LayerGraph layers = lower(golden.graph, dims);
  if (fused) {
    fuse(layers);
  } else {
    fuse_only_what_must_be(layers);
  }
  const Network network(layers, options);
  std::vector<unsigned char> arena(network.arena_bytes() + 64);
  void* aligned = arena.data() + (64 - reinterpret_cast<uintptr_t>(arena.data()) % 64) % 64;
  network.run(data, aligned);
  return network.outputs(aligned);
}

double largest(const std::vector<float>& values) {
  double result = 0;
  for (const float value : values) result = std::max(result, std::fabs(static_cast<double>(value)));
  return result;
}

double smallest(const std::vector<float>& values) {
  double result = std::numeric_limits<double>::infinity();
  for (const float value : values) result = std::min(result, std::fabs(static_cast<double>(value)));
  return result;
}

// How far an element may be from its true value, in both computations together.
struct Bound {
  double terms;      // roundings on the way to it: one a multiply-add
  double magnitude;  // what they are relative to: the sum of the magnitudes of its terms

  // The golden data were computed in fp32, too: twice the roundings. The constant 4 is for the activation (2 ulp), bias
  // and store.
  double in_fp32() const { return 2 * (terms + 4) * 0x1p-24 * magnitude; }
  // Operands and the result are rounded to fp16, at most three of them in each term; half of its smallest denormal at
  // the bottom.
  double in_fp16() const { return in_fp32() + 3 * 0x1p-11 * magnitude + 0x1p-25; }
};

// The operand of the node that is a constant, or nothing.
const Constant* weights_of(const Golden& golden, size_t index) {
  const auto& inputs = golden.graph.nodes[0].inputs;
  const auto found = index < inputs.size() ? golden.graph.constants.find(inputs[index]) : golden.graph.constants.end();
  return found == golden.graph.constants.end() ? nullptr : &found->second;
}

double largest_constant(const Golden& golden) {
  double result = 0;
  for (const auto& [name, constant] : golden.graph.constants) result = std::max(result, largest(constant.floats));
  return result;
}

Bound bound_of(const Golden& golden) {
  const std::string& type = golden.graph.nodes[0].type;
  const double input = largest(golden.inputs[0].floats), output = largest(golden.outputs[0].floats);
  if (type == "Conv" || type == "Gemm" || type == "MatMul") {
    const Constant& weights = *weights_of(golden, 1);
    // Each weight of a convolution meets an output channel once; a matrix has as many terms as its longer side, at
    // most.
    const int64_t terms =
        type == "Conv" ? count(weights.dims) / weights.dims[0] : std::max(weights.dims[0], weights.dims[1]);
    const Constant* bias = weights_of(golden, 2);
    return {static_cast<double>(terms),
            static_cast<double>(terms) * input * largest(weights.floats) + (bias ? largest(bias->floats) : 0)};
  }
  if (type == "BatchNormalization") {
    const double scale = largest(weights_of(golden, 1)->floats) / std::sqrt(smallest(weights_of(golden, 4)->floats));
    return {3, (input + largest(weights_of(golden, 3)->floats)) * scale + largest(weights_of(golden, 2)->floats)};
  }
  if (type.find("Pool") != std::string::npos) return {static_cast<double>(golden.inputs[0].size()), input};
  if (type == "Div") return {1, 2 * output};
  // Activations are at most twice as steep as the identity, or as steep as a parameter says; products as the other
  // factor.
  return {2, 2 * input * std::max(1.0, largest_constant(golden)) + output};
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], tolerance) << "at element " << i;
}

class OnnxGolden : public testing::TestWithParam<Case> {
 protected:
  static std::vector<float> output(sixfold_type type, bool fused) {
    return run(load(GetParam().name), NetworkOptions{type, GetParam().backend}, fused).at(0);
  }

  static void expect_refused(const std::string& words) {
    try {
      output(SIXFOLD_FP32, true);
      FAIL() << "it ran, but should be refused";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
};

TEST_P(OnnxGolden, MatchesItsData) {
  if (const auto refused = kRefused.find(GetParam().name); refused != kRefused.end())
    return expect_refused(refused->second);
  const Golden golden = load(GetParam().name);
  const std::vector<float>& expected = golden.outputs.at(0).floats;
  const Bound bound = bound_of(golden);
  for (const bool fused : {true, false}) {
    SCOPED_TRACE(fused ? "fused" : "each node by itself");
    expect_near(output(SIXFOLD_FP32, fused), expected, bound.in_fp32());
    expect_near(output(SIXFOLD_FP16, fused), expected, bound.in_fp16());
  }
}

INSTANTIATE_TEST_SUITE_P(Node, OnnxGolden, testing::ValuesIn(cases()), case_name);

TEST(OnnxGoldenData, IsInstalled) {
  ASSERT_TRUE(fs::exists(data_folder() / "test_relu" / "model.onnx"))
      << "the golden data of ONNX are not in " << data_folder() << "; Debian has them in libonnx-testdata";
}

TEST(OnnxGoldenData, HasEveryTestThatIsSaidToBeRefused) {
  for (const auto& [name, why] : kRefused) EXPECT_TRUE(fs::exists(data_folder() / name)) << name;
}

TEST(OnnxGoldenData, HasEveryFamily) {
  const std::vector<Case> all = cases();
  for (const std::string& family : kFamilies) {
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Case& one) { return matches(one.name, family); }))
        << family;
  }
}

}  // namespace
