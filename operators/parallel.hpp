// Shares tiles out among the tasks of the caller's parallel-for.
#pragma once

#include <atomic>
#include <cstddef>

#include "operator.hpp"

namespace sixfold::operators {

// Fewer cycles than these are not worth a task: to hand it to a thread that waits busily, and to hear of its end, took about as
// long, 1.3 us.
constexpr double min_task_cycles = 6000.0;
// With fewer output pixels a task, convolutions are split by channels; with more by rows of the image, all alike, so that a core
// finds in its own cache what it wrote a layer before.
constexpr std::size_t min_task_pixels = 48;

// Cores fetch ahead of what they read, up to 20 cache lines where it was measured. With less room between the tasks' pieces of
// workspace they take from one another what was just written: depthwise tiles took up to 1.4 times as long.
constexpr std::size_t task_gap = 2048;

constexpr std::size_t most_tasks = 1024;  // more than any machine has threads, and few enough to multiply by

// How far apart the pieces of workspace lie, if each task uses so many bytes.
constexpr std::size_t task_pitch(std::size_t bytes) { return bytes == 0 ? 0 : round_up(bytes, 64) + task_gap; }

// How many tasks to split work of an estimated number of cycles into.
inline std::size_t worthwhile_tasks(std::size_t max_tasks, double cycles) {
  if (max_tasks == 1) return 1;
  const std::size_t most = min_of(max_tasks, most_tasks);
  const double tasks = cycles / min_task_cycles;
  if (tasks >= static_cast<double>(most)) return most;
  return tasks < 1.0 ? 1 : static_cast<std::size_t>(tasks);
}

// Tiles of neighbouring numbers work on neighbouring memory. Each task has a range of them, the same in each layer of the same
// shape, and helps with the others' when it is done with its own.
template <class Body>
struct SharedTiles {
  static constexpr std::size_t max_ranges = 16;

  struct alignas(64) Range {
    std::atomic<std::size_t> next;
    std::size_t end;
  };

  SharedTiles(const Body& tile_body, std::size_t count, std::size_t tasks)
      : body(tile_body), range_count(min_of(tasks, max_ranges)) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < range_count; ++i) {
      ranges[i].next.store(begin, std::memory_order_relaxed);
      ranges[i].end = begin = count * (i + 1) / range_count;
    }
  }

  static void work(void* argument, std::size_t task) {
    SharedTiles& shared = *static_cast<SharedTiles*>(argument);
    for (std::size_t i = 0; i < shared.range_count; ++i) {
      Range& range = shared.ranges[(task + i) % shared.range_count];
      for (;;) {
        const std::size_t tile = range.next.fetch_add(1, std::memory_order_relaxed);
        if (tile >= range.end) break;
        shared.body(tile, task);
      }
    }
  }

  const Body& body;
  std::size_t range_count;
  Range ranges[max_ranges];
};

// Calls body(tile, task) once for every tile below `count`, in at most `tasks` tasks. Calls with the same `task` never overlap, so
// it numbers the piece of workspace to use; task < tasks.
template <class Body>
void for_each_tile(const Run& run, std::size_t tasks, std::size_t count, const Body& body) {
  if (count < tasks) tasks = count;
  if (tasks <= 1 || run.parallel_for == nullptr) {
    for (std::size_t tile = 0; tile < count; ++tile) body(tile, std::size_t{0});
    return;
  }
  SharedTiles<Body> shared(body, count, tasks);
  run.parallel_for(run.pool, tasks, &SharedTiles<Body>::work, &shared);
}

}  // namespace sixfold::operators
