#include "arena.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace sixfold::bench {
namespace {

std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

bool live_together(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

// The lowest place for values[index] among those that are placed, which are sorted by their offsets.
std::size_t lowest_place(std::size_t index, const std::vector<Lifetime>& values, const std::vector<std::size_t>& placed,
                         const std::vector<std::size_t>& offsets) {
  std::size_t offset = 0;
  for (const std::size_t other : placed) {
    if (!live_together(values[index], values[other])) continue;
    if (offset + values[index].bytes <= offsets[other]) break;
    offset = std::max(offset, offsets[other] + aligned(values[other].bytes));
  }
  return offset;
}

}  // namespace

void* Arena::at(std::size_t offset) {
  const std::size_t past = reinterpret_cast<std::uintptr_t>(memory_.data()) % alignment;
  return memory_.data() + (alignment - past) % alignment + offset;
}

ArenaPlan plan_arena(const std::vector<Lifetime>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a].bytes > values[b].bytes; });
  ArenaPlan plan;
  plan.offsets.resize(values.size());
  std::vector<std::size_t> placed;
  for (const std::size_t index : order) {
    if (values[index].bytes == 0) continue;
    plan.offsets[index] = lowest_place(index, values, placed, plan.offsets);
    plan.bytes = std::max(plan.bytes, plan.offsets[index] + aligned(values[index].bytes));
    const auto by_offset = [&](std::size_t a, std::size_t b) { return plan.offsets[a] < plan.offsets[b]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), index, by_offset), index);
  }
  return plan;
}

}  // namespace sixfold::bench
