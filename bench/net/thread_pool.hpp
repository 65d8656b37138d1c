// The caller's threads, as the library wants them: an example of what an engine gives to sixfold_context.
#ifndef SIXFOLD_BENCH_NET_THREAD_POOL_HPP
#define SIXFOLD_BENCH_NET_THREAD_POOL_HPP

#include <sixfold/sixfold.h>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace sixfold::net {

// Threads that wait for work. The one that asks for it works, too.
class ThreadPool {
 public:
  explicit ThreadPool(size_t threads);  // in all; at least 1
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t threads() const { return workers_.size() + 1; }

  // Calls task(argument, i) for each i below count, and returns when all are done. One caller at a time.
  void run(size_t count, sixfold_task task, void* argument);

  // The same as a sixfold_parallel_for; `pool` is a ThreadPool.
  static void parallel_for(void* pool, size_t count, sixfold_task task, void* argument);

 private:
  void work();
  // Takes tasks until there are none left. The lock is held on entry and on return.
  void take_tasks(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  sixfold_task task_ = nullptr;
  void* argument_ = nullptr;
  size_t count_ = 0, next_ = 0, finished_ = 0;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace sixfold::net

#endif
