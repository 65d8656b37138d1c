// What `sixfold-net --precision` tells: tables for people, JSON for the report and other programs.
#ifndef SIXFOLD_BENCH_NET_PRECISION_REPORT_HPP
#define SIXFOLD_BENCH_NET_PRECISION_REPORT_HPP

#include <string>
#include <vector>

#include "precision.hpp"

namespace sixfold::net {

struct PrecisionReport {
  std::string model;
  std::string input;
  std::string backend;
  const Network& network;  // in fp32
  const PrecisionStudy& study;
  std::vector<Agreement> agreements;  // none if other inputs were not tried
};

void print_precision_study(const PrecisionReport& report);
void write_precision_json(const PrecisionReport& report, const std::string& path);

}  // namespace sixfold::net

#endif
