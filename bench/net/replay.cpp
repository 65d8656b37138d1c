// sixfold-replay RECORDING [BACKEND]: makes the calls of a recording that sixfold-net wrote, and fails unless they give the same values as
// there. Needs nothing but the library and C++, so that it can be compiled for any target, and run there.
#include <cstdio>
#include <memory>

#include "../common/digest.hpp"
#include "recording.hpp"

namespace sixfold::net {
namespace {

struct Destroy {
  void operator()(sixfold_operator* op) const { sixfold_destroy(op); }
};
using Operator = std::unique_ptr<sixfold_operator, Destroy>;

void require(sixfold_status status, const sixfold_error& error) {
  if (status != SIXFOLD_OK) throw std::runtime_error(std::string(sixfold_status_name(status)) + ": " + error.text);
}

const float* floats(const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); }

void point(sixfold_batch_norm& norm, const RecordedArrays& arrays) {
  norm.mean = floats(arrays.mean);
  norm.variance = floats(arrays.variance);
  norm.gamma = floats(arrays.gamma);
  norm.beta = floats(arrays.beta);
}

template <class Desc>
Desc pointed(Desc desc, const RecordedArrays& arrays) {
  if constexpr (requires { desc.weights; }) {
    desc.weights = floats(arrays.weights);
    desc.bias = floats(arrays.bias);
    point(desc.batch_norm, arrays);
  }
  if constexpr (requires { desc.activation; }) desc.activation.slopes = floats(arrays.slopes);
  return desc;
}

struct Create {
  const sixfold_options& options;
  const RecordedArrays& arrays;

  Operator operator()(const sixfold_conv_desc& desc) const { return call(sixfold_conv_create, desc); }
  Operator operator()(const sixfold_fully_connected_desc& desc) const {
    return call(sixfold_fully_connected_create, desc);
  }
  Operator operator()(const sixfold_pool_desc& desc) const { return call(sixfold_pool_create, desc); }
  Operator operator()(const sixfold_elementwise_desc& desc) const { return call(sixfold_elementwise_create, desc); }
  Operator operator()(const sixfold_convert_desc& desc) const { return call(sixfold_convert_create, desc); }

 private:
  template <class Function, class Desc>
  Operator call(Function* function, const Desc& desc) const {
    const Desc complete = pointed(desc, arrays);
    sixfold_operator* op = nullptr;
    sixfold_error error{};
    require(function(&complete, &options, &op, &error), error);
    return Operator(op);
  }
};

class Replay {
 public:
  Replay(Recording& recording, const char* backend)
      : recording_(recording), arena_(static_cast<std::size_t>(recording.arena_bytes)) {
    options_.backend = backend;
  }

  std::string digest() {
    bench::Digest digest;
    for (const RecordedStep& step : recording_.steps) run(step, digest);
    return digest.text();
  }

 private:
  sixfold_tensor placed(const RecordedTensor& tensor) {
    sixfold_tensor view = tensor.view;
    auto* const start = tensor.is_input ? reinterpret_cast<unsigned char*>(recording_.input.data()) : arena_.data();
    view.data = start + tensor.offset;
    return view;
  }

  void add(const sixfold_tensor& tensor, sixfold_layout layout, bench::Digest& digest) {
    sixfold_convert_desc desc = sixfold_convert_desc_default();
    desc.input_type = tensor.type;
    desc.input_layout = layout;
    desc.output_layout = SIXFOLD_NCHW;
    const Operator widen = Create{options_, {}}(desc);
    std::vector<float> values(tensor.batch * tensor.height * tensor.width * tensor.channels);
    const sixfold_tensor dense =
        sixfold_tensor_of(values.data(), SIXFOLD_FP32, tensor.batch, tensor.height, tensor.width, tensor.channels);
    sixfold_error error{};
    require(sixfold_run(widen.get(), &tensor, 1, &dense, nullptr, &error), error);
    for (const float value : values) digest.add(value);
  }

  void run(const RecordedStep& step, bench::Digest& digest) {
    const Operator op = std::visit(Create{options_, step.arrays}, step.desc);
    std::vector<sixfold_tensor> inputs;
    for (const RecordedTensor& input : step.inputs) inputs.push_back(placed(input));
    const sixfold_tensor output = placed(step.output);
    sixfold_context context = sixfold_context_default();
    sixfold_error error{};
    require(sixfold_workspace_size(op.get(), inputs.data(), inputs.size(), 1, &context.workspace_bytes, &error), error);
    std::vector<unsigned char> workspace(context.workspace_bytes);
    context.workspace = workspace.data();
    require(sixfold_run(op.get(), inputs.data(), inputs.size(), &output, &context, &error), error);
    add(output, step.output.layout, digest);
  }

  Recording& recording_;
  std::vector<unsigned char> arena_;
  sixfold_options options_ = sixfold_options_default();
};

int replay(const char* path, const char* backend) {
  Recording recording;
  RecordingReader file(path);
  field(file, recording);
  const std::string digest = Replay(recording, backend).digest();
  std::printf("digest  %s  %s\n", digest.c_str(), recording.arithmetic.c_str());
  if (digest == recording.digest) return 0;
  std::fprintf(stderr, "FAILED  %s: the recording's digest is %s\n", path, recording.digest.c_str());
  return 1;
}

}  // namespace
}  // namespace sixfold::net

int main(int argc, char** argv) try {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: sixfold-replay RECORDING [BACKEND]\n");
    return 2;
  }
  return sixfold::net::replay(argv[1], argc == 3 ? argv[2] : nullptr);
} catch (const std::exception& error) {
  std::fprintf(stderr, "sixfold-replay: %s\n", error.what());
  return 2;
}
