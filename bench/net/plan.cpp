#include "plan.hpp"

#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace sixfold::net {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::array kAccumulations = {SIXFOLD_ACCUMULATE_FP32, SIXFOLD_ACCUMULATE_FP16_BLOCKED,
                                       SIXFOLD_ACCUMULATE_FP16};

sixfold_accumulation accumulation_called(const std::string& name) {
  for (const sixfold_accumulation each : kAccumulations) {
    if (name == accumulation_name(each)) return each;
  }
  throw Error("a plan knows no accumulation '" + name + "'; there are fp32, fp16 blocked and fp16");
}

// JSON has no infinity: null stands for it.
json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
double number_of(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

json json_of(const PlannedLayer& layer) {
  return {{"layer", layer.index},   {"result", layer.value},
          {"what", layer.what},     {"accumulation", accumulation_name(layer.accumulation)},
          {"proved", layer.proved}, {"expected_relative_error", number(layer.expected_error)},
          {"reason", layer.reason}};
}

PlannedLayer layer_of(const json& entry) {
  PlannedLayer layer;
  layer.index = entry.at("layer").get<size_t>();
  layer.value = entry.at("result").get<std::string>();
  layer.what = entry.at("what").get<std::string>();
  layer.accumulation = accumulation_called(entry.at("accumulation").get<std::string>());
  layer.proved = entry.at("proved").get<bool>();
  layer.expected_error = number_of(entry.at("expected_relative_error"));
  layer.reason = entry.at("reason").get<std::string>();
  return layer;
}

bool accumulates(const Layer& layer) {
  return std::holds_alternative<Convolution>(layer.operation) ||
         std::holds_alternative<FullyConnected>(layer.operation);
}

}  // namespace

const char* accumulation_name(sixfold_accumulation accumulation) {
  switch (accumulation) {
    case SIXFOLD_ACCUMULATE_FP16:
      return "fp16";
    case SIXFOLD_ACCUMULATE_FP16_BLOCKED:
      return "fp16 blocked";
    default:
      return "fp32";
  }
}

json json_of(const Plan& plan) {
  json layers = json::array();
  for (const PlannedLayer& layer : plan.layers) layers.push_back(json_of(layer));
  return {{"sixfold_plan", kVersion},    {"network", plan.network},       {"threshold", plan.threshold},
          {"input_low", plan.input.low}, {"input_high", plan.input.high}, {"layers", std::move(layers)}};
}

Plan plan_of(const json& document) try {
  if (!document.is_object() || !document.contains("sixfold_plan")) throw Error("this is no plan");
  if (document["sixfold_plan"] != kVersion) {
    throw Error("this plan is of version " + document["sixfold_plan"].dump() + ", known is " +
                std::to_string(kVersion));
  }
  Plan plan;
  plan.network = document.at("network").get<std::string>();
  plan.threshold = document.at("threshold").get<double>();
  plan.input = {document.at("input_low").get<float>(), document.at("input_high").get<float>()};
  for (const json& entry : document.at("layers")) plan.layers.push_back(layer_of(entry));
  return plan;
} catch (const json::exception& error) {
  throw Error(std::string("this is no plan: ") + error.what());
}

void write_plan(const Plan& plan, const std::string& path) {
  std::ofstream file(path);
  file << json_of(plan).dump(1) << "\n";
  file.flush();
  if (!file) throw Error("cannot write " + path);
}

Plan read_plan(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error("cannot read " + path);
  const json document = json::parse(file, nullptr, false);
  try {
    return plan_of(document);
  } catch (const Error& error) {
    throw Error(path + ": " + error.what());
  }
}

NetworkOptions planned(NetworkOptions options, const LayerGraph& graph, const Plan& plan) {
  std::set<std::string> open;
  for (const Layer& layer : graph.layers) {
    if (accumulates(layer)) open.insert(layer.output);
  }
  for (const PlannedLayer& layer : plan.layers) {
    if (open.erase(layer.value) == 0) {
      throw Error("the plan is of another network, or of one fused otherwise: it has a layer '" + layer.value +
                  "' twice or in vain");
    }
    options.accumulation_of[layer.value] = layer.accumulation;
  }
  if (!open.empty())
    throw Error("the plan is of another network, or of one fused otherwise: it lacks '" + *open.begin() + "'");
  return options;
}

}  // namespace sixfold::net
