#include "precision_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "table.hpp"

namespace sixfold::net {
namespace {

using bench::Align;
using bench::Table;
using nlohmann::json;

constexpr int kResultWidth = 18, kLayerWidth = 27;

std::string shortened(const std::string& text, size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 2) + "..";
}

std::string percent_text(double fraction) { return bench::significant(100 * fraction); }

std::string error_text(const LayerError& error) {
  return error.not_finite > 0 ? "inf/nan" : percent_text(error.difference.relative());
}

// For the mode that is most at risk, the last.
std::string largest_text(const std::vector<LayerProof>& proofs) {
  if (proofs.empty()) return "?";
  return bench::significant(proofs.back().largest) + (proofs.back().overflows ? "!" : "");
}

const char* fault_text(Fault fault) {
  switch (fault) {
    case Fault::overflow:
      return "its results overflow";
    case Fault::not_finite:
      return "it gives infinities or NaN";
    case Fault::threshold:
      return "its error passes the threshold";
    default:
      return "nothing";
  }
}

const Step& step_of(const PrecisionReport& report, size_t layer) {
  return report.network.steps()[report.study.layers[layer].step];
}

void print_layers(const PrecisionReport& report) {
  std::vector<bench::Column> columns = {{"#", 3},
                                        {"result", kResultWidth, Align::left},
                                        {"layer", kLayerWidth, Align::left},
                                        {"steps", 5},
                                        {"largest", 8}};
  for (const sixfold_accumulation accumulation : accumulations()) {
    columns.push_back({std::string(accumulation_name(accumulation)) + " own%", 17});
    columns.push_back({"all%", 7});
  }
  columns.push_back({"sums seen", 9});
  columns.push_back({"sums proved", 11});
  const Table table(columns);
  std::fputs(table.header().c_str(), stdout);
  for (size_t i = 0; i < report.study.layers.size(); ++i) {
    const LayerPrecision& layer = report.study.layers[i];
    const Step& step = step_of(report, i);
    std::vector<std::string> row = {std::to_string(i), shortened(step.value, kResultWidth),
                                    shortened(step.what, kLayerWidth),
                                    layer.accumulates ? std::to_string(layer.chain) : "",
                                    bench::significant(std::max(std::fabs(layer.low), std::fabs(layer.high)))};
    for (size_t mode = 0; mode < layer.alone.size(); ++mode) {
      row.push_back(error_text(layer.alone[mode]));
      row.push_back(error_text(layer.accumulated[mode]));
    }
    row.push_back(layer.accumulates ? largest_text(layer.observed) : "");
    row.push_back(layer.accumulates ? largest_text(layer.proved) : "");
    std::fputs(table.row(row).c_str(), stdout);
  }
  std::printf(
      "\nErrors are in %% of the largest magnitude that fp32 has there. Own: of the layer by itself, on exact inputs "
      "rounded "
      "to fp16. All: with\nall that came before it. Sums: bounds of partial sums, for inputs as seen here widened by a "
      "quarter, "
      "and proved for any input of the\nnetwork from %g to %g. \"!\": may overflow, in sums or results. ?: nothing can "
      "be "
      "said.\n\n",
      static_cast<double>(report.study.plan.input.low), static_cast<double>(report.study.plan.input.high));
}

void print_mode(const PrecisionReport& report, const ModeResult& mode) {
  if (mode.output.not_finite > 0) {
    std::printf("%-20s output has %zu infinities or NaN\n", mode.name.c_str(), mode.output.not_finite);
  } else {
    std::printf("%-20s output error %s %% of the largest, decision equal %s %%\n", mode.name.c_str(),
                percent_text(mode.output.difference.relative()).c_str(), bench::fixed(100 * mode.agreement, 2).c_str());
  }
  if (!mode.first_bad) return;
  const size_t index = *mode.first_bad;
  std::printf("    first bad layer: %zu, %s (%s): %s; channel %zu gives %g for %g\n    cure: %s\n", index,
              step_of(report, index).value.c_str(), step_of(report, index).what.c_str(), fault_text(mode.fault),
              mode.evidence.channel, static_cast<double>(mode.evidence.actual),
              static_cast<double>(mode.evidence.expected), mode.cure.c_str());
}

void print_plan(const PrecisionReport& report) {
  const Table table({{"#", 3},
                     {"layer", kLayerWidth, Align::left},
                     {"sums in", 12, Align::left},
                     {"error%", 7},
                     {"proof", 6, Align::left},
                     {"why", 60, Align::left}});
  std::printf("\nThe plan: for each layer the fastest arithmetic that cannot overflow and stays under %s %%.\n",
              percent_text(report.study.plan.threshold).c_str());
  std::fputs(table.header().c_str(), stdout);
  std::map<std::string, size_t> uses;
  for (const PlannedLayer& choice : report.study.plan.layers) {
    ++uses[accumulation_name(choice.accumulation)];
    std::fputs(table
                   .row({std::to_string(choice.index), shortened(choice.what, kLayerWidth),
                         accumulation_name(choice.accumulation), percent_text(choice.expected_error),
                         choice.proved ? "proved" : "seen", choice.reason})
                   .c_str(),
               stdout);
  }
  std::printf("\n");
  for (const auto& [name, count] : uses) std::printf("%zu layers with sums in %s\n", count, name.c_str());
}

void print_agreements(const PrecisionReport& report) {
  if (report.agreements.empty()) return;
  const Table table({{"over many inputs", 20, Align::left},
                     {"inputs", 6},
                     {"same decision", 13},
                     {"agreement%", 10},
                     {"largest error%", 14},
                     {"inf/nan", 7}});
  std::printf("\n%s", table.header().c_str());
  for (const Agreement& each : report.agreements) {
    std::fputs(table
                   .row({each.name, std::to_string(each.inputs), std::to_string(each.equal),
                         bench::fixed(100 * each.mean_agreement, 2), percent_text(each.largest_relative),
                         std::to_string(each.not_finite)})
                   .c_str(),
               stdout);
  }
}

// JSON has no infinity: null stands for it.
json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json json_of(const LayerError& error) {
  return {{"largest", number(error.difference.largest)},
          {"relative", number(error.difference.relative())},
          {"snr_db", number(error.difference.signal_to_noise)},
          {"not_finite", error.not_finite},
          {"channel", error.channel},
          {"expected", number(static_cast<double>(error.expected))},
          {"actual", number(static_cast<double>(error.actual))}};
}

json json_of(const LayerProof& proof) {
  return {{"largest_partial_sum", number(proof.largest)},
          {"headroom", number(proof.headroom)},
          {"error_bound", number(proof.error)},
          {"may_overflow", proof.overflows}};
}

template <class Item>
json json_of(const std::vector<Item>& items) {
  json list = json::array();
  for (const Item& item : items) list.push_back(json_of(item));
  return list;
}

json layers_of(const PrecisionReport& report) {
  json layers = json::array();
  for (size_t i = 0; i < report.study.layers.size(); ++i) {
    const LayerPrecision& layer = report.study.layers[i];
    layers.push_back({{"index", i},
                      {"result", step_of(report, i).value},
                      {"layer", step_of(report, i).what},
                      {"accumulates", layer.accumulates},
                      {"steps", layer.chain},
                      {"low", number(layer.low)},
                      {"high", number(layer.high)},
                      {"alone", json_of(layer.alone)},
                      {"accumulated", json_of(layer.accumulated)},
                      {"observed", json_of(layer.observed)},
                      {"proved", json_of(layer.proved)},
                      {"histogram", report.study.histogram[i]}});
  }
  return layers;
}

json modes_of(const PrecisionReport& report) {
  json modes = json::array();
  for (const ModeResult& mode : report.study.modes) {
    json entry = {{"name", mode.name}, {"output", json_of(mode.output)}, {"agreement", mode.agreement}};
    if (mode.first_bad) {
      entry["first_bad"] = {{"layer", *mode.first_bad},
                            {"fault", fault_text(mode.fault)},
                            {"evidence", json_of(mode.evidence)},
                            {"cure", mode.cure}};
    }
    modes.push_back(std::move(entry));
  }
  return modes;
}

json agreements_of(const PrecisionReport& report) {
  json list = json::array();
  for (const Agreement& each : report.agreements) {
    list.push_back({{"name", each.name},
                    {"inputs", each.inputs},
                    {"same_decision", each.equal},
                    {"mean_agreement", each.mean_agreement},
                    {"largest_error", number(each.largest_error)},
                    {"largest_relative", number(each.largest_relative)},
                    {"not_finite", each.not_finite}});
  }
  return list;
}

}  // namespace

void print_precision_study(const PrecisionReport& report) {
  std::printf("network   %s\ninput     %s\nbackend   %s\n\n", report.model.c_str(), report.input.c_str(),
              report.backend.c_str());
  print_layers(report);
  for (const ModeResult& mode : report.study.modes) print_mode(report, mode);
  print_plan(report);
  print_agreements(report);
  std::fflush(stdout);
}

void write_precision_json(const PrecisionReport& report, const std::string& path) {
  json names = json::array();
  for (const sixfold_accumulation accumulation : accumulations()) names.push_back(accumulation_name(accumulation));
  const json document = {{"network", report.model},
                         {"input", report.input},
                         {"sixfold", sixfold_version()},
                         {"backend", report.backend},
                         {"accumulations", names},
                         {"histogram_low_exponent", histogram_low},
                         {"layers", layers_of(report)},
                         {"modes", modes_of(report)},
                         {"plan", json_of(report.study.plan)},
                         {"agreements", agreements_of(report)}};
  std::ofstream file(path);
  file << document.dump(1) << "\n";
  if (!file) throw Error("cannot write " + path);
}

}  // namespace sixfold::net
