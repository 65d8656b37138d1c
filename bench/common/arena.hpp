// Places for values in one block of memory, such that those needed at the same time do not overlap.
#pragma once

#include <cstddef>
#include <vector>

namespace sixfold::bench {

// A value that matters from step `first` to step `last`, both included.
struct Lifetime {
  std::size_t bytes = 0;
  std::size_t first = 0;
  std::size_t last = 0;
};

struct ArenaPlan {
  std::vector<std::size_t> offsets;  // one a value, multiples of 64
  std::size_t bytes = 0;             // of the whole block, which is to be aligned to 64
};

// Such a block, aligned to 64.
class Arena {
 public:
  explicit Arena(std::size_t bytes) : memory_(bytes + alignment) {}
  void* at(std::size_t offset);

 private:
  static constexpr std::size_t alignment = 64;
  std::vector<unsigned char> memory_;
};

// Largest first, each at the lowest place that is free during its life.
ArenaPlan plan_arena(const std::vector<Lifetime>& values);

}  // namespace sixfold::bench
