// A network ready to run: one operator of the library a step, all activations in one arena that the caller owns.
#ifndef SIXFOLD_BENCH_NET_NETWORK_HPP
#define SIXFOLD_BENCH_NET_NETWORK_HPP

#include <sixfold/sixfold.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host.hpp"
#include "layer.hpp"
#include "thread_pool.hpp"

namespace sixfold::net {

struct Destroy {
  void operator()(sixfold_operator* op) const { sixfold_destroy(op); }
};
using Operator = std::unique_ptr<sixfold_operator, Destroy>;

// A window into a stretch of the arena, or into an input that the caller holds.
struct View {
  size_t storage = 0;
  size_t channel_offset = 0;
  size_t pixel_stride = 0;
  Image image;
  sixfold_layout layout = SIXFOLD_NHWC;
  Dims dims;  // as ONNX sees it
};

struct Step {
  std::string value;               // what it computes, as the network calls it; empty for a step on the way to it
  std::string what;                // "Conv 3x3/2 +BatchNormalization +HardSwish"
  std::vector<std::string> nodes;  // of the file
  std::string taken;  // the value that an activation or addition at its end is given; empty if there is none
  Operator op;        // or
  HostOperation host;
  std::vector<size_t> inputs;  // views
  size_t output = 0;           // view
  size_t workspace_bytes = 0;
  double multiply_adds = 0;  // those of the formula, with those that meet padding
  double bytes_moved = 0;    // each input, weight and output once
};

class Recorder;

struct NetworkOptions {
  sixfold_type type = SIXFOLD_FP32;
  std::string backend;  // empty: the library's choice
  size_t threads = 1;
  sixfold_accumulation accumulation = SIXFOLD_ACCUMULATE_FP32;  // of fp16 networks
  std::map<std::string, sixfold_accumulation> accumulation_of =
      {};                        // of layers, by what they compute, that differ from that
  Recorder* recorder = nullptr;  // is told of every operator
};

class Network {
 public:
  // Throws an Error that names the layer if the library refuses an operator.
  Network(const LayerGraph& graph, const NetworkOptions& options);

  const std::vector<Step>& steps() const { return steps_; }
  const View& view(size_t index) const { return views_[index]; }
  sixfold_type type() const { return options_.type; }
  size_t threads() const { return options_.threads; }

  // Activations and workspace, in bytes; to be aligned to 64.
  size_t arena_bytes() const { return arena_bytes_; }
  size_t weight_bytes() const;  // held by the operators

  // Called after each step with its index and the seconds it took.
  using Observer = std::function<void(size_t step, double seconds)>;

  // `inputs` are floats in the order of ONNX, one array an input of the network; the arena is written over. One run at
  // a time: the threads are the network's own.
  void run(const std::vector<const float*>& inputs, void* arena, const Observer& observer = {}) const;

  // A view as the library is given it. `arena` NULL: without data, but for inputs.
  sixfold_tensor tensor(size_t view, const std::vector<const float*>& inputs, void* arena) const;
  // Where in the arena a view starts, in bytes.
  size_t arena_offset(size_t view) const;

  // What a step has computed, as floats in the order of ONNX: right after it, before later steps reuse its memory.
  std::vector<float> result_of(size_t step, const void* arena) const;
  const Dims& output_dims(size_t index) const { return views_[outputs_[index]].dims; }

  // Puts other values in the place of those: so that later steps can be judged apart from the errors of earlier ones.
  void replace_result(size_t step, void* arena, const std::vector<float>& values) const;
  // The network's outputs, in the order of ONNX, after a run.
  std::vector<std::vector<float>> outputs(const void* arena) const;

 private:
  friend class NetworkBuilder;

  void run_step(const Step& step, const std::vector<const float*>& inputs, void* arena) const;
  void run_host(const Step& step, void* arena) const;

  struct Storage {
    size_t bytes = 0;
    size_t first = 0, last = 0;  // the steps between which its contents matter
    size_t offset = 0;
    bool external = false;  // an input; offset is its index
  };

  NetworkOptions options_;
  std::unique_ptr<bench::ThreadPool> pool_;
  std::vector<Storage> storages_;
  std::vector<View> views_;
  std::vector<Step> steps_;
  std::vector<size_t> outputs_;  // views
  size_t workspace_offset_ = 0;
  size_t arena_bytes_ = 0;
};

}  // namespace sixfold::net

#endif
