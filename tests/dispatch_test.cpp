// The lists, what is forced by option and by SIXFOLD_ISA, and what an operator says about itself.
//
// SIXFOLD_EXPECT_BACKENDS, if set, names the backends that this machine must support, separated by commas: a run under an
// emulated CPU fails if anything else is found, or if one of these is missing.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <set>

#include "support/conv_cases.hpp"
#include "support/rows.hpp"
#include "support/samples.hpp"

namespace sixfold::test {
namespace {

constexpr char kVariable[] = "SIXFOLD_ISA";

// Sets SIXFOLD_ISA, or with NULL removes it, for the length of a test.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* old = std::getenv(kVariable)) {
      had_ = true;
      old_ = old;
    }
    set(value);
  }
  ~Environment() { set(had_ ? old_.c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static void set(const char* value) {
    if (value == nullptr) {
      unsetenv(kVariable);
    } else {
      setenv(kVariable, value, 1);
    }
  }
  bool had_ = false;
  std::string old_;
};

Created any_operator(const sixfold_options& options) { return create(sixfold_pool_desc_default(), options); }

std::string explained(const sixfold_operator* op) {
  std::string text(sixfold_explain(op, nullptr, 0), '\0');
  EXPECT_EQ(sixfold_explain(op, text.data(), text.size() + 1), text.size());
  return text;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// True for the name of a kernel that this backend may run: its own, or one of those that it adds to.
bool is_kernel_of(const std::string& kernel, const std::string& backend) {
  const std::vector<std::string> names = with_bases(backend);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return ends_with(kernel, "_" + name); });
}

// ---------------------------------------------------------------------------------------------------------- lists

TEST(Lists, BackendsEndWithScalar) {
  const std::vector<Backend> list = backends();
  ASSERT_FALSE(list.empty());
  EXPECT_EQ(list.back().name, "scalar");
  EXPECT_EQ(list.back().required, "");
  EXPECT_EQ(list.back().base, "");
  EXPECT_TRUE(list.back().supported);
  std::size_t kernels = 0;
  std::set<std::string> names;
  for (const Backend& backend : list) {
    EXPECT_TRUE(names.insert(backend.name).second) << backend.name << " is listed twice";
    EXPECT_FALSE(backend.reason.empty()) << backend.name;
    kernels += backend.kernel_count;
  }
  EXPECT_EQ(kernels, sixfold_kernel_count());
}

TEST(Lists, KernelNamesFollowTheGrammar) {
  std::set<std::string> names;
  for (const Row& row : rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " is listed twice";
    std::vector<std::string> parts(1);
    for (const char c : row.name) {
      if (c == '_' && parts.size() < 5) {
        parts.emplace_back();
      } else {
        const bool in_backend = c == '_' && parts.size() == 5;  // as in neon_v7
        EXPECT_TRUE(std::islower(static_cast<unsigned char>(c)) || std::isdigit(static_cast<unsigned char>(c)) ||
                    in_backend)
            << row.name;
        parts.back() += c;
      }
    }
    ASSERT_EQ(parts.size(), 5U) << row.name;
    EXPECT_EQ(parts[0], row.op);
    EXPECT_EQ(parts[1].substr(0, 3), row.arithmetic.type == SIXFOLD_FP16 ? "f16" : "f32") << row.name;
    const bool converts = row.op == "convert" || row.op == "transpose";  // these name the type that they convert to
    const std::vector<std::string> accumulators = {"f32", "f16", "blk"};
    EXPECT_TRUE(converts || parts[1].substr(3) == accumulators.at(row.arithmetic.accumulation)) << row.name;
    EXPECT_TRUE(!converts || parts[1].substr(3) == "f32" || parts[1].substr(3) == "f16") << row.name;
    EXPECT_EQ(parts[2], row.epilogue);
    EXPECT_EQ(parts[3], row.tile);
    EXPECT_EQ(parts[4], row.backend);
    EXPECT_TRUE(ends_with(row.name, row.backend)) << row.name;
  }
}

// The tests of rows go by these lists of operators; a kernel of another would not be exercised by any.
TEST(Lists, EveryKernelBelongsToATest) {
  std::set<std::string> known;
  for (const auto* ops : {&kConvOps, &kPoolOps, &kElementwiseOps, &kConvertOps}) known.insert(ops->begin(), ops->end());
  for (const Row& row : rows()) EXPECT_TRUE(known.count(row.op) == 1) << row.name;
}

// Whatever one backend can do, the others can: kernels differ by tile only.
TEST(Lists, EveryBackendCoversTheSameGround) {
  std::vector<std::set<std::string>> covered;
  for (const Backend& backend : backends()) {
    covered.emplace_back();
    for (const Row& row : rows()) {
      if (is_kernel_of(row.name, backend.name)) covered.back().insert(row.op + " " + row.types() + " " + row.epilogue);
    }
    EXPECT_EQ(covered.back(), covered.front()) << backend.name;
  }
}

TEST(Lists, ExpectedBackendsAreFound) {
  const char* expected = std::getenv("SIXFOLD_EXPECT_BACKENDS");
  if (expected == nullptr) return;
  std::string found;
  for (const Backend& backend : supported_backends()) found += (found.empty() ? "" : ",") + backend.name;
  EXPECT_EQ(found, expected);
  const Environment none(nullptr);
  const Created created = any_operator(sixfold_options_default());
  ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
  const std::string first = found.substr(0, found.find(','));
  EXPECT_TRUE(is_kernel_of(sixfold_kernel_name(created.op.get()), first)) << sixfold_kernel_name(created.op.get());
}

TEST(Lists, OutOfRange) {
  sixfold_backend_info backend{};
  sixfold_kernel_info kernel{};
  sixfold_error error;
  backend.struct_size = sizeof backend;
  kernel.struct_size = sizeof kernel;
  EXPECT_EQ(sixfold_backend_get(sixfold_backend_count(), &backend, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(error.text, std::to_string(sixfold_backend_count()))) << error.text;
  EXPECT_EQ(sixfold_kernel_get(~std::size_t{0}, &kernel, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(error.text, "index")) << error.text;
  EXPECT_EQ(sixfold_backend_get(0, nullptr, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_EQ(sixfold_kernel_get(0, nullptr, &error), SIXFOLD_INVALID_ARGUMENT);
  backend.struct_size = 1;
  kernel.struct_size = 1;
  EXPECT_EQ(sixfold_backend_get(0, &backend, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_TRUE(contains(error.text, "struct_size")) << error.text;
  EXPECT_EQ(sixfold_kernel_get(0, &kernel, nullptr), SIXFOLD_INVALID_ARGUMENT);
}

// ---------------------------------------------------------------------------------------------------------- choice

TEST(Choice, TheBestSupportedBackendIsTaken) {
  const Environment none(nullptr);
  const Created created = any_operator(sixfold_options_default());
  ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
  EXPECT_TRUE(is_kernel_of(sixfold_kernel_name(created.op.get()), supported_backends().front().name));
}

TEST(Choice, OptionsMayBeNull) {
  sixfold_operator* op = nullptr;
  const sixfold_pool_desc desc = sixfold_pool_desc_default();
  ASSERT_EQ(sixfold_pool_create(&desc, nullptr, &op, nullptr), SIXFOLD_OK);
  sixfold_destroy(op);
}

TEST(Choice, ForcedByOption) {
  for (const Backend& backend : supported_backends()) {
    const Environment other("no such backend");  // which is not even looked at
    Random random(1);
    for (const Arithmetic& arithmetic : kArithmetics) {
      for (const Sample& sample : samples(forced(backend.name.c_str()), arithmetic, random)) {
        const std::string name = sixfold_kernel_name(sample.op.get());
        EXPECT_TRUE(is_kernel_of(name, backend.name)) << sample.name << ": " << name;
        const std::string text = explained(sample.op.get());
        EXPECT_TRUE(contains(text, name)) << text;
        EXPECT_TRUE(contains(text, "options.backend")) << text;
      }
    }
  }
}

TEST(Choice, OwnKernelsComeBeforeThoseOfTheBase) {
  reference::ConvArrays arrays;
  arrays.weights.assign(64, 1.0f);
  for (const Row& row : supported_rows({"gemm"})) {
    sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
    desc.input_features = desc.output_features = 8;
    desc.type = row.arithmetic.type;
    desc.accumulation = row.arithmetic.accumulation;
    const Created created = create(desc, arrays, forced(row.backend.c_str()));
    ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
    EXPECT_TRUE(ends_with(sixfold_kernel_name(created.op.get()), "_" + row.backend)) << row.name;
  }
}

TEST(Choice, ForcedByEnvironment) {
  for (const Backend& backend : supported_backends()) {
    const Environment set(backend.name.c_str());
    const Created created = any_operator(sixfold_options_default());
    ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
    EXPECT_TRUE(is_kernel_of(sixfold_kernel_name(created.op.get()), backend.name));
    EXPECT_TRUE(contains(explained(created.op.get()), kVariable)) << explained(created.op.get());
  }
}

TEST(Choice, AnEmptyEnvironmentVariableIsNone) {
  const Environment set("");
  const Created created = any_operator(sixfold_options_default());
  ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
  EXPECT_FALSE(contains(explained(created.op.get()), "forced")) << explained(created.op.get());
}

TEST(Choice, UnknownAndUnsupportedNamesAreErrors) {
  std::vector<std::string> names = {"nonsense", "AVX2", "scalar ", ""};
  for (const Backend& backend : backends()) {
    if (!backend.supported) names.push_back(backend.name);
  }
  for (const std::string& name : names) {
    const Environment none(nullptr);
    const Created by_option = any_operator(forced(name.c_str()));
    EXPECT_EQ(by_option.status, SIXFOLD_UNSUPPORTED) << name;
    EXPECT_TRUE(contains(by_option.text, "options.backend")) << by_option.text;
    EXPECT_TRUE(contains(by_option.text, "\"" + name + "\"")) << by_option.text;
    if (name.empty()) continue;  // an empty variable is as good as none
    const Environment set(name.c_str());
    const Created by_environment = any_operator(sixfold_options_default());
    EXPECT_EQ(by_environment.status, SIXFOLD_UNSUPPORTED) << name;
    EXPECT_TRUE(contains(by_environment.text, kVariable)) << by_environment.text;
    EXPECT_TRUE(contains(by_environment.text, name)) << by_environment.text;
  }
}

TEST(Choice, UnknownAndUnfitKernelsAreErrors) {
  for (const Backend& backend : supported_backends()) {
    const Created unknown = any_operator(forced(backend.name.c_str(), "gemm_of_no_kind"));
    EXPECT_EQ(unknown.status, SIXFOLD_UNSUPPORTED);
    EXPECT_TRUE(contains(unknown.text, "options.kernel")) << unknown.text;
    EXPECT_TRUE(contains(unknown.text, "gemm_of_no_kind")) << unknown.text;
    for (const Row& row : rows()) {
      const bool fits =
          is_kernel_of(row.name, backend.name) && row.op == "maxpool" && row.arithmetic.type == SIXFOLD_FP32;
      const Created created = any_operator(forced(backend.name.c_str(), row.name.c_str()));
      EXPECT_EQ(created.status, fits ? SIXFOLD_OK : SIXFOLD_UNSUPPORTED) << row.name;
      EXPECT_TRUE(fits || contains(created.text, row.name)) << created.text;
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- explanation

TEST(Explain, NamesBackendKernelReasonAndTheWayToAnother) {
  const Environment none(nullptr);
  const Created created = any_operator(sixfold_options_default());
  ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
  const std::string text = explained(created.op.get());
  EXPECT_TRUE(contains(text, "backend: " + supported_backends().front().name)) << text;
  EXPECT_TRUE(contains(text, sixfold_kernel_name(created.op.get()))) << text;
  EXPECT_TRUE(contains(text, "best")) << text;
  EXPECT_TRUE(contains(text, "options.backend")) << text;
  EXPECT_TRUE(contains(text, "options.kernel")) << text;
  EXPECT_TRUE(contains(text, kVariable)) << text;
  for (const Backend& backend : backends()) EXPECT_TRUE(contains(text, backend.name)) << text;  // passed over
}

TEST(Explain, WritesNoMoreThanItMay) {
  const Created created = any_operator(sixfold_options_default());
  ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
  const std::string whole = explained(created.op.get());
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{2}, std::size_t{40}, whole.size(), whole.size() + 1}) {
    const GuardedBuffer buffer(capacity, Placement::at_end);
    char* text = static_cast<char*>(buffer.data());
    EXPECT_EQ(sixfold_explain(created.op.get(), text, capacity), whole.size());
    EXPECT_EQ(std::string(text), whole.substr(0, capacity - 1));
  }
  EXPECT_EQ(sixfold_explain(nullptr, nullptr, 0), 0U);
  char text[4] = "xyz";
  sixfold_explain(nullptr, text, sizeof text);
  EXPECT_STREQ(text, "");
}

TEST(Defaults, OfActivations) {
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    const sixfold_activation activation = sixfold_activation_default(static_cast<sixfold_activation_kind>(kind));
    EXPECT_EQ(activation.kind, kind);
    EXPECT_EQ(activation.slopes, nullptr);
  }
  EXPECT_EQ(sixfold_activation_default(SIXFOLD_CLAMP).alpha, 0.0f);
  EXPECT_EQ(sixfold_activation_default(SIXFOLD_CLAMP).beta, std::numeric_limits<float>::infinity());
  EXPECT_EQ(sixfold_activation_default(SIXFOLD_LEAKY_RELU).alpha, 0.01f);
  EXPECT_EQ(sixfold_activation_default(SIXFOLD_ELU).alpha, 1.0f);
  EXPECT_EQ(sixfold_activation_default(SIXFOLD_SWISH).alpha, 1.0f);
  EXPECT_EQ(sixfold_activation_default(SIXFOLD_HARD_SIGMOID).alpha, 1.0f / 6.0f);
  EXPECT_EQ(sixfold_activation_default(SIXFOLD_HARD_SIGMOID).beta, 0.5f);
}

TEST(Names, OfStatusesAndVersion) {
  std::set<std::string> names;
  for (int status = SIXFOLD_OK; status <= SIXFOLD_WORKSPACE_TOO_SMALL; ++status) {
    EXPECT_TRUE(names.insert(sixfold_status_name(static_cast<sixfold_status>(status))).second);
  }
  EXPECT_EQ(names.count("unknown status"), 0U);
  const std::string version = std::to_string(SIXFOLD_VERSION_MAJOR) + "." + std::to_string(SIXFOLD_VERSION_MINOR) +
                              "." + std::to_string(SIXFOLD_VERSION_PATCH);
  EXPECT_EQ(sixfold_version(), version);
}

}  // namespace
}  // namespace sixfold::test
