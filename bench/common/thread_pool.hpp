// The caller's threads, as an engine would give them to the library: pthreadpool's.
#pragma once

#include <sixfold/sixfold.h>

#include <cstddef>
#include <memory>

struct pthreadpool;

namespace sixfold::bench {

// Threads that wait for work, for a moment busily. The one that asks for it works, too.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t threads);  // in all; at least 1

  std::size_t threads() const { return threads_; }

  // Fills in how a run is shared out. The pool must outlive the context, and serves one run at a time.
  void serve(sixfold_context& context);

  struct Destroy {
    void operator()(pthreadpool* pool) const;
  };

 private:
  std::size_t threads_;
  std::unique_ptr<pthreadpool, Destroy> pool_;  // none for one thread
};

}  // namespace sixfold::bench
