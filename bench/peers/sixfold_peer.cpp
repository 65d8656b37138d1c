#include <stdexcept>

#include "clock.hpp"
#include "graph_runner.hpp"
#include "peer.hpp"

namespace sixfold::bench {
namespace {

class SixfoldExecutable : public Executable {
 public:
  SixfoldExecutable(const Graph& graph, const std::string& backend)
      : runner_(with_scales_in_layers(graph), {backend, SIXFOLD_FP32}) {}

  void set_inputs(const std::vector<std::vector<float>>& inputs) override { runner_.set_inputs(inputs); }
  std::vector<float> output() override { return runner_.output(); }
  double seconds_of(std::size_t runs) override {
    return cpu_seconds_of(runs, [this] { runner_.run(); });
  }

 private:
  GraphRunner runner_;
};

bool is_beyond_avx2(const std::string& backend) { return backend.rfind("avx512", 0) == 0; }

}  // namespace

double cpu_seconds_of(std::size_t runs, const std::function<void()>& work) {
  return bench::seconds_of([&] {
    for (std::size_t i = 0; i < runs; ++i) work();
  });
}

bool has_avx512() { return is_beyond_avx2(best_backend(Instructions::any)); }

std::string best_backend(Instructions instructions) {
  for (std::size_t i = 0; i < sixfold_backend_count(); ++i) {
    sixfold_backend_info info{};
    info.struct_size = sizeof info;
    if (sixfold_backend_get(i, &info, nullptr) != SIXFOLD_OK || info.supported == 0) continue;
    if (instructions == Instructions::any || !is_beyond_avx2(info.name)) return info.name;
  }
  throw std::runtime_error("no backend of Sixfold runs here");
}

Library sixfold_library(const std::string& backend) {
  return {"Sixfold", std::string(sixfold_version()) + ", backend " + backend, false,
          [backend](const Graph& graph) { return std::make_unique<SixfoldExecutable>(graph, backend); }};
}

}  // namespace sixfold::bench
