#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <sstream>

#include "digest.hpp"
#include "table.hpp"

namespace sixfold::net {
namespace {

using bench::Align;
using bench::Column;
using bench::Table;

constexpr double kMicro = 1e6, kMilli = 1e3, kGiga = 1e9;

std::string shortened(const std::string& text, size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 2) + "..";
}

// Height, width, channels: the way the library sees it.
std::string image_text(const Image& image) {
  std::ostringstream text;
  if (image.batch != 1) text << image.batch << "x";
  text << image.height << "x" << image.width << "x" << image.channels;
  return text.str();
}

std::string kernel_text(const Step& step) { return step.op ? sixfold_kernel_name(step.op.get()) : "(in the tool)"; }

std::string decibels(double value) { return std::isinf(value) ? "exact" : bench::fixed(value, 1); }

double gflops(const Step& step, double seconds) { return 2 * step.multiply_adds / seconds / kGiga; }

constexpr int kResultWidth = 20, kLayerWidth = 31;

std::vector<Column> name_columns() {
  return {{"#", 3}, {"result", kResultWidth, Align::left}, {"layer", kLayerWidth, Align::left}};
}

std::vector<std::string> name_cells(const Step& step, size_t index) {
  return {std::to_string(index), shortened(step.value, kResultWidth), shortened(step.what, kLayerWidth)};
}

// Bytes are shown for the first type only: fp16 moves half as many.
std::vector<Column> speed_columns(const Report& report) {
  std::vector<Column> columns = name_columns();
  columns.push_back({"input > output", 23, Align::left});
  columns.push_back({"kernel", 34, Align::left});
  for (const Run& run : report.runs) {
    columns.push_back({std::string(type_name(run.type)) + " us", 8});
    columns.push_back({"GFLOP/s", 7});
    columns.push_back({"%peak", 5});
    if (&run != &report.runs[0]) continue;
    columns.push_back({"KB", 7});
    columns.push_back({"GB/s", 5});
  }
  columns.push_back({"why this kernel", 15, Align::left});
  return columns;
}

std::vector<std::string> speed_row(const Report& report, size_t index) {
  const Step& step = report.runs[0].network.steps()[index];
  std::vector<std::string> row = name_cells(step, index);
  const Network& network = report.runs[0].network;
  row.push_back(image_text(network.view(step.inputs[0]).image) + " > " + image_text(network.view(step.output).image));
  row.push_back(kernel_text(step));
  for (const Run& run : report.runs) {
    const double seconds = run.times.steps[index];
    const bool counts = step.multiply_adds > 0;
    row.push_back(bench::fixed(seconds * kMicro, 1));
    row.push_back(counts ? bench::fixed(gflops(step, seconds), 1) : "");
    row.push_back(counts ? bench::percent(gflops(step, seconds) / report.peak_gflops) : "");
    if (&run != &report.runs[0]) continue;
    row.push_back(bench::fixed(step.bytes_moved / 1e3, 1));
    row.push_back(bench::fixed(step.bytes_moved / seconds / kGiga, 1));
  }
  row.push_back(step.op ? kernel_reason(step.op.get()) : "");
  return row;
}

std::vector<std::string> precision_row(const Report& report, size_t index) {
  const Run &single = report.runs[0], &half = report.runs[1];
  std::vector<std::string> row = name_cells(single.network.steps()[index], index);
  const Difference total = difference(half.values.steps[index], single.values.steps[index]);
  const Difference own = difference(half.alone[index], single.values.steps[index]);
  row.push_back(bench::significant(total.magnitude));
  for (const Difference& error : {own, total}) {
    row.push_back(bench::significant(error.largest));
    row.push_back(bench::significant(error.relative()));
    row.push_back(decibels(error.signal_to_noise));
  }
  row.push_back(total.overflows > 0 ? std::to_string(total.overflows) : "");
  return row;
}

struct KernelUse {
  int layers = 0;
  double seconds = 0;
  double multiply_adds = 0;
};

std::map<std::string, KernelUse> kernels_of(const Run& run) {
  std::map<std::string, KernelUse> uses;
  for (size_t i = 0; i < run.network.steps().size(); ++i) {
    const Step& step = run.network.steps()[i];
    KernelUse& use = uses[kernel_text(step)];
    ++use.layers;
    use.seconds += run.times.steps[i];
    use.multiply_adds += step.multiply_adds;
  }
  return uses;
}

double total_multiply_adds(const Run& run) {
  double sum = 0;
  for (const Step& step : run.network.steps()) sum += step.multiply_adds;
  return sum;
}

}  // namespace

const char* type_name(sixfold_type type) { return type == SIXFOLD_FP16 ? "fp16" : "fp32"; }

std::string arithmetic_name(const Run& run) {
  static const char* const accumulations[] = {"", " accumulated in fp16", " accumulated in fp16 blocks"};
  return type_name(run.type) + std::string(run.by_plan ? " accumulated by plan" : accumulations[run.accumulation]);
}

std::string digest_of(const Run& run) {
  bench::Digest digest;
  for (size_t i = 0; i < run.network.steps().size(); ++i) {
    if (!run.network.steps()[i].op) continue;
    for (const float value : run.values.steps[i]) digest.add(value);
  }
  return digest.text();
}

std::string explanation(const sixfold_operator* op, const std::string& key) {
  std::string text(sixfold_explain(op, nullptr, 0) + 1, '\0');
  sixfold_explain(op, text.data(), text.size());
  std::istringstream lines(text);
  const std::string start = key + ": ";
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(start, 0) == 0) return line.substr(start.size());
  }
  return "";
}

std::string kernel_reason(const sixfold_operator* op) {
  const std::string name = sixfold_kernel_name(op);
  // An operator that chose among kernels says why; others only that there was no choice.
  if (const std::string chosen = explanation(op, "kernel: " + name); !chosen.empty()) return chosen;
  const std::string line = explanation(op, "kernel");
  return line.rfind(name + ", ", 0) == 0 ? line.substr(name.size() + 2) : line;
}

void print_header(const Report& report) {
  std::printf("network   %s: %zu nodes in %zu steps\n", report.model.c_str(), report.nodes,
              report.runs.at(0).network.steps().size());
  std::printf("input     %s\n", report.input.c_str());
  std::printf("backend   %s\n", report.reason.c_str());
  const std::string threads = report.threads == 1 ? "one thread" : std::to_string(report.threads) + " threads";
  std::printf("peak      %.1f GFLOP/s of fp32 multiply-adds on %s, measured in this process%s\n", report.peak_gflops,
              threads.c_str(), report.threads == 1 ? "" : " on one of them");
  std::printf("\n");
}

void print_layers(const Report& report) {
  const Table table(speed_columns(report));
  std::fputs(table.header().c_str(), stdout);
  for (size_t i = 0; i < report.runs[0].network.steps().size(); ++i)
    std::fputs(table.row(speed_row(report, i)).c_str(), stdout);
  std::printf(
      "\nTimes are medians. %%peak is of the fp32 multiply-add peak above. KB: input, weights and output, once each.\n"
      "The kernel is that of %s.\n\n",
      type_name(report.runs[0].type));
}

void print_precision(const Report& report) {
  if (report.runs.size() != 2) return;
  std::vector<Column> columns = name_columns();
  columns.insert(columns.end(), {{"largest", 8},
                                 {"own error", 9},
                                 {"of largest", 10},
                                 {"SNR dB", 6},
                                 {"error", 9},
                                 {"of largest", 10},
                                 {"SNR dB", 6},
                                 {"overflows", 9}});
  const Table table(columns);
  std::fputs(table.header().c_str(), stdout);
  for (size_t i = 0; i < report.runs[0].network.steps().size(); ++i) {
    std::fputs(table.row(precision_row(report, i)).c_str(), stdout);
  }
  std::printf(
      "\n%s against fp32. Own error: of this layer by itself, given the inputs that fp32 had, rounded to fp16. "
      "Error: with all that\n"
      "came before it. Of largest: as a fraction of the largest magnitude that fp32 has there. SNR: signal to noise "
      "ratio.\n\n",
      arithmetic_name(report.runs[1]).c_str());
}

void print_kernels(const Report& report) {
  const Table table({{"kernel", 34, Align::left},
                     {"type", 4, Align::left},
                     {"layers", 6},
                     {"us", 9},
                     {"%time", 5},
                     {"GFLOP/s", 7},
                     {"%peak", 5}});
  std::fputs(table.header().c_str(), stdout);
  for (const Run& run : report.runs) {
    const double all = std::accumulate(run.times.steps.begin(), run.times.steps.end(), 0.0);
    for (const auto& [name, use] : kernels_of(run)) {
      const double rate = 2 * use.multiply_adds / use.seconds / kGiga;
      std::vector<std::string> row = {name, type_name(run.type), std::to_string(use.layers),
                                      bench::fixed(use.seconds * kMicro, 1), bench::percent(use.seconds / all)};
      if (rate > 0) {
        row.push_back(bench::fixed(rate, 1));
        row.push_back(bench::percent(rate / report.peak_gflops));
      }
      std::fputs(table.row(row).c_str(), stdout);
    }
  }
  std::printf("\n");
}

void print_totals(const Report& report) {
  const Table table({{"total", 5, Align::left},
                     {"ms", 8},
                     {"sum of layers ms", 16},
                     {"GFLOP/s", 7},
                     {"%peak", 6},
                     {"MFLOP", 8},
                     {"arena MB", 8},
                     {"weights MB", 10},
                     {"runs", 4}});
  std::fputs(table.header().c_str(), stdout);
  for (const Run& run : report.runs) {
    const double sum = std::accumulate(run.times.steps.begin(), run.times.steps.end(), 0.0);
    const double flop = 2 * total_multiply_adds(run), rate = flop / run.times.whole / kGiga;
    std::fputs(table
                   .row({type_name(run.type), bench::fixed(run.times.whole * kMilli, 3), bench::fixed(sum * kMilli, 3),
                         bench::fixed(rate, 1), bench::percent(rate / report.peak_gflops), bench::fixed(flop / 1e6, 1),
                         bench::fixed(static_cast<double>(run.network.arena_bytes()) / 1e6, 2),
                         bench::fixed(static_cast<double>(run.network.weight_bytes()) / 1e6, 2),
                         std::to_string(run.times.repetitions)})
                   .c_str(),
               stdout);
  }
  std::printf("\n");
}

namespace {

void print_classes(const std::vector<float>& output) {
  constexpr size_t kShown = 5;
  std::vector<size_t> order(output.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return output[a] > output[b]; });
  for (size_t i = 0; i < std::min(kShown, order.size()); ++i) {
    std::printf("  class %zu: %.6f", order[i], static_cast<double>(output[order[i]]));
  }
  std::printf("%s\n", order.size() > kShown ? "  ..." : "");
}

void print_range(const std::vector<float>& output, const Dims& dims) {
  const auto [low, high] = std::minmax_element(output.begin(), output.end());
  const double mean = std::accumulate(output.begin(), output.end(), 0.0) / static_cast<double>(output.size());
  std::printf("  %s, from %.6f to %.6f, mean %.6f\n", to_string(dims).c_str(), static_cast<double>(*low),
              static_cast<double>(*high), mean);
}

}  // namespace

void print_digests(const Report& report) {
  for (const Run& run : report.runs) {
    std::printf("digest  %s  %s\n", digest_of(run).c_str(), arithmetic_name(run).c_str());
  }
  std::fflush(stdout);
}

void print_outputs(const Report& report) {
  for (const Run& run : report.runs) {
    for (size_t i = 0; i < run.values.outputs.size(); ++i) {
      const std::vector<float>& output = run.values.outputs[i];
      const Dims& dims = run.network.output_dims(i);
      std::printf("output %s  ", type_name(run.type));
      if (image_of(dims).height * image_of(dims).width == 1) {
        print_classes(output);
      } else {
        print_range(output, dims);
      }
    }
  }
  std::fflush(stdout);
}

}  // namespace sixfold::net
