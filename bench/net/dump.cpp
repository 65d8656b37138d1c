#include "dump.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "npy.hpp"

namespace sixfold::net {
namespace {

namespace fs = std::filesystem;
constexpr char kIndex[] = "index.json";

// Helper values that lowering made up have a colon in their names; a step on the way to a value has no name.
bool is_of_the_file(const Step& step) { return !step.value.empty() && step.value.find(':') == std::string::npos; }

// The values of another runtime, by name.
class Reference {
 public:
  explicit Reference(const fs::path& folder) : folder_(folder) {
    std::ifstream stream(folder / kIndex);
    if (!stream) throw Error("there is no " + (folder / kIndex).string());
    index_ = nlohmann::json::parse(stream);
  }

  bool has(const std::string& value) const { return index_.contains(value); }
  Constant read(const std::string& value) const {
    return read_npy((folder_ / index_.at(value).get<std::string>()).string());
  }

  double largest(const std::string& value) const {
    double result = 0;
    if (has(value)) {
      for (const float element : read(value).floats) result = std::max(result, std::fabs(static_cast<double>(element)));
    }
    return result;
  }

 private:
  fs::path folder_;
  nlohmann::json index_;
};

struct Summary {
  size_t compared = 0, failed = 0;
  double worst = 0;
  std::string worst_name;
};

void check_value(const Run& run, size_t index, const Reference& reference, double tolerance, Summary& summary) {
  const Step& step = run.network.steps()[index];
  const Difference found = difference(run.values.steps[index], reference.read(step.value).floats);
  const double magnitude = std::max(found.magnitude, reference.largest(step.taken));
  const double relative = magnitude > 0 ? found.largest / magnitude : found.largest;
  ++summary.compared;
  if (relative >= summary.worst) {
    summary.worst = relative;
    summary.worst_name = step.value;
  }
  if (relative > tolerance || found.overflows > 0) {
    ++summary.failed;
    std::printf("FAILED  %-30s %s: off by %.3g of %.3g (relative %.3g, allowed %.3g), %zu not finite\n",
                step.value.c_str(), step.what.c_str(), found.largest, magnitude, relative, tolerance, found.overflows);
  }
}

}  // namespace

void dump_values(const Run& run, const std::string& folder) {
  fs::create_directories(folder);
  nlohmann::json index;
  for (size_t i = 0; i < run.network.steps().size(); ++i) {
    const Step& step = run.network.steps()[i];
    if (step.value.empty()) continue;
    const std::string file = std::to_string(i) + ".npy";
    write_npy((fs::path(folder) / file).string(), run.network.view(step.output).dims, run.values.steps[i]);
    index[step.value] = file;
  }
  std::ofstream(fs::path(folder) / kIndex) << index.dump(1) << "\n";
}

bool check_values(const Run& run, const std::string& folder, double tolerance) {
  const Reference reference(folder);
  Summary summary;
  for (size_t i = 0; i < run.network.steps().size(); ++i) {
    const Step& step = run.network.steps()[i];
    if (!is_of_the_file(step)) continue;
    if (reference.has(step.value)) {
      check_value(run, i, reference, tolerance, summary);
    } else if (!step.nodes.empty()) {
      ++summary.failed;
      std::printf("FAILED  %-30s %s: not among the reference's values\n", step.value.c_str(), step.what.c_str());
    }
  }
  if (summary.compared == 0) throw Error("nothing to compare with in " + folder);
  std::printf("checked %zu layers against %s: %zu failed; the worst is '%s' with a relative error of %.3g\n",
              summary.compared, folder.c_str(), summary.failed, summary.worst_name.c_str(), summary.worst);
  return summary.failed == 0;
}

}  // namespace sixfold::net
