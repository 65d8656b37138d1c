// A network's run as a list of calls of the library, in a file that needs nothing to be read: it can be repeated on another machine, and
// must give the same values there. sixfold-net writes recordings, sixfold-replay runs them.
#ifndef SIXFOLD_BENCH_NET_RECORDING_HPP
#define SIXFOLD_BENCH_NET_RECORDING_HPP

#include <sixfold/sixfold.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace sixfold::net {

// The arrays that a descriptor points to; an empty one stands for NULL.
struct RecordedArrays {
  std::vector<float> weights, bias, mean, variance, gamma, beta, slopes;
};

using RecordedDesc = std::variant<sixfold_conv_desc, sixfold_fully_connected_desc, sixfold_pool_desc,
                                  sixfold_elementwise_desc, sixfold_convert_desc>;

struct RecordedTensor {
  bool is_input = false;     // the network's; else it lies in the arena
  std::uint64_t offset = 0;  // in bytes
  sixfold_layout layout = SIXFOLD_NHWC;
  sixfold_tensor view{};  // without data
};

struct RecordedStep {
  std::string value;  // what it computes, as the network calls it
  RecordedDesc desc = sixfold_conv_desc_default();
  RecordedArrays arrays;
  std::vector<RecordedTensor> inputs;
  RecordedTensor output;
};

struct Recording {
  std::string arithmetic;
  std::string digest;  // of what all steps compute, in the order of ONNX: batch, channel, row, column
  std::vector<float> input;
  std::uint64_t arena_bytes = 0;
  std::vector<RecordedStep> steps;
};

// ---- the file: numbers of 32 and 64 bits, little-endian

class RecordingWriter {
 public:
  explicit RecordingWriter(const std::string& path) : file_(path, std::ios::binary) {}

  void number(std::uint64_t& value, int bytes) {
    for (int i = 0; i < bytes; ++i) file_.put(static_cast<char>(value >> 8 * i & 0xffU));
  }
  template <class Container>
  void resize(Container& container) {
    std::uint64_t size = container.size();
    number(size, 8);
  }
  bool good() {
    file_.flush();
    return file_.good();
  }

 private:
  std::ofstream file_;
};

class RecordingReader {
 public:
  explicit RecordingReader(const std::string& path) : file_(path, std::ios::binary) {}

  void number(std::uint64_t& value, int bytes) {
    value = 0;
    for (int i = 0; i < bytes; ++i) value |= static_cast<std::uint64_t>(file_.get() & 0xff) << 8 * i;
    if (!file_) throw std::runtime_error("the recording ends too early");
  }
  template <class Container>
  void resize(Container& container) {
    std::uint64_t size = 0;
    number(size, 8);
    constexpr std::uint64_t more_than_any_recording_has = std::uint64_t{1} << 31;
    if (size > more_than_any_recording_has) throw std::runtime_error("this is no recording");
    container.resize(static_cast<std::size_t>(size));
  }

 private:
  std::ifstream file_;
};

// ---- what is in the file: the same list for writing and for reading

template <class File>
void field(File& file, float& value) {
  std::uint64_t bits = std::bit_cast<std::uint32_t>(value);
  file.number(bits, 4);
  value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

template <class File, class Number>
requires(std::is_integral_v<Number> || std::is_enum_v<Number>) void field(File& file, Number& value) {
  std::uint64_t bits = static_cast<std::uint64_t>(value);
  file.number(bits, 8);
  value = static_cast<Number>(bits);
}

template <class File>
void field(File& file, std::string& text) {
  file.resize(text);
  for (char& c : text) field(file, c);
}

template <class File, class T>
void field(File& file, std::vector<T>& list) {
  file.resize(list);
  for (T& item : list) field(file, item);
}

template <class File, class... Ts>
void fields(File& file, Ts&... values) {
  (field(file, values), ...);
}

template <class File>
void field(File& file, sixfold_batch_norm& norm) {
  fields(file, norm.position, norm.epsilon);
}

template <class File>
void field(File& file, sixfold_activation& activation) {
  fields(file, activation.kind, activation.alpha, activation.beta);
}

template <class File>
void field(File& file, sixfold_conv_desc& d) {
  fields(file, d.type, d.input_channels, d.output_channels, d.groups, d.kernel_height, d.kernel_width, d.stride_height,
         d.stride_width, d.dilation_height, d.dilation_width, d.pad_top, d.pad_left, d.pad_bottom, d.pad_right,
         d.weights_layout, d.batch_norm, d.activation, d.residual, d.input_scale, d.accumulation);
}

template <class File>
void field(File& file, sixfold_fully_connected_desc& d) {
  fields(file, d.type, d.input_features, d.output_features, d.batch_norm, d.activation, d.residual, d.accumulation);
}

template <class File>
void field(File& file, sixfold_pool_desc& d) {
  fields(file, d.type, d.kind, d.kernel_height, d.kernel_width, d.stride_height, d.stride_width, d.dilation_height,
         d.dilation_width, d.pad_top, d.pad_left, d.pad_bottom, d.pad_right, d.ceil_mode, d.count_include_pad);
}

template <class File>
void field(File& file, sixfold_elementwise_desc& d) {
  fields(file, d.type, d.kind, d.channels, d.activation);
}

template <class File>
void field(File& file, sixfold_convert_desc& d) {
  fields(file, d.input_type, d.output_type, d.input_layout, d.output_layout);
}

inline RecordedDesc recorded_desc_of_kind(std::size_t kind) {
  switch (kind) {
    case 0:
      return sixfold_conv_desc_default();
    case 1:
      return sixfold_fully_connected_desc_default();
    case 2:
      return sixfold_pool_desc_default();
    case 3:
      return sixfold_elementwise_desc_default();
    case 4:
      return sixfold_convert_desc_default();
    default:
      throw std::runtime_error("this is no recording");
  }
}

template <class File>
void field(File& file, RecordedDesc& desc) {
  std::size_t kind = desc.index();
  field(file, kind);
  if (kind != desc.index()) desc = recorded_desc_of_kind(kind);
  std::visit([&](auto& known) { field(file, known); }, desc);
}

template <class File>
void field(File& file, RecordedTensor& tensor) {
  sixfold_tensor& view = tensor.view;
  fields(file, tensor.is_input, tensor.offset, tensor.layout, view.type, view.batch, view.height, view.width,
         view.channels, view.pixel_stride);
}

template <class File>
void field(File& file, RecordedStep& step) {
  RecordedArrays& arrays = step.arrays;
  fields(file, step.value, step.desc, arrays.weights, arrays.bias, arrays.mean, arrays.variance, arrays.gamma,
         arrays.beta, arrays.slopes, step.inputs, step.output);
}

template <class File>
void field(File& file, Recording& recording) {
  fields(file, recording.arithmetic, recording.digest, recording.input, recording.arena_bytes, recording.steps);
}

}  // namespace sixfold::net

#endif
