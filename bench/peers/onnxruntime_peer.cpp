#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "child.hpp"
#include "onnx_writer.hpp"
#include "peer.hpp"

namespace sixfold::bench {
namespace {

namespace fs = std::filesystem;

// The order of ONNX.
std::vector<float> nchw(const std::vector<float>& values, const Shape& shape) {
  std::vector<float> result;
  const std::size_t pixels = shape.height * shape.width;
  for (std::size_t c = 0; c < shape.channels; ++c) {
    for (std::size_t p = 0; p < pixels; ++p) result.push_back(values[p * shape.channels + c]);
  }
  return result;
}

class OnnxRuntimeExecutable : public Executable {
 public:
  OnnxRuntimeExecutable(const Graph& graph, std::shared_ptr<Child> child, const fs::path& folder)
      : child_(std::move(child)),
        name_(graph.name),
        input_(graph.values.front()),
        outputs_(graph.values.back().count()),
        file_(folder / (graph.name + ".f32")) {
    const fs::path model = folder / (graph.name + ".onnx");
    write_onnx(graph, model);
    child_->ask({"load", name_, model});
  }

  void set_inputs(const std::vector<std::vector<float>>& inputs) override {
    const std::vector<float> values = nchw(inputs.at(0), input_);
    std::ofstream file(file_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
    file.close();
    const auto text = [](std::size_t dim) { return std::to_string(dim); };
    child_->ask(
        {"input", name_, file_, text(input_.batch), text(input_.channels), text(input_.height), text(input_.width)});
  }
  std::vector<float> output() override {
    child_->ask({"output", name_, file_});
    std::vector<float> values(outputs_);
    std::ifstream file(file_, std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    if (!file) throw std::runtime_error("ONNX Runtime gave too few values");
    return values;
  }
  double seconds_of(std::size_t runs) override { return std::stod(child_->ask({"time", name_, std::to_string(runs)})); }

 private:
  std::shared_ptr<Child> child_;
  std::string name_;
  Shape input_;
  std::size_t outputs_;
  fs::path file_;
};

}  // namespace

Library onnxruntime_library(const std::string& command, const std::string& folder) {
  std::signal(SIGPIPE, SIG_IGN);  // a child that is gone is an answer that does not come
  const auto child = std::make_shared<Child>(command);
  const std::string limit = has_avx512() ? "any instructions" : "sees no AVX-512";
  return {"ONNX Runtime", child->ask({"version"}) + ", " + limit, true, [child, folder](const Graph& graph) {
            return std::make_unique<OnnxRuntimeExecutable>(graph, child, folder);
          }};
}

}  // namespace sixfold::bench
