#include "recorder.hpp"

#include <set>

#include "network.hpp"

namespace sixfold::net {
namespace {

std::vector<float> copied(const void* values, size_t count) {
  const auto* floats = static_cast<const float*>(values);
  return floats ? std::vector<float>(floats, floats + count) : std::vector<float>();
}

void copy_norm(const sixfold_batch_norm& norm, size_t channels, RecordedArrays& arrays) {
  if (norm.position == SIXFOLD_NO_BATCH_NORM) return;
  arrays.mean = copied(norm.mean, channels);
  arrays.variance = copied(norm.variance, channels);
  arrays.gamma = copied(norm.gamma, channels);
  arrays.beta = copied(norm.beta, channels);
}

template <class Desc>
void copy_product(const Desc& desc, size_t channels, size_t weights_each, RecordedArrays& arrays) {
  if (desc.weights_type != SIXFOLD_FP32) throw Error("a recording holds fp32 weights");
  arrays.weights = copied(desc.weights, channels * weights_each);
  arrays.bias = copied(desc.bias, channels);
  copy_norm(desc.batch_norm, channels, arrays);
}

std::vector<float> slopes_of(const sixfold_activation& activation, size_t channels) {
  return activation.kind == SIXFOLD_PRELU ? copied(activation.slopes, channels) : std::vector<float>();
}

struct CopyArrays {
  RecordedArrays operator()(const sixfold_conv_desc& d) const {
    RecordedArrays arrays;
    copy_product(d, d.output_channels, d.input_channels / d.groups * d.kernel_height * d.kernel_width, arrays);
    arrays.slopes = slopes_of(d.activation, d.output_channels);
    return arrays;
  }
  RecordedArrays operator()(const sixfold_fully_connected_desc& d) const {
    RecordedArrays arrays;
    copy_product(d, d.output_features, d.input_features, arrays);
    arrays.slopes = slopes_of(d.activation, d.output_features);
    return arrays;
  }
  RecordedArrays operator()(const sixfold_elementwise_desc& d) const {
    RecordedArrays arrays;
    arrays.slopes = slopes_of(d.activation, d.channels);
    return arrays;
  }
  RecordedArrays operator()(const sixfold_pool_desc&) const { return {}; }
  RecordedArrays operator()(const sixfold_convert_desc&) const { return {}; }
};

// What steps of the tool have computed, which a recording does not have.
class Missing {
 public:
  explicit Missing(const Network& network) : network_(network) {}

  void computed(const Step& step) {
    const size_t storage = network_.view(step.output).storage;
    if (step.op) {
      storages_.erase(storage);
    } else {
      storages_.insert(storage);
    }
  }
  void expect_none_in(const Step& step) const {
    for (const size_t input : step.inputs) {
      if (storages_.count(network_.view(input).storage) == 0) continue;
      throw Error("there is no recording of this network: '" + step.value +
                  "' needs what the tool computes, not the library");
    }
  }

 private:
  const Network& network_;
  std::set<size_t> storages_;
};

RecordedTensor recorded(const Network& network, size_t view, const std::vector<float>& input) {
  RecordedTensor tensor;
  tensor.view = network.tensor(view, {input.data()}, nullptr);
  tensor.layout = network.view(view).layout;
  tensor.is_input = tensor.view.data != nullptr;
  if (!tensor.is_input) tensor.offset = network.arena_offset(view);
  tensor.view.data = nullptr;
  return tensor;
}

}  // namespace

void Recorder::created(const sixfold_operator* op, const RecordedDesc& desc) {
  operators_[op] = {desc, std::visit(CopyArrays(), desc)};
}

Recording Recorder::recording(const Network& network, const std::vector<float>& input) const {
  Recording recording;
  recording.input = input;
  recording.arena_bytes = network.arena_bytes();
  Missing missing(network);
  for (const Step& step : network.steps()) {
    missing.computed(step);
    if (!step.op) continue;
    missing.expect_none_in(step);
    const auto& [desc, arrays] = operators_.at(step.op.get());
    RecordedStep& added = recording.steps.emplace_back(RecordedStep{step.value, desc, arrays, {}, {}});
    for (const size_t view : step.inputs) added.inputs.push_back(recorded(network, view, input));
    added.output = recorded(network, step.output, input);
  }
  return recording;
}

}  // namespace sixfold::net
