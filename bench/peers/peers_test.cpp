#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "comparison.hpp"
#include "graph_runner.hpp"
#include "limit_isa.hpp"
#include "onnx_writer.hpp"
#include "peer.hpp"

#ifdef SIXFOLD_TEST_ONNX_FILES
#include "fuse.hpp"
#include "lower.hpp"
#include "network.hpp"
#include "onnx_file.hpp"
#endif

namespace sixfold::bench {
namespace {

constexpr int small_image = 32;

#if defined(SIXFOLD_HAVE_CPUINFO)
constexpr bool xnnpack_has_switch = true;
#else
constexpr bool xnnpack_has_switch = false;
#endif

std::vector<Library> installed_libraries() {
  std::vector<Library> libraries = {sixfold_library("scalar")};
  for (const std::optional<Library>& peer : {onednn_library(Instructions::any), xnnpack_library(Instructions::any)}) {
    if (peer) libraries.push_back(*peer);
  }
  return libraries;
}

// One brief sample of each.
Comparison compared(const Graph& graph, const std::vector<Library>& libraries) {
  PeakMeter meter("scalar");
  Patience patience(0.0);
  Comparison comparison{"layer", "", "", "", graph.multiply_adds(), {}};
  compare(comparison, graph, libraries, meter, patience, {1, 1e-5});
  return comparison;
}

TEST(Peers, ComputeTheSameLayers) {
  const Layer layers[] = {
      {LayerKind::conv, 3, 16, 13, 3, 2, SIXFOLD_HARD_SWISH, false},
      {LayerKind::depthwise, 20, 20, 11, 5, 2, SIXFOLD_RELU6, false},
      {LayerKind::depthwise, 33, 33, 7, 3, 1, SIXFOLD_RELU, false},
      {LayerKind::pointwise, 24, 10, 5, 1, 1, SIXFOLD_IDENTITY, true},
      {LayerKind::fully_connected, 30, 7, 1, 1, 1, SIXFOLD_HARD_SIGMOID, false},
  };
  const std::vector<Library> libraries = installed_libraries();
  for (const Layer& layer : layers) EXPECT_EQ(compared(graph_of(layer), libraries).entries.size(), libraries.size());
}

TEST(Peers, ComputeTheSameNetworks) {
  const std::vector<Library> libraries = installed_libraries();
  for (const Network& network : networks) {
    EXPECT_EQ(compared(graph_of(network, small_image), libraries).entries.size(), libraries.size());
  }
}

// Sixfold, but with one value that is off by a thousandth of the largest.
class WrongExecutable : public Executable {
 public:
  explicit WrongExecutable(const Graph& graph) : right_(sixfold_library("scalar").make(graph)) {}
  void set_inputs(const std::vector<std::vector<float>>& inputs) override { right_->set_inputs(inputs); }
  std::vector<float> output() override {
    std::vector<float> values = right_->output();
    values[values.size() / 2] += 1e-3f * *std::max_element(values.begin(), values.end());
    return values;
  }
  double seconds_of(std::size_t runs) override { return right_->seconds_of(runs); }

 private:
  std::unique_ptr<Executable> right_;
};

TEST(Comparison, RefusesALibraryThatComputesSomethingElse) {
  const Graph graph = graph_of({LayerKind::pointwise, 24, 16, 5, 1, 1, SIXFOLD_RELU6, false});
  const Library wrong{"wrong", "", false, [](const Graph& g) { return std::make_unique<WrongExecutable>(g); }};
  EXPECT_THROW(compared(graph, {sixfold_library("scalar"), wrong}), std::runtime_error);
}

TEST(Comparison, ComparesByWhatThePeakCouldDoMeanwhile) {
  Comparison comparison{"layer", "", "", "", 1e6, {{"a", {}}, {"b", {}}}};
  comparison.entries[0].timing.operations_at_peak = 4e6;
  comparison.entries[1].timing.operations_at_peak = 6e6;
  EXPECT_DOUBLE_EQ(comparison.peak_fraction(comparison.entries[0]), 0.5);
  EXPECT_DOUBLE_EQ(comparison.ratio(comparison.entries[1]), 1.5);
  EXPECT_EQ(comparison.find("c"), nullptr);
}

#ifdef SIXFOLD_TEST_ONNX_FILES
// What goes into the file comes out of it again, by way of the other program that reads such files.
TEST(OnnxFiles, SayTheSameAsTheTables) {
  const std::string path = std::filesystem::temp_directory_path() / ("sixfold-" + std::to_string(getpid()) + ".onnx");
  for (const Network& network : networks) {
    const Graph graph = graph_of(network, small_image);
    const std::vector<float> image = inputs_for(graph)[0];
    GraphRunner runner(graph, {"scalar"});
    runner.set_inputs({image});
    runner.run();

    write_onnx(graph, path);
    const net::Graph read = net::load_onnx(path);
    net::LayerGraph layers = net::lower(read, {{read.inputs[0].name, read.inputs[0].dims}});
    net::fuse(layers);
    const net::Network from_file(layers, {SIXFOLD_FP32, "scalar", 1});
    Arena arena(from_file.arena_bytes());
    std::vector<float> nchw;
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t p = c; p < image.size(); p += 3) nchw.push_back(image[p]);
    }
    from_file.run({nchw.data()}, arena.at(0));
    EXPECT_EQ(from_file.outputs(arena.at(0))[0], runner.output()) << network.name;
  }
  std::filesystem::remove(path);
}
#endif

// Exits with 0 if no library that has a switch says that it may use more than AVX2.
void keep_to_avx2_and_exit() {
  std::vector<std::optional<Library>> libraries = {onednn_library(Instructions::avx2)};
  if (xnnpack_has_switch) libraries.push_back(xnnpack_library(Instructions::avx2));
  bool kept = best_backend(Instructions::avx2).rfind("avx512", 0) != 0;
  for (const std::optional<Library>& library : libraries) {
    if (library && library->description.find("any instructions") != std::string::npos) kept = false;
  }
  std::exit(kept ? 0 : 1);
}

// Both in a process of its own, since there is no way back.
TEST(LimitIsaDeathTest, KeepsLibrariesToAvx2) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";  // from the start: none has looked yet
  EXPECT_EXIT(keep_to_avx2_and_exit(), testing::ExitedWithCode(0), "");
}

TEST(LimitIsaDeathTest, HidesAvx512) {
  EXPECT_EXIT(std::exit(limit_cpuid_to_avx2() && has_avx512() ? 1 : 0), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sixfold::bench
