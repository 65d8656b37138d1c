#include "spelled.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace sixfold::net {
namespace {

using Value = std::optional<std::string>;

// Walks from a value up through the nodes that made it, as long as they are of the expected kind and used nowhere else.
class Trail {
 public:
  Trail(const Graph& graph, size_t root) : graph_(&graph), root_(root) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::string& output : graph.nodes[i].outputs) producer_[output] = i;
      for (const std::string& input : graph.nodes[i].inputs) ++uses_[input];
    }
  }

  // The input of the unary node that made `value`.
  Value unary(const std::string& value, const std::string& type) {
    const Node* node = through(value, type);
    return node ? Value(node->inputs.at(0)) : std::nullopt;
  }

  // The input of a Clip with these bounds.
  Value clip(const std::string& value, float low, float high) {
    const Node* node = through(value, "Clip");
    if (!node || clip_bounds(*graph_, *node) != std::pair(low, high)) return std::nullopt;
    return node->inputs.at(0);
  }

  // The other input of a binary node, one input of which is this constant.
  Value with_constant(const std::string& value, const std::string& type, double constant) {
    const Node* node = through(value, type);
    if (!node || node->inputs.size() != 2) return std::nullopt;
    if (is_constant(node->inputs[1], constant)) return node->inputs[0];
    const bool commutes = type == "Add" || type == "Mul";
    if (commutes && is_constant(node->inputs[0], constant)) return node->inputs[1];
    return std::nullopt;
  }

  // Both inputs of a binary node.
  std::optional<std::pair<std::string, std::string>> binary(const std::string& value, const std::string& type) {
    const Node* node = through(value, type);
    if (!node || node->inputs.size() != 2) return std::nullopt;
    return std::pair(node->inputs[0], node->inputs[1]);
  }

  // A HardSigmoid node with alpha 1/6 and beta 1/2.
  Value hard_sigmoid_node(const std::string& value) {
    const Node* node = through(value, "HardSigmoid");
    if (!node || !close(node->real("alpha", 0.2f), 1.0 / 6.0) || node->real("beta", 0.5f) != 0.5f) return std::nullopt;
    return node->inputs.at(0);
  }

  const std::vector<size_t>& nodes() const { return nodes_; }

 private:
  static bool close(double a, double b) { return std::fabs(a - b) <= 1e-6 * std::fabs(b); }

  bool is_constant(const std::string& name, double wanted) const {
    const auto found = graph_->constants.find(name);
    return found != graph_->constants.end() && found->second.floats.size() == 1 &&
           close(static_cast<double>(found->second.floats[0]), wanted);
  }

  const Node* through(const std::string& value, const std::string& type) {
    const auto found = producer_.find(value);
    if (found == producer_.end()) return nullptr;
    const Node& node = graph_->nodes[found->second];
    const bool inside = found->second == root_ || (uses_[value] == 1 && !graph_->is_output(value));
    if (node.type != type || !inside) return nullptr;
    nodes_.push_back(found->second);
    return &node;
  }

  const Graph* graph_;
  size_t root_;
  std::map<std::string, size_t> producer_;
  std::map<std::string, int> uses_;
  std::vector<size_t> nodes_;
};

struct Match {
  std::string input;
  std::vector<size_t> nodes;
};

// Tries `rest` on both orders of a product; rest(trail, factor, other) says whether other is a function of factor.
template <class Rest>
std::optional<Match> product(const Trail& trail, const std::string& value, Rest rest) {
  Trail start = trail;
  const auto factors = start.binary(value, "Mul");
  if (!factors) return std::nullopt;
  for (const auto& [x, other] :
       {std::pair(factors->first, factors->second), std::pair(factors->second, factors->first)}) {
    Trail attempt = start;
    if (rest(attempt, other) == Value(x)) return Match{x, attempt.nodes()};
  }
  return std::nullopt;
}

Value clipped_plus_three(Trail& trail, const std::string& value) {
  const Value sum = trail.clip(value, 0.0f, 6.0f);
  return sum ? trail.with_constant(*sum, "Add", 3.0) : std::nullopt;
}

Value sixth_of(Trail& trail, const std::string& value) {
  Trail multiplied = trail;
  if (Value x = trail.with_constant(value, "Div", 6.0)) return x;
  trail = multiplied;
  return trail.with_constant(value, "Mul", 1.0 / 6.0);
}

Value spelled_hard_sigmoid(Trail& trail, const std::string& value) {
  const Value clipped = sixth_of(trail, value);
  return clipped ? clipped_plus_three(trail, *clipped) : std::nullopt;
}

std::optional<Match> hard_swish(const Trail& start, const std::string& value) {
  Trail trail = start;
  if (const Value scaled = sixth_of(trail, value)) {
    if (auto match = product(trail, *scaled, clipped_plus_three)) return match;
  }
  if (auto match = product(start, value, spelled_hard_sigmoid)) return match;
  return product(start, value, [](Trail& t, const std::string& other) { return t.hard_sigmoid_node(other); });
}

std::optional<Match> hard_sigmoid(const Trail& start, const std::string& value) {
  Trail trail = start;
  if (const Value x = spelled_hard_sigmoid(trail, value)) return Match{*x, trail.nodes()};
  return std::nullopt;
}

std::optional<Match> swish(const Trail& start, const std::string& value) {
  return product(start, value, [](Trail& t, const std::string& other) { return t.unary(other, "Sigmoid"); });
}

std::optional<Match> mish(const Trail& start, const std::string& value) {
  return product(start, value, [](Trail& t, const std::string& other) {
    const Value softplus = t.unary(other, "Tanh");
    return softplus ? t.unary(*softplus, "Softplus") : std::nullopt;
  });
}

Value one_plus_erf(Trail& trail, const std::string& value) {
  const Value erf = trail.with_constant(value, "Add", 1.0);
  const Value scaled = erf ? trail.unary(*erf, "Erf") : std::nullopt;
  return scaled ? trail.with_constant(*scaled, "Div", std::sqrt(2.0)) : std::nullopt;
}

Value half_of(Trail& trail, const std::string& value) { return trail.with_constant(value, "Mul", 0.5); }

std::optional<Match> gelu(const Trail& start, const std::string& value) {
  Trail trail = start;  // (x * (1 + erf)) * 0.5
  if (const Value doubled = half_of(trail, value)) {
    if (auto match = product(trail, *doubled, one_plus_erf)) return match;
  }
  return product(start, value, [](Trail& t, const std::string& other) {  // x * ((1 + erf) * 0.5)
    const Value sum = half_of(t, other);
    return sum ? one_plus_erf(t, *sum) : std::nullopt;
  });
}

struct Spelling {
  const char* type;
  std::optional<Match> (*recognise)(const Trail&, const std::string& value);
};

constexpr Spelling kSpellings[] = {
    {"HardSwish", hard_swish}, {"HardSigmoid", hard_sigmoid}, {"Swish", swish}, {"Mish", mish}, {"Gelu", gelu},
};

void replace(Graph& graph, size_t root, const char* type, Match match) {
  std::sort(match.nodes.begin(), match.nodes.end());
  Node node;
  node.type = type;
  node.name = graph.nodes[root].name;
  node.inputs = {match.input};
  node.outputs = graph.nodes[root].outputs;
  if (node.type == "HardSigmoid") node.attributes = {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}};
  for (const size_t index : match.nodes) node.sources.push_back(graph.nodes[index].name);
  graph.nodes[root] = node;
  for (size_t i = match.nodes.size(); i-- > 0;) {
    if (match.nodes[i] != root) graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(match.nodes[i]));
  }
}

}  // namespace

std::optional<std::pair<float, float>> clip_bounds(const Graph& graph, const Node& node) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto bound = [&](size_t input, const char* attribute, float open) -> std::optional<float> {
    if (!node.has_input(input)) return node.real(attribute, open);
    const auto found = graph.constants.find(node.inputs[input]);
    if (found == graph.constants.end() || found->second.floats.size() != 1) return std::nullopt;
    return found->second.floats[0];
  };
  const auto low = bound(1, "min", -kInfinity), high = bound(2, "max", kInfinity);
  if (!low || !high) return std::nullopt;
  return std::pair(*low, *high);
}

void recognise_spelled_activations(Graph& graph) {
  for (const Spelling& spelling : kSpellings) {
    for (size_t i = graph.nodes.size(); i-- > 0;) {
      const std::string& type = graph.nodes[i].type;
      if ((type != "Mul" && type != "Div") || graph.nodes[i].outputs.size() != 1) continue;
      const Trail trail(graph, i);
      if (auto match = spelling.recognise(trail, graph.nodes[i].outputs[0])) {
        const size_t removed = match->nodes.size() - 1;
        replace(graph, i, spelling.type, std::move(*match));
        i -= removed;  // all of them came before this one
      }
    }
  }
}

}  // namespace sixfold::net
