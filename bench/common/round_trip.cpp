#include "round_trip.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

namespace sixfold::bench {
namespace {

constexpr int trials = 9;
constexpr int rounds = 2000;

// Where both threads are on one CPU, the other one must get it.
void wait_for(const std::atomic<int>& value, int wanted) {
  for (int spins = 0; value.load(std::memory_order_acquire) != wanted;) {
    if (++spins % 4096 == 0) std::this_thread::yield();
  }
}

double one_trial() {
  alignas(64) std::atomic<int> turn{0};
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      wait_for(turn, 2 * i + 1);
      turn.store(2 * i + 2, std::memory_order_release);
    }
  });
  std::chrono::steady_clock::time_point start;
  for (int i = 0; i < rounds; ++i) {
    if (i == 1) start = std::chrono::steady_clock::now();  // the other one has come to life
    turn.store(2 * i + 1, std::memory_order_release);
    wait_for(turn, 2 * i + 2);
  }
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  other.join();
  return time.count() / (rounds - 1);
}

}  // namespace

double round_trip_ns() {
  if (std::thread::hardware_concurrency() < 2) return 0.0;
  double least = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial < trials; ++trial) least = std::min(least, one_trial());
  return least;
}

}  // namespace sixfold::bench
