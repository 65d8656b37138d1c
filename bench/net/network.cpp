#include "network.hpp"

#include <fp16.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "operators.hpp"

namespace sixfold::net {
namespace {

float load(const unsigned char* element, sixfold_type type) {
  if (type == SIXFOLD_FP16) {
    uint16_t half;
    std::memcpy(&half, element, sizeof half);
    return fp16_ieee_to_fp32_value(half);
  }
  float value;
  std::memcpy(&value, element, sizeof value);
  return value;
}

void store(unsigned char* element, sixfold_type type, float value) {
  if (type == SIXFOLD_FP16) {
    const uint16_t half = fp16_ieee_from_fp32_value(value);
    std::memcpy(element, &half, sizeof half);
  } else {
    std::memcpy(element, &value, sizeof value);
  }
}

// Calls visit(element of the tensor) for each element in the order of ONNX.
template <class Visit>
void for_each_element(const sixfold_tensor& tensor, sixfold_layout layout, Visit visit) {
  auto* data = static_cast<unsigned char*>(tensor.data);
  const size_t bytes = tensor.type == SIXFOLD_FP16 ? 2 : 4;
  const size_t pixels = tensor.height * tensor.width;
  for (size_t n = 0; n < tensor.batch; ++n) {
    for (size_t c = 0; c < tensor.channels; ++c) {
      for (size_t p = 0; p < pixels; ++p) {
        const size_t at = layout == SIXFOLD_NCHW ? (n * tensor.channels + c) * pixels + p
                                                 : (n * pixels + p) * tensor.pixel_stride + c;
        visit(data + at * bytes);
      }
    }
  }
}

std::vector<float> read(const sixfold_tensor& tensor, sixfold_layout layout) {
  std::vector<float> values;
  values.reserve(tensor.batch * tensor.height * tensor.width * tensor.channels);
  for_each_element(tensor, layout, [&](const unsigned char* element) { values.push_back(load(element, tensor.type)); });
  return values;
}

void write(const sixfold_tensor& tensor, sixfold_layout layout, const std::vector<float>& values) {
  size_t next = 0;
  for_each_element(tensor, layout, [&](unsigned char* element) { store(element, tensor.type, values[next++]); });
}

}  // namespace

size_t Network::weight_bytes() const {
  size_t bytes = 0;
  for (const Step& step : steps_) bytes += step.op ? sixfold_memory_bytes(step.op.get()) : 0;
  return bytes;
}

sixfold_tensor Network::tensor(size_t index, const std::vector<const float*>& inputs, void* arena) const {
  const View& view = views_[index];
  const Storage& storage = storages_[view.storage];
  const Image& image = view.image;
  sixfold_tensor tensor = sixfold_tensor_of(nullptr, storage.external ? SIXFOLD_FP32 : options_.type, image.batch,
                                            image.height, image.width, image.channels);
  tensor.pixel_stride = view.pixel_stride;
  if (storage.external) {
    // The library never writes an input.
    if (!inputs.empty()) tensor.data = const_cast<float*>(inputs.at(storage.offset));
  } else if (arena) {
    tensor.data = static_cast<unsigned char*>(arena) + arena_offset(index);
  }
  return tensor;
}

size_t Network::arena_offset(size_t view) const {
  const size_t element = options_.type == SIXFOLD_FP16 ? 2 : 4;
  return storages_[views_[view].storage].offset + views_[view].channel_offset * element;
}

void Network::run(const std::vector<const float*>& inputs, void* arena, const Observer& observer) const {
  using Clock = std::chrono::steady_clock;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto start = Clock::now();
    run_step(steps_[i], inputs, arena);
    if (observer) observer(i, std::chrono::duration<double>(Clock::now() - start).count());
  }
}

void Network::run_step(const Step& step, const std::vector<const float*>& inputs, void* arena) const {
  if (!step.op) return run_host(step, arena);
  sixfold_tensor operands[3];  // of which no operator takes more
  for (size_t i = 0; i < step.inputs.size(); ++i) operands[i] = tensor(step.inputs[i], inputs, arena);
  const sixfold_tensor output = tensor(step.output, inputs, arena);
  sixfold_context context = sixfold_context_default();
  context.workspace = static_cast<unsigned char*>(arena) + workspace_offset_;
  context.workspace_bytes = step.workspace_bytes;
  pool_->serve(context);
  sixfold_error error{};
  const sixfold_status status = sixfold_run(step.op.get(), operands, step.inputs.size(), &output, &context, &error);
  if (status != SIXFOLD_OK) throw Error(step.what + " '" + step.value + "': " + error.text);
}

void Network::run_host(const Step& step, void* arena) const {
  const View& from = views_[step.inputs.at(0)];
  std::vector<float> values = read(tensor(step.inputs[0], {}, arena), from.layout);
  values = apply(step.host, std::move(values), from.dims);
  write(tensor(step.output, {}, arena), views_[step.output].layout, values);
}

std::vector<float> Network::result_of(size_t step, const void* arena) const {
  const size_t output = steps_[step].output;
  return read(tensor(output, {}, const_cast<void*>(arena)), views_[output].layout);
}

void Network::replace_result(size_t step, void* arena, const std::vector<float>& values) const {
  const size_t output = steps_[step].output;
  write(tensor(output, {}, arena), views_[output].layout, values);
}

std::vector<std::vector<float>> Network::outputs(const void* arena) const {
  std::vector<std::vector<float>> results;
  for (const size_t output : outputs_)
    results.push_back(read(tensor(output, {}, const_cast<void*>(arena)), views_[output].layout));
  return results;
}

}  // namespace sixfold::net
