#include "thread_pool.hpp"

#include <pthreadpool.h>

#include <new>

namespace sixfold::bench {
namespace {

void parallel_for(void* pool, std::size_t count, sixfold_task task, void* argument) {
  pthreadpool_parallelize_1d(static_cast<pthreadpool_t>(pool), task, argument, count, 0);
}

}  // namespace

void ThreadPool::Destroy::operator()(pthreadpool* pool) const { pthreadpool_destroy(pool); }

ThreadPool::ThreadPool(std::size_t threads) : threads_(threads) {
  if (threads < 2) return;
  pool_.reset(pthreadpool_create(threads));
  if (!pool_) throw std::bad_alloc();
}

void ThreadPool::serve(sixfold_context& context) {
  context.max_tasks = threads_;
  context.parallel_for = pool_ ? parallel_for : nullptr;
  context.pool = pool_.get();
}

}  // namespace sixfold::bench
