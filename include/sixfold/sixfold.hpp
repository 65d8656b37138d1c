// Sixfold for C++17: sixfold.h with ownership and defaults. Header-only, no exceptions, no RTTI; nothing here is in the ABI.
//
//     sixfold::ConvDesc desc;                                   // 1x1, stride 1, one group
//     desc.input_channels = 3;
//     desc.output_channels = 16;
//     desc.kernel_height = desc.kernel_width = 3;
//     desc.stride_height = desc.stride_width = 2;
//     desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
//     desc.weights = weights.data();                            // 16 x 3 x 3 x 3, OHWI
//     desc.activation = sixfold::activation(SIXFOLD_RELU6);
//
//     sixfold::Error error;
//     sixfold::Operator conv = sixfold::Operator::create(desc, error);
//     if (error) return report(error.text());
//
//     sixfold_tensor input = sixfold::tensor(image.data(), 1, 224, 224, 3);
//     sixfold_tensor output = conv.output_shape(input, error);  // 1 x 112 x 112 x 16
//     std::vector<float> result(sixfold::element_count(output));
//     output.data = result.data();
//     sixfold::Context context;
//     error = context.reserve(conv, input);                     // workspace, to be used for any number of runs
//     if (!error) error = conv.run(input, output, context);
//
// Everything that can fail gives an Error. One that is ignored does no harm: an empty Operator answers every call with an error.
// Units, shapes and ownership are those of sixfold.h.
#ifndef SIXFOLD_SIXFOLD_HPP
#define SIXFOLD_SIXFOLD_HPP

#include <sixfold/sixfold.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace sixfold {
// The library is C++ inside, in this same namespace. The inline namespace keeps its symbols and those of the caller apart.
inline namespace wrapper {

// What went wrong, if anything: true in a condition when something did.
class Error {
 public:
  Error() : error_() {}

  explicit operator bool() const { return error_.status != SIXFOLD_OK; }
  sixfold_status status() const { return error_.status; }
  const char* status_name() const { return sixfold_status_name(error_.status); }
  const char* text() const { return error_.text; }  // names the field and its value; empty if nothing went wrong

  sixfold_error* get() { return &error_; }  // for calls of sixfold.h

 private:
  sixfold_error error_;
};

// ---------------------------------------------------------------------------------------------------- structures with defaults

struct ConvDesc : sixfold_conv_desc {
  ConvDesc() : sixfold_conv_desc(sixfold_conv_desc_default()) {}
};
struct FullyConnectedDesc : sixfold_fully_connected_desc {
  FullyConnectedDesc() : sixfold_fully_connected_desc(sixfold_fully_connected_desc_default()) {}
};
struct PoolDesc : sixfold_pool_desc {
  PoolDesc() : sixfold_pool_desc(sixfold_pool_desc_default()) {}
};
struct ElementwiseDesc : sixfold_elementwise_desc {
  ElementwiseDesc() : sixfold_elementwise_desc(sixfold_elementwise_desc_default()) {}
};
struct ConvertDesc : sixfold_convert_desc {
  ConvertDesc() : sixfold_convert_desc(sixfold_convert_desc_default()) {}
};
struct Options : sixfold_options {
  Options() : sixfold_options(sixfold_options_default()) {}
};

// With its customary parameters, as in sixfold_activation_default().
inline sixfold_activation activation(sixfold_activation_kind kind) { return sixfold_activation_default(kind); }
inline sixfold_activation clamp(float lower, float upper) { return {SIXFOLD_CLAMP, lower, upper, nullptr}; }
inline sixfold_activation prelu(const float* slopes) { return {SIXFOLD_PRELU, 0.0f, 0.0f, slopes}; }

// ---------------------------------------------------------------------------------------------------- tensors

// Dense NHWC views of the caller's memory. Inputs are never written, and so may be const.
inline sixfold_tensor tensor(const float* data, std::size_t batch, std::size_t height, std::size_t width,
                             std::size_t channels) {
  return sixfold_tensor_of(const_cast<float*>(data), SIXFOLD_FP32, batch, height, width, channels);
}

// The bits of binary16 values.
inline sixfold_tensor half_tensor(const std::uint16_t* data, std::size_t batch, std::size_t height, std::size_t width,
                                  std::size_t channels) {
  return sixfold_tensor_of(const_cast<std::uint16_t*>(data), SIXFOLD_FP16, batch, height, width, channels);
}

// Elements of memory that the view spans when it is dense, and their bytes.
inline std::size_t element_count(const sixfold_tensor& view) {
  return view.batch * view.height * view.width * view.channels;
}
inline std::size_t byte_count(const sixfold_tensor& view) {
  return element_count(view) * (view.type == SIXFOLD_FP16 ? sizeof(std::uint16_t) : sizeof(float));
}

// ---------------------------------------------------------------------------------------------------- operators

// Owns a sixfold_operator. Moves, and does not copy. Any number of threads may use a const one at once.
class Operator {
 public:
  Operator() = default;
  explicit Operator(sixfold_operator* owned) : operator_(owned) {}
  Operator(Operator&& other) noexcept : operator_(std::exchange(other.operator_, nullptr)) {}
  Operator& operator=(Operator&& other) noexcept {
    std::swap(operator_, other.operator_);
    return *this;
  }
  ~Operator() { sixfold_destroy(operator_); }

  // Empty on failure, and then `error` says why.
  static Operator create(const sixfold_conv_desc& desc, Error& error, const sixfold_options& options = Options()) {
    return make(sixfold_conv_create, desc, options, error);
  }
  static Operator create(const sixfold_fully_connected_desc& desc, Error& error,
                         const sixfold_options& options = Options()) {
    return make(sixfold_fully_connected_create, desc, options, error);
  }
  static Operator create(const sixfold_pool_desc& desc, Error& error, const sixfold_options& options = Options()) {
    return make(sixfold_pool_create, desc, options, error);
  }
  static Operator create(const sixfold_elementwise_desc& desc, Error& error,
                         const sixfold_options& options = Options()) {
    return make(sixfold_elementwise_create, desc, options, error);
  }
  static Operator create(const sixfold_convert_desc& desc, Error& error, const sixfold_options& options = Options()) {
    return make(sixfold_convert_create, desc, options, error);
  }

  explicit operator bool() const { return operator_ != nullptr; }
  const sixfold_operator* get() const { return operator_; }
  sixfold_operator* release() { return std::exchange(operator_, nullptr); }  // the caller destroys it

  std::size_t input_count() const { return sixfold_input_count(operator_); }

  // The output's type and dense shape, its data NULL.
  sixfold_tensor output_shape(const sixfold_tensor& input, Error& error) const { return shape(&input, 1, error); }
  sixfold_tensor output_shape(const sixfold_tensor& first, const sixfold_tensor& second, Error& error) const {
    return output_shape({first, second}, error);
  }
  sixfold_tensor output_shape(std::initializer_list<sixfold_tensor> inputs, Error& error) const {
    return shape(inputs.begin(), inputs.size(), error);
  }

  // In bytes, for runs of at most `max_tasks` tasks.
  std::size_t workspace_size(const sixfold_tensor& input, std::size_t max_tasks, Error& error) const {
    return workspace(&input, 1, max_tasks, error);
  }
  std::size_t workspace_size(const sixfold_tensor& first, const sixfold_tensor& second, std::size_t max_tasks,
                             Error& error) const {
    return workspace_size({first, second}, max_tasks, error);
  }
  std::size_t workspace_size(std::initializer_list<sixfold_tensor> inputs, std::size_t max_tasks, Error& error) const {
    return workspace(inputs.begin(), inputs.size(), max_tasks, error);
  }

  // The second input is the residual or the other operand, for operators that have one; a list serves operators of any number
  // of inputs. Without a context, a run is serial and has no workspace, which convolutions and fully connected layers need.
  Error run(const sixfold_tensor& input, const sixfold_tensor& output,
            const sixfold_context& context = sixfold_context_default()) const {
    return run(&input, 1, output, context);
  }
  Error run(const sixfold_tensor& first, const sixfold_tensor& second, const sixfold_tensor& output,
            const sixfold_context& context = sixfold_context_default()) const {
    return run({first, second}, output, context);
  }
  Error run(std::initializer_list<sixfold_tensor> inputs, const sixfold_tensor& output,
            const sixfold_context& context = sixfold_context_default()) const {
    return run(inputs.begin(), inputs.size(), output, context);
  }

  // Which backend and kernel, why, what was passed over, and how to force another.
  std::string explain() const {
    std::string text(sixfold_explain(operator_, nullptr, 0), '\0');
    sixfold_explain(operator_, &text[0], text.size() + 1);  // the terminator has its own place
    return text;
  }
  const char* kernel_name() const { return sixfold_kernel_name(operator_); }
  std::size_t memory_bytes() const { return sixfold_memory_bytes(operator_); }

 private:
  template <class Create, class Desc>
  static Operator make(Create* create, const Desc& desc, const sixfold_options& options, Error& error) {
    sixfold_operator* created = nullptr;
    create(&desc, &options, &created, error.get());
    return Operator(created);
  }

  sixfold_tensor shape(const sixfold_tensor* inputs, std::size_t count, Error& error) const {
    sixfold_tensor output = {};
    sixfold_output_shape(operator_, inputs, count, &output, error.get());
    return output;
  }

  std::size_t workspace(const sixfold_tensor* inputs, std::size_t count, std::size_t max_tasks, Error& error) const {
    std::size_t bytes = 0;
    sixfold_workspace_size(operator_, inputs, count, max_tasks, &bytes, error.get());
    return bytes;
  }

  Error run(const sixfold_tensor* inputs, std::size_t count, const sixfold_tensor& output,
            const sixfold_context& context) const {
    Error error;
    sixfold_run(operator_, inputs, count, &output, &context, error.get());
    return error;
  }

  sixfold_operator* operator_ = nullptr;
};

// ---------------------------------------------------------------------------------------------------- running

// How to run: a workspace, and who runs the tasks. By default serial and without workspace. Of one run at a time.
class Context : public sixfold_context {
 public:
  Context() : sixfold_context(sixfold_context_default()) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Splits runs into at most `tasks` tasks for parallel(count, body), which must call body(i) once for each i below count, on
  // any threads, and return when all are done. It is not copied: it must outlive the context.
  template <class Parallel>
  void set_pool(Parallel& parallel, std::size_t tasks) {
    max_tasks = tasks;
    pool = &parallel;
    parallel_for = [](void* opaque, std::size_t count, sixfold_task task, void* argument) {
      (*static_cast<Parallel*>(opaque))(count, [task, argument](std::size_t index) { task(argument, index); });
    };
  }

  // Makes the workspace, which this object owns, large enough for `op` on these inputs and the present number of tasks. It
  // never shrinks, so that one context serves a whole network.
  Error reserve(const Operator& op, const sixfold_tensor& input) {
    Error error;
    grow(op.workspace_size(input, max_tasks, error));
    return error;
  }
  Error reserve(const Operator& op, const sixfold_tensor& first, const sixfold_tensor& second) {
    return reserve(op, {first, second});
  }
  Error reserve(const Operator& op, std::initializer_list<sixfold_tensor> inputs) {
    Error error;
    grow(op.workspace_size(inputs, max_tasks, error));
    return error;
  }

 private:
  void grow(std::size_t bytes) {
    if (bytes > memory_.size()) memory_.resize(bytes);
    workspace = memory_.data();
    workspace_bytes = memory_.size();
  }

  std::vector<unsigned char> memory_;
};

// ---------------------------------------------------------------------------------------------------- proofs of ranges

// What an operator's sums and outputs can reach: in all, and channel by channel. No channels on failure.
struct Range {
  sixfold_range whole = sixfold_range_default();
  std::vector<sixfold_channel_range> channels;
};

inline Range range(const sixfold_conv_desc& desc, Error& error) {
  Range result;
  result.channels.resize(desc.output_channels);
  if (sixfold_conv_range(&desc, result.channels.data(), result.channels.size(), &result.whole, error.get()))
    return Range();
  return result;
}
inline Range range(const sixfold_fully_connected_desc& desc, Error& error) {
  Range result;
  result.channels.resize(desc.output_features);
  const sixfold_status status =
      sixfold_fully_connected_range(&desc, result.channels.data(), result.channels.size(), &result.whole, error.get());
  return status == SIXFOLD_OK ? result : Range();
}

// The window of inputs that drives every partial sum of a channel to one end; empty on failure.
inline std::vector<float> witness(const sixfold_conv_desc& desc, std::size_t channel, sixfold_extreme extreme,
                                  Error& error) {
  const std::size_t groups = desc.groups == 0 ? 1 : desc.groups;
  std::vector<float> values(desc.kernel_height * desc.kernel_width * (desc.input_channels / groups));
  if (sixfold_conv_witness(&desc, channel, extreme, values.data(), values.size(), error.get())) values.clear();
  return values;
}

// ---------------------------------------------------------------------------------------------------- backends and kernels

// Best first; each says whether this CPU can run it, and why.
inline std::vector<sixfold_backend_info> backends() {
  std::vector<sixfold_backend_info> list(sixfold_backend_count());
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].struct_size = sizeof list[i];
    sixfold_backend_get(i, &list[i], nullptr);
  }
  return list;
}

inline std::vector<sixfold_kernel_info> kernels() {
  std::vector<sixfold_kernel_info> list(sixfold_kernel_count());
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].struct_size = sizeof list[i];
    sixfold_kernel_get(i, &list[i], nullptr);
  }
  return list;
}

}  // namespace wrapper
}  // namespace sixfold

#endif  // SIXFOLD_SIXFOLD_HPP
