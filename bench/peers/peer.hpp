// What a library must be able to do to be compared: run a graph.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network_graph.hpp"

namespace sixfold::bench {

// A graph made ready: weights packed, memory planned, algorithms chosen.
class Executable {
 public:
  virtual ~Executable() = default;

  // One array an input and the result, in NHWC. Whatever the library does to its inputs here is not timed.
  virtual void set_inputs(const std::vector<std::vector<float>>& inputs) = 0;
  virtual std::vector<float> output() = 0;

  // Runs, one thread, and says how many seconds that took.
  virtual double seconds_of(std::size_t runs) = 0;
};

struct Library {
  std::string name;
  std::string description;   // its version, and what keeps it to the instructions that the others use
  bool whole_networks_only;  // it takes no part in single layers
  // Throws std::runtime_error if something goes wrong.
  std::function<std::unique_ptr<Executable>(const Graph&)> make;
};

// CPU time of `work`, done `runs` times.
double cpu_seconds_of(std::size_t runs, const std::function<void()>& work);

// Which instructions everybody is to use.
enum class Instructions { avx2, any };

// Whether this process sees instructions beyond AVX2. Libraries without a switch of their own then use them.
bool has_avx512();

// The best of Sixfold's backends that this machine can run with these instructions.
std::string best_backend(Instructions instructions);

Library sixfold_library(const std::string& backend);
// Empty if this build is without it.
std::optional<Library> onednn_library(Instructions instructions);
std::optional<Library> xnnpack_library(Instructions instructions);
// `command` starts onnxruntime.mjs. Its models are written to `folder`. Runs whole networks only.
Library onnxruntime_library(const std::string& command, const std::string& folder);

}  // namespace sixfold::bench
