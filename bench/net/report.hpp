// What sixfold-net tells: a table for people, JSON for programs.
#ifndef SIXFOLD_BENCH_NET_REPORT_HPP
#define SIXFOLD_BENCH_NET_REPORT_HPP

#include <optional>
#include <string>
#include <vector>

#include "measure.hpp"
#include "network.hpp"

namespace sixfold::net {

// One type's run of the network.
struct Run {
  sixfold_type type;
  sixfold_accumulation accumulation;
  bool by_plan;  // each layer has its own
  Network network;
  Values values;
  Times times;
  std::vector<std::vector<float>> alone;  // fp16 after fp32: see results_alone()
};

struct Report {
  std::string model;
  std::string input;
  std::string backend;     // that runs it
  std::string reason;      // why that one
  double peak_gflops = 0;  // fp32 multiply-adds, measured in this process on one thread, times the threads
  size_t threads = 1;
  size_t nodes = 0;       // of the file
  std::vector<Run> runs;  // fp32 first, if both are there
};

void print_header(const Report& report);
void print_layers(const Report& report);     // how fast each is
void print_precision(const Report& report);  // what fp16 does to each; nothing unless both types were run
void print_kernels(const Report& report);    // which were used, how often, and why
void print_totals(const Report& report);
void print_outputs(const Report& report);  // the likeliest classes, or the range of an image

void print_digests(const Report& report);  // one number for all values that the library computed

void write_json(const Report& report, const std::string& path);

// One line of what sixfold_explain() says, such as "backend".
std::string explanation(const sixfold_operator* op, const std::string& key);

// Why the operator uses its kernel.
std::string kernel_reason(const sixfold_operator* op);

const char* type_name(sixfold_type type);

// "fp16", "fp16 accumulated in fp16", or "fp16 accumulated by plan".
std::string arithmetic_name(const Run& run);

// Of what all steps of the library computed, in the order of ONNX. What the tool computes by itself is not the same on every
// machine, as it goes by the C library's functions.
std::string digest_of(const Run& run);

}  // namespace sixfold::net

#endif
