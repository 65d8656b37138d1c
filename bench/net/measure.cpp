#include "measure.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>

#include "clock.hpp"
#include "statistics.hpp"

namespace sixfold::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kEnoughSeconds = 2.0;
constexpr int kFewest = 5, kMost = 200;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// On one thread, its time on a CPU; on several, time on the clock.
double seconds_of_run(const Network& network, const Arena& arena, const std::vector<const float*>& inputs) {
  const auto run = [&] { network.run(inputs, arena.data()); };
  if (network.threads() == 1) return bench::seconds_of(run);
  const Clock::time_point start = Clock::now();
  run();
  return seconds_since(start);
}

class Progress {
 public:
  explicit Progress(sixfold_type type)
      : label_(type == SIXFOLD_FP16 ? "fp16" : "fp32"), shown_(isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (shown_) std::fprintf(stderr, "\r%40s\r", "");
  }
  void operator()(int done) const {
    if (shown_) std::fprintf(stderr, "\rmeasuring %s, run %d", label_, done);
  }

 private:
  const char* label_;
  bool shown_;
};

}  // namespace

Arena::Arena(size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 64, std::max<size_t>(bytes, 64)) != 0) throw std::bad_alloc();
  memory_.reset(memory);
}

void Arena::Free::operator()(void* memory) const { std::free(memory); }

Values values_of(const Network& network, const Arena& arena, const std::vector<const float*>& inputs) {
  Values values;
  network.run(inputs, arena.data(),
              [&](size_t step, double) { values.steps.push_back(network.result_of(step, arena.data())); });
  values.outputs = network.outputs(arena.data());
  return values;
}

std::vector<std::vector<float>> results_alone(const Network& network, const Arena& arena,
                                              const std::vector<const float*>& inputs, const Values& reference) {
  std::vector<std::vector<float>> results;
  network.run(inputs, arena.data(), [&](size_t step, double) {
    results.push_back(network.result_of(step, arena.data()));
    network.replace_result(step, arena.data(), reference.steps.at(step));
  });
  return results;
}

Times times_of(const Network& network, const Arena& arena, const std::vector<const float*>& inputs, int repetitions) {
  network.run(inputs, arena.data());  // warm up
  std::vector<std::vector<double>> steps(network.steps().size());
  std::vector<double> whole;
  const Progress progress(network.type());
  const Clock::time_point start = Clock::now();
  const auto go_on = [&](int done) {
    if (repetitions > 0) return done < repetitions;
    return done < kFewest || (done < kMost && seconds_since(start) < kEnoughSeconds);
  };
  Times times;
  for (; go_on(times.repetitions); ++times.repetitions) {
    progress(times.repetitions + 1);
    network.run(inputs, arena.data(), [&](size_t step, double seconds) { steps[step].push_back(seconds); });
    whole.push_back(seconds_of_run(network, arena, inputs));
  }
  for (const auto& samples : steps) times.steps.push_back(bench::median(samples));
  times.whole = bench::median(whole);
  return times;
}

Difference difference(const std::vector<float>& values, const std::vector<float>& reference) {
  Difference result;
  double signal = 0, noise = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double expected = static_cast<double>(reference[i]), actual = static_cast<double>(values.at(i));
    if (!std::isfinite(actual)) {
      result.overflows += std::isfinite(expected) ? 1 : 0;
      continue;
    }
    const double error = actual - expected;
    result.largest = std::max(result.largest, std::fabs(error));
    result.magnitude = std::max(result.magnitude, std::fabs(expected));
    signal += expected * expected;
    noise += error * error;
  }
  result.signal_to_noise = noise > 0 ? 10 * std::log10(signal / noise) : std::numeric_limits<double>::infinity();
  return result;
}

}  // namespace sixfold::net
