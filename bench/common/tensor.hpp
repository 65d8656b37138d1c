// Tensors and operators that clean up after themselves, on top of the public C API.
#pragma once

#include <sixfold/sixfold.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sixfold::bench {

std::size_t size_of(sixfold_type type);

// Half precision conversions that owe nothing to the library under test.
std::uint16_t to_half(float value);
float from_half(std::uint16_t bits);

struct Shape {
  std::size_t batch;
  std::size_t height;
  std::size_t width;
  std::size_t channels;

  std::size_t count() const { return batch * height * width * channels; }
};

// Elements of either type, aligned to a cache line.
class Elements {
 public:
  Elements(sixfold_type type, std::size_t count);

  sixfold_type type() const { return type_; }
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return count_ * size_of(type_); }
  void* data() { return memory_.get(); }
  const void* data() const { return memory_.get(); }

  float get(std::size_t index) const;
  void set(std::size_t index, float value);  // rounded to the type
  bool all_finite() const;

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  sixfold_type type_;
  std::size_t count_;
  std::unique_ptr<void, Free> memory_;
};

class Tensor {
 public:
  Tensor(sixfold_type type, Shape shape) : shape_(shape), elements_(type, shape.count()) {}

  const Shape& shape() const { return shape_; }
  Elements& elements() { return elements_; }
  const Elements& elements() const { return elements_; }
  sixfold_tensor view();  // dense NHWC

 private:
  Shape shape_;
  Elements elements_;
};

// Numbers spread evenly over a range: the same for the same seed, on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}

  float uniform(float low, float high);
  void fill(Elements& elements, float low, float high);
  std::vector<float> values(std::size_t count, float low, float high);

 private:
  std::uint64_t state_;
};

// Throws std::runtime_error with the library's text unless all went well.
void check(sixfold_status status, const sixfold_error& error);

// A created operator with the memory it needs to run.
class Operator {
 public:
  // `create` is called with the addresses of the operator and the error to fill, and returns a status.
  template <class Create>
  static Operator make(Create&& create) {
    sixfold_operator* op = nullptr;
    sixfold_error error{};
    check(create(&op, &error), error);
    return Operator(op);
  }

  // Asks for the output's shape and the workspace. The tensors' shapes must not change afterwards.
  void prepare(const std::vector<sixfold_tensor>& inputs);
  sixfold_tensor output_shape() const { return output_; }
  void run(const std::vector<sixfold_tensor>& inputs, const sixfold_tensor& output);

  const sixfold_operator* get() const { return op_.get(); }
  std::string kernel_name() const { return sixfold_kernel_name(op_.get()); }

 private:
  struct Destroy {
    void operator()(sixfold_operator* op) const { sixfold_destroy(op); }
  };
  explicit Operator(sixfold_operator* op) : op_(op) {}

  std::unique_ptr<sixfold_operator, Destroy> op_;
  sixfold_tensor output_{};
  std::vector<unsigned char> workspace_;
  sixfold_context context_ = sixfold_context_default();
};

// Options that force a backend; `backend` must outlive them.
sixfold_options options_for(const std::string& backend);

}  // namespace sixfold::bench
