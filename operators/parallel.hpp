// Shares tiles out among the tasks of the caller's parallel-for.
#pragma once

#include <atomic>
#include <cstddef>

#include "operator.hpp"

namespace sixfold::operators {

template <class Body>
struct SharedTiles {
  const Body& body;
  std::size_t count;
  std::atomic<std::size_t> next{0};

  static void work(void* argument, std::size_t task) {
    SharedTiles& shared = *static_cast<SharedTiles*>(argument);
    for (;;) {
      const std::size_t tile = shared.next.fetch_add(1, std::memory_order_relaxed);
      if (tile >= shared.count) return;
      shared.body(tile, task);
    }
  }
};

// Calls body(tile, task) once for every tile below `count`. Calls with the same `task` never overlap, so it numbers the piece
// of workspace to use; task < run.max_tasks.
template <class Body>
void for_each_tile(const Run& run, std::size_t count, const Body& body) {
  const std::size_t tasks = count < run.max_tasks ? count : run.max_tasks;
  if (tasks <= 1 || run.parallel_for == nullptr) {
    for (std::size_t tile = 0; tile < count; ++tile) body(tile, std::size_t{0});
    return;
  }
  SharedTiles<Body> shared{body, count};
  run.parallel_for(run.pool, tasks, &SharedTiles<Body>::work, &shared);
}

}  // namespace sixfold::operators
