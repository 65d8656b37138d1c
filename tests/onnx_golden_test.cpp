// The node tests of ONNX itself, through the operator mapping of sixfold-net: for each, its model is read, mapped, and run on every
// backend that this CPU has; the outputs must be those that come with the test.
//
// The data are Debian's libonnx-testdata, or any checkout of ONNX: the environment variable SIXFOLD_ONNX_TESTDATA names the folder
// that holds test_relu and the others.
#include <gtest/gtest.h>
#include <sixfold/sixfold.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
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

// Tests whose names begin so are taken, all of them.
const std::vector<std::string> kFamilies = {
    "test_basic_conv_", "test_conv_",        "test_batchnorm_", "test_relu",
    "test_clip",        "test_leakyrelu",    "test_prelu_",     "test_elu",
    "test_sigmoid",     "test_tanh",         "test_softplus",   "test_hardswish",
    "test_hardsigmoid", "test_averagepool_", "test_maxpool_",   "test_globalaveragepool",
    "test_gemm_",       "test_matmul_",      "test_add",        "test_sub",
    "test_mul",         "test_div",          "test_softmax_",   "test_flatten_",
    "test_reshape_",    "test_squeeze",      "test_unsqueeze_", "test_transpose_",
    "test_concat_",     "test_identity",     "test_dropout_",   "test_reduce_mean_",
};

// Those of them that cannot be mapped, and why: the mapping must refuse them.
const std::map<std::string, std::string> kRefused = {
    {"test_averagepool_3d_default", "three dimensions"},
    {"test_maxpool_3d_default", "three dimensions"},
    {"test_maxpool_2d_uint8", "integers"},
    {"test_maxpool_with_argmax_2d_precomputed_pads", "second output: indices"},
    {"test_maxpool_with_argmax_2d_precomputed_strides", "second output: indices"},
    {"test_batchnorm_epsilon_training_mode", "training"},
    {"test_batchnorm_example_training_mode", "training"},
};

struct Case {
  std::string name;
  std::string backend;
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

bool in_families(const std::string& name) {
  return std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&](const std::string& family) { return name.rfind(family, 0) == 0; });
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

// Node tests give weights as inputs of the model. All but the first are made constants, as they are in real networks, unless both
// operands of an addition or a product are images.
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

// The longest sum behind an element of the output, as a count of roundings.
double roundings(const Golden& golden) {
  double longest = 1;
  for (const auto& [name, constant] : golden.graph.constants) {
    longest = std::max(longest, static_cast<double>(constant.size()));
  }
  for (const Constant& input : golden.inputs) longest = std::max(longest, static_cast<double>(input.size()));
  return longest;
}

double largest_magnitude(const std::vector<float>& values) {
  double largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  return largest;
}

// A sum of k terms, in any order, errs by at most k * epsilon times the sum of their magnitudes; these data are about 1 in size.
void expect_equal(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], tolerance) << "at element " << i;
  }
}

class OnnxGolden : public testing::TestWithParam<Case> {};

TEST_P(OnnxGolden, MatchesItsData) {
  const auto& [name, backend] = GetParam();
  const auto run_it = [&, &name = name, &backend = backend](sixfold_type type, bool fused) {
    return run(load(name), NetworkOptions{type, backend}, fused);
  };
  if (kRefused.count(name)) {
    EXPECT_THROW(run_it(SIXFOLD_FP32, true), Error) << "it is said to be refused: " << kRefused.at(name);
    return;
  }
  const Golden golden = load(name);
  for (const bool fused : {true, false}) {
    const auto single = run_it(SIXFOLD_FP32, fused);
    ASSERT_FALSE(single.empty());
    const double size = std::max(1.0, largest_magnitude(golden.outputs[0].floats));
    expect_equal(single[0], golden.outputs[0].floats, roundings(golden) * std::numeric_limits<float>::epsilon() * size);
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
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Case& one) { return one.name.rfind(family, 0) == 0; }))
        << family;
  }
}

}  // namespace
