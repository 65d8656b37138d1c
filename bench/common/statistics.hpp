#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sixfold::bench {

// The middle value; the mean of the two middle ones of an even number. 0 for none.
inline double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace sixfold::bench
