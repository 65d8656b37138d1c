#include "constants.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace sixfold::net {
namespace {

using Inputs = std::vector<const Constant*>;

const Constant& required(const Node& node, const Inputs& inputs, size_t index) {
  if (index >= inputs.size() || inputs[index] == nullptr) fail(node, "input " + std::to_string(index) + " is missing");
  return *inputs[index];
}

// Axes and the like are attributes in old opsets and inputs in new ones.
std::vector<int64_t> list(const Node& node, const Inputs& inputs, size_t index, const std::string& attribute,
                          const std::vector<int64_t>& otherwise) {
  if (index < inputs.size() && inputs[index] != nullptr) return inputs[index]->ints;
  return node.integers(attribute, otherwise);
}

// Applies `pick` to the elements of whichever type the constant has: pick(source vector) returns the result's elements.
template <class Pick>
Constant rearranged(const Constant& from, Dims dims, Pick pick) {
  Constant to;
  to.dims = std::move(dims);
  to.integral = from.integral;
  if (from.integral) {
    to.ints = pick(from.ints);
  } else {
    to.floats = pick(from.floats);
  }
  return to;
}

Constant with_dims(const Constant& from, Dims dims) {
  Constant to = from;
  to.dims = std::move(dims);
  return to;
}

Constant cast(const Node& node, const Constant& from) {
  constexpr int64_t kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9, kDouble = 11;
  const int64_t to_type = node.integer("to", kFloat);
  Constant to;
  to.dims = from.dims;
  if (to_type == kFloat || to_type == kDouble) {
    to.floats = from.integral ? std::vector<float>(from.ints.begin(), from.ints.end()) : from.floats;
  } else if (to_type == kInt32 || to_type == kInt64 || to_type == kBool) {
    to.integral = true;
    to.ints = from.integral ? from.ints : std::vector<int64_t>(from.floats.begin(), from.floats.end());
  } else {
    fail(node, "casts to an element type that is not supported: " + std::to_string(to_type));
  }
  return to;
}

// Along the first dimension only; that is all that shape arithmetic does.
Constant slice(const Node& node, const Inputs& inputs) {
  const Constant& from = required(node, inputs, 0);
  const auto starts = list(node, inputs, 1, "starts", {});
  const auto ends = list(node, inputs, 2, "ends", {});
  const auto axes = list(node, inputs, 3, "axes", {0});
  const auto steps = list(node, inputs, 4, "steps", {1});
  if (from.dims.size() != 1 || starts.size() != 1 || ends.size() != 1 || axes != std::vector<int64_t>{0} ||
      steps.at(0) < 1) {
    fail(node, "only constants of one dimension can be sliced, forwards");
  }
  const int64_t length = from.dims[0];
  const auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + length : at, 0, length); };
  std::vector<size_t> picked;
  for (int64_t at = clamp(starts[0]); at < clamp(ends[0]); at += steps[0]) picked.push_back(static_cast<size_t>(at));
  return rearranged(from, {static_cast<int64_t>(picked.size())}, [&](const auto& values) {
    auto result = values;
    result.clear();
    for (const size_t at : picked) result.push_back(values[at]);
    return result;
  });
}

Constant gather(const Node& node, const Inputs& inputs) {
  const Constant& from = required(node, inputs, 0);
  const Constant& indices = required(node, inputs, 1);
  if (from.dims.size() != 1) fail(node, "only constants of one dimension can be gathered from");
  return rearranged(from, indices.dims, [&](const auto& values) {
    auto result = values;
    result.clear();
    for (const int64_t index : indices.ints) {
      const int64_t at = index < 0 ? index + from.dims[0] : index;
      if (at < 0 || at >= from.dims[0]) fail(node, "index " + std::to_string(index) + " is out of range");
      result.push_back(values[static_cast<size_t>(at)]);
    }
    return result;
  });
}

Constant concat(const Node& node, const Inputs& inputs) {
  Constant to = required(node, inputs, 0);
  if (to.dims.size() != 1) fail(node, "only constants of one dimension can be concatenated");
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Constant& next = required(node, inputs, i);
    if (next.integral != to.integral) fail(node, "mixes integers and floats");
    to.ints.insert(to.ints.end(), next.ints.begin(), next.ints.end());
    to.floats.insert(to.floats.end(), next.floats.begin(), next.floats.end());
  }
  to.dims = {static_cast<int64_t>(to.size())};
  return to;
}

template <class T>
std::vector<T> combined(const Node& node, const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    const T x = a[a.size() == 1 ? 0 : i], y = b[b.size() == 1 ? 0 : i];
    if (node.type == "Add") result[i] = x + y;
    if (node.type == "Sub") result[i] = x - y;
    if (node.type == "Mul") result[i] = x * y;
    if (node.type == "Div") {
      if constexpr (std::is_integral_v<T>) {
        if (y == 0) fail(node, "divides by zero");
      }
      result[i] = x / y;
    }
  }
  return result;
}

Constant arithmetic(const Node& node, const Inputs& inputs) {
  const Constant& a = required(node, inputs, 0);
  const Constant& b = required(node, inputs, 1);
  if (a.integral != b.integral) fail(node, "mixes integers and floats");
  if (a.dims != b.dims && a.size() != 1 && b.size() != 1) {
    fail(node, "cannot combine constants of shape " + to_string(a.dims) + " and " + to_string(b.dims));
  }
  Constant to;
  to.integral = a.integral;
  to.dims = a.size() >= b.size() && a.dims.size() >= b.dims.size() ? a.dims : b.dims;
  if (a.integral) {
    to.ints = combined(node, a.ints, b.ints);
  } else {
    to.floats = combined(node, a.floats, b.floats);
  }
  return to;
}

Constant constant_of_shape(const Node& node, const Inputs& inputs) {
  const Dims dims = required(node, inputs, 0).ints;
  const auto found = node.attributes.find("value");
  Constant value =
      found == node.attributes.end() ? Constant::of_floats({1}, {0.0f}) : std::get<Constant>(found->second);
  const auto size = static_cast<size_t>(count(dims));
  return rearranged(value, dims, [&](const auto& values) {
    auto result = values;
    result.assign(size, values.at(0));
    return result;
  });
}

Constant transposed(const Node& node, const Constant& from) {
  std::vector<int64_t> reversed(from.dims.size());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  return transpose(from, node.integers("perm", reversed));
}

}  // namespace

Constant transpose(const Constant& input, const std::vector<int64_t>& order) {
  const size_t rank = input.dims.size();
  std::vector<size_t> strides(rank, 1), steps(rank);
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * static_cast<size_t>(input.dims[i]);
  Dims dims(rank);
  for (size_t i = 0; i < rank; ++i) {
    dims[i] = input.dims[static_cast<size_t>(order[i])];
    steps[i] = strides[static_cast<size_t>(order[i])];
  }
  std::vector<size_t> source;
  source.reserve(input.size());
  std::vector<int64_t> at(rank, 0);
  for (size_t n = 0, offset = 0; n < input.size(); ++n) {
    source.push_back(offset);
    for (size_t i = rank; i-- > 0;) {
      offset += steps[i];
      if (++at[i] < dims[i]) break;
      offset -= steps[i] * static_cast<size_t>(dims[i]);
      at[i] = 0;
    }
  }
  return rearranged(input, dims, [&](const auto& values) {
    auto result = values;
    for (size_t n = 0; n < source.size(); ++n) result[n] = values[source[n]];
    return result;
  });
}

size_t normal_axis(const Node& node, int64_t axis, size_t rank) {
  const auto limit = static_cast<int64_t>(rank);
  if (axis < -limit || axis >= limit) fail(node, "axis " + std::to_string(axis) + " of " + std::to_string(rank));
  return static_cast<size_t>(axis < 0 ? axis + limit : axis);
}

Dims reshaped(const Node& node, const Dims& from, const std::vector<int64_t>& wanted) {
  const bool zero_is_zero = node.integer("allowzero", 0) != 0;
  Dims to = wanted;
  int64_t known = 1;
  size_t open = to.size();
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && !zero_is_zero) {
      if (i >= from.size()) fail(node, "copies a dimension that the input has not");
      to[i] = from[i];
    }
    if (to[i] == -1) {
      open = i;
    } else {
      known *= to[i];
    }
  }
  if (open < to.size()) to[open] = known == 0 ? 0 : count(from) / known;
  if (count(to) != count(from)) fail(node, "cannot reshape " + to_string(from) + " into " + to_string(wanted));
  return to;
}

Dims squeezed(const Node& node, const Dims& from, const std::vector<int64_t>& axes) {
  std::vector<bool> drop(from.size(), false);
  for (const int64_t axis : axes) drop[normal_axis(node, axis, from.size())] = true;
  Dims to;
  for (size_t i = 0; i < from.size(); ++i) {
    if (axes.empty() ? from[i] != 1 : !drop[i]) to.push_back(from[i]);
  }
  if (count(to) != count(from)) fail(node, "squeezes a dimension that is not 1");
  return to;
}

Dims unsqueezed(const Node& node, const Dims& from, const std::vector<int64_t>& axes) {
  std::vector<bool> insert(from.size() + axes.size(), false);
  for (const int64_t axis : axes) insert[normal_axis(node, axis, insert.size())] = true;
  Dims to;
  size_t next = 0;
  for (const bool one : insert) to.push_back(one ? 1 : from.at(next++));
  return to;
}

std::optional<Constant> evaluate(const Node& node, const std::vector<const Constant*>& inputs) {
  using Function = std::function<Constant()>;
  const auto first = [&]() -> const Constant& { return required(node, inputs, 0); };
  const std::map<std::string, Function> functions = {
      {"Identity", [&] { return first(); }},
      {"Cast", [&] { return cast(node, first()); }},
      {"Slice", [&] { return slice(node, inputs); }},
      {"Gather", [&] { return gather(node, inputs); }},
      {"Concat", [&] { return concat(node, inputs); }},
      {"Add", [&] { return arithmetic(node, inputs); }},
      {"Sub", [&] { return arithmetic(node, inputs); }},
      {"Mul", [&] { return arithmetic(node, inputs); }},
      {"Div", [&] { return arithmetic(node, inputs); }},
      {"ConstantOfShape", [&] { return constant_of_shape(node, inputs); }},
      {"Transpose", [&] { return transposed(node, first()); }},
      {"Reshape", [&] { return with_dims(first(), reshaped(node, first().dims, list(node, inputs, 1, "shape", {}))); }},
      {"Squeeze", [&] { return with_dims(first(), squeezed(node, first().dims, list(node, inputs, 1, "axes", {}))); }},
      {"Unsqueeze",
       [&] { return with_dims(first(), unsqueezed(node, first().dims, list(node, inputs, 1, "axes", {}))); }},
  };
  const auto found = functions.find(node.type);
  if (found == functions.end()) return std::nullopt;
  return found->second();
}

}  // namespace sixfold::net
