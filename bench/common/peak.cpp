#include "peak.hpp"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "clock.hpp"
#include "isa_list.hpp"
#include "statistics.hpp"

namespace sixfold::bench {
namespace {

// Factor and term (the last two that a loop reads) keep every accumulator near 2: no overflow, no denormals.
constexpr float loop_values[16] = {1.0f, 1.1f, 1.2f, 1.3f, 1.4f, 1.5f, 1.6f, 1.7f,
                                   1.8f, 1.9f, 2.0f, 2.1f, 0.5f, 1.0f, 0.5f, 1.0f};

// Large enough for one vector of any ISA; volatile reads keep the loops from being optimised away.
float sink[64];

const IsaLoops& loops_of(const char* backend) {
  for (const IsaLoops* loops : isa_loops()) {
    if (std::string(loops->backend) == backend) return *loops;
  }
  throw std::invalid_argument(std::string("no measuring loop for the backend ") + backend);
}

using MultiplyAdd = decltype(IsaLoops::multiply_add);

double gflops_of(MultiplyAdd multiply_add, std::size_t rounds) {
  double operations = 0.0;
  const double seconds = seconds_of([&] { operations = multiply_add(rounds, loop_values, sink); });
  return operations / seconds * 1e-9;
}

// How many rounds take about `seconds`. Doubling from a small number also wakes up the CPU's clock and its vector units.
std::size_t rounds_for(MultiplyAdd multiply_add, double seconds) {
  std::size_t rounds = 256;
  while (seconds_of([&] { multiply_add(rounds, loop_values, sink); }) < seconds) rounds *= 2;
  return rounds;
}

double measure_peak(MultiplyAdd multiply_add) {
  constexpr double sample_seconds = 2e-3;
  const std::size_t rounds = rounds_for(multiply_add, sample_seconds);
  std::vector<double> samples;
  for (int sample = 0; sample < 11; ++sample) samples.push_back(gflops_of(multiply_add, rounds));
  return median(samples);
}

constexpr std::size_t memory_buffer_bytes = std::size_t{64} << 20;

std::size_t l2_buffer_bytes() {
  long size = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
  size = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  const std::size_t bytes = size > 0 ? static_cast<std::size_t>(size) : std::size_t{512} << 10;
  return std::max<std::size_t>(bytes / 2, 65536) / 4096 * 4096;  // half: it has to share with code and stack
}

// GB/s of `work`, which goes once over `bytes` bytes: the best of several, after one to warm up, since whatever else the
// machine does can only take bandwidth away.
template <class Work>
double bandwidth_of(std::size_t bytes, Work&& work) {
  constexpr double bytes_in_a_sample = 128e6;
  const std::size_t passes = std::max<std::size_t>(1, static_cast<std::size_t>(bytes_in_a_sample) / bytes);
  work();
  double best = 0.0;
  for (int sample = 0; sample < 5; ++sample) {
    const double seconds = seconds_of([&] {
      for (std::size_t pass = 0; pass < passes; ++pass) work();
    });
    best = std::max(best, static_cast<double>(bytes * passes) / seconds * 1e-9);
  }
  return best;
}

}  // namespace

double measure_fma_peak_gflops(const char* backend) { return measure_peak(loops_of(backend).multiply_add); }

bool has_half_arithmetic(const char* backend) { return loops_of(backend).multiply_add_halves != nullptr; }

double measure_half_fma_peak_gflops(const char* backend) {
  return has_half_arithmetic(backend) ? measure_peak(loops_of(backend).multiply_add_halves) : 0.0;
}

Calibration lowest(const Calibration& a, const Calibration& b) {
  return {std::min(a.fma_gflops, b.fma_gflops), std::min(a.l1_gigabytes, b.l1_gigabytes),
          std::min(a.half_gflops, b.half_gflops)};
}

PeakMeter::PeakMeter(const char* backend)
    : loops_(&loops_of(backend)), rounds_(rounds_for(loops_->multiply_add, 1e-4)), l1_buffer_(4096, 1.0f) {
  best_ = {measure_fma_peak_gflops(backend), l1_gigabytes(), 0.0};
}

double PeakMeter::l1_gigabytes() {
  constexpr int passes = 400;
  const double seconds = seconds_of([&] {
    for (int pass = 0; pass < passes; ++pass) loops_->read(l1_buffer_.data(), l1_buffer_.size(), sink);
  });
  return static_cast<double>(passes * l1_buffer_.size() * sizeof(float)) / seconds * 1e-9;
}

Calibration PeakMeter::recalibrate() {
  const auto gflops = [this](MultiplyAdd loop) {
    return median({gflops_of(loop, rounds_), gflops_of(loop, rounds_), gflops_of(loop, rounds_)});
  };
  const double floats = gflops(loops_->multiply_add);
  const double halves = loops_->multiply_add_halves != nullptr ? gflops(loops_->multiply_add_halves) : floats;
  const Calibration now = {floats, median({l1_gigabytes(), l1_gigabytes(), l1_gigabytes()}), halves};
  best_.fma_gflops = std::max(best_.fma_gflops, now.fma_gflops);
  best_.l1_gigabytes = std::max(best_.l1_gigabytes, now.l1_gigabytes);
  return now;
}

Bandwidth measure_bandwidth(const char* backend) {
  const IsaLoops& loops = loops_of(backend);
  std::vector<float> buffer(memory_buffer_bytes / sizeof(float), 1.0f);
  Bandwidth result{};
  result.l2_bytes = l2_buffer_bytes();
  result.memory_bytes = memory_buffer_bytes;
  const auto read = [&](std::size_t bytes) {
    return bandwidth_of(bytes, [&] { loops.read(buffer.data(), bytes / sizeof(float), sink); });
  };
  const auto write = [&](std::size_t bytes) {
    return bandwidth_of(bytes, [&] { loops.write(buffer.data(), bytes / sizeof(float), loop_values); });
  };
  result.l2_read = read(result.l2_bytes);
  result.l2_write = write(result.l2_bytes);
  result.memory_read = read(result.memory_bytes);
  result.memory_write = write(result.memory_bytes);
  return result;
}

}  // namespace sixfold::bench
