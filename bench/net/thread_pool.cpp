#include "thread_pool.hpp"

namespace sixfold::net {

ThreadPool::ThreadPool(size_t threads) {
  for (size_t i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(size_t count, sixfold_task task, void* argument) {
  std::unique_lock lock(mutex_);
  task_ = task;
  argument_ = argument;
  count_ = count;
  next_ = finished_ = 0;
  wake_.notify_all();
  take_tasks(lock);
  done_.wait(lock, [this] { return finished_ == count_; });
}

void ThreadPool::parallel_for(void* pool, size_t count, sixfold_task task, void* argument) {
  static_cast<ThreadPool*>(pool)->run(count, task, argument);
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || next_ < count_; });
    if (stop_) return;
    take_tasks(lock);
  }
}

void ThreadPool::take_tasks(std::unique_lock<std::mutex>& lock) {
  while (next_ < count_) {
    const size_t index = next_++;
    lock.unlock();
    task_(argument_, index);
    lock.lock();
    if (++finished_ == count_) done_.notify_all();
  }
}

}  // namespace sixfold::net
