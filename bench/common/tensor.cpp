#include "tensor.hpp"

#include <fp16.h>

#include <cmath>
#include <cstdlib>
#include <new>
#include <stdexcept>

namespace sixfold::bench {

std::size_t size_of(sixfold_type type) { return type == SIXFOLD_FP32 ? sizeof(float) : sizeof(std::uint16_t); }

std::uint16_t to_half(float value) { return fp16_ieee_from_fp32_value(value); }
float from_half(std::uint16_t bits) { return fp16_ieee_to_fp32_value(bits); }

Elements::Elements(sixfold_type type, std::size_t count) : type_(type), count_(count) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 64, count * size_of(type) + 1) != 0) throw std::bad_alloc();
  memory_.reset(memory);
  for (std::size_t i = 0; i < count; ++i) set(i, 0.0f);
}

void Elements::Free::operator()(void* memory) const { std::free(memory); }

float Elements::get(std::size_t index) const {
  if (type_ == SIXFOLD_FP32) return static_cast<const float*>(data())[index];
  return from_half(static_cast<const std::uint16_t*>(data())[index]);
}

void Elements::set(std::size_t index, float value) {
  if (type_ == SIXFOLD_FP32) {
    static_cast<float*>(data())[index] = value;
  } else {
    static_cast<std::uint16_t*>(data())[index] = to_half(value);
  }
}

bool Elements::all_finite() const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (!std::isfinite(get(i))) return false;
  }
  return true;
}

sixfold_tensor Tensor::view() {
  return sixfold_tensor_of(elements_.data(), elements_.type(), shape_.batch, shape_.height, shape_.width,
                           shape_.channels);
}

float Random::uniform(float low, float high) {
  // A linear congruential generator modulo 2^64; its upper bits are good enough for test data.
  state_ = state_ * 6364136223846793005u + 1442695040888963407u;
  const float unit = static_cast<float>(state_ >> 40) * 0x1p-24f;
  return low + unit * (high - low);
}

void Random::fill(Elements& elements, float low, float high) {
  for (std::size_t i = 0; i < elements.count(); ++i) elements.set(i, uniform(low, high));
}

std::vector<float> Random::values(std::size_t count, float low, float high) {
  std::vector<float> result(count);
  for (float& value : result) value = uniform(low, high);
  return result;
}

void check(sixfold_status status, const sixfold_error& error) {
  if (status != SIXFOLD_OK) throw std::runtime_error(std::string(sixfold_status_name(status)) + ": " + error.text);
}

void Operator::prepare(const std::vector<sixfold_tensor>& inputs) {
  sixfold_error error{};
  check(sixfold_output_shape(op_.get(), inputs.data(), inputs.size(), &output_, &error), error);
  std::size_t bytes = 0;
  check(sixfold_workspace_size(op_.get(), inputs.data(), inputs.size(), 1, &bytes, &error), error);
  workspace_.resize(bytes);
  context_.workspace = workspace_.data();
  context_.workspace_bytes = bytes;
}

void Operator::run(const std::vector<sixfold_tensor>& inputs, const sixfold_tensor& output) {
  sixfold_error error{};
  check(sixfold_run(op_.get(), inputs.data(), inputs.size(), &output, &context_, &error), error);
}

sixfold_options options_for(const std::string& backend) {
  sixfold_options options = sixfold_options_default();
  options.backend = backend.c_str();
  return options;
}

}  // namespace sixfold::bench
