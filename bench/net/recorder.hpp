// Writes down with which descriptors operators were made, and makes a recording of them.
#ifndef SIXFOLD_BENCH_NET_RECORDER_HPP
#define SIXFOLD_BENCH_NET_RECORDER_HPP

#include <map>
#include <utility>
#include <vector>

#include "recording.hpp"

namespace sixfold::net {

class Network;

class Recorder {
 public:
  void created(const sixfold_operator* op, const RecordedDesc& desc);

  // The run of a network all of whose operators this has seen. Throws if the library is to go on with what only the tool can
  // compute. The digest is left to the caller.
  Recording recording(const Network& network, const std::vector<float>& input) const;

 private:
  std::map<const sixfold_operator*, std::pair<RecordedDesc, RecordedArrays>> operators_;
};

}  // namespace sixfold::net

#endif
