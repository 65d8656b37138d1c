// Memory: create asks the caller's allocator and nobody else, gives everything back, and survives every refusal; run allocates
// nothing at all; the workspace is what was asked for, at any alignment.
//
// This test is linked with --wrap for the functions below, so that every call of the library or the test to one of them comes
// here first.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>

#include "support/compare.hpp"
#include "support/conv_cases.hpp"
#include "support/rows.hpp"
#include "support/samples.hpp"

namespace {
std::atomic<bool> watching{false};
std::atomic<int> calls{0};

void note() {
  if (watching) ++calls;
}
}  // namespace

// The names that ld gives: __real_x is the function itself, and calls of x go to __wrap_x.
extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* memory, std::size_t bytes);
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);
int __real_posix_memalign(void** memory, std::size_t alignment, std::size_t bytes);
char* __real_getenv(const char* name);

void* __wrap_malloc(std::size_t bytes) {
  note();
  return __real_malloc(bytes);
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  note();
  return __real_calloc(count, bytes);
}
void* __wrap_realloc(void* memory, std::size_t bytes) {
  note();
  return __real_realloc(memory, bytes);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  note();
  return __real_aligned_alloc(alignment, bytes);
}
int __wrap_posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  note();
  return __real_posix_memalign(memory, alignment, bytes);
}
char* __wrap_getenv(const char* name) {
  note();
  return __real_getenv(name);
}
}

namespace sixfold::test {
namespace {

// An allocator of the caller's that keeps account and can refuse.
class Ledger {
 public:
  explicit Ledger(int grants = 1 << 30) : grants_(grants) {}

  sixfold_options options() {
    sixfold_options options = sixfold_options_default();
    options.allocate = [](void* self, std::size_t bytes) { return static_cast<Ledger*>(self)->allocate(bytes); };
    options.release = [](void* self, void* memory) { static_cast<Ledger*>(self)->release(memory); };
    options.allocator_context = this;
    return options;
  }

  int asked() const { return asked_; }
  std::size_t bytes() const { return bytes_; }
  bool settled() const { return held_.empty() && wrong_ == 0; }
  int wrong() const { return wrong_; }

 private:
  void* allocate(std::size_t bytes) {
    ++asked_;
    if (grants_-- <= 0) return nullptr;
    const std::size_t padded = (bytes + 63) / 64 * 64;
    void* memory = std::aligned_alloc(64, padded);
    std::memset(memory, 0xff, padded);  // nothing may count on zeros
    held_[memory] = bytes;
    bytes_ += bytes;
    return memory;
  }

  void release(void* memory) {
    if (held_.erase(memory) != 1) ++wrong_;
    std::free(memory);
  }

  int grants_;
  int asked_ = 0;
  int wrong_ = 0;
  std::size_t bytes_ = 0;
  std::map<void*, std::size_t> held_;
};

TEST(Allocation, ComesFromTheCallerAndGoesBack) {
  for (const Arithmetic& arithmetic : kArithmetics) {
    Ledger ledger;
    Random random(1);
    {
      const std::vector<Sample> with_ledger = samples(ledger.options(), arithmetic, random);
      EXPECT_GE(ledger.asked(), static_cast<int>(with_ledger.size()));
      Random same(1);
      const std::vector<Sample> usual = samples(sixfold_options_default(), arithmetic, same);
      std::size_t held = 0;
      for (std::size_t i = 0; i < usual.size(); ++i) {
        held += sixfold_memory_bytes(with_ledger[i].op.get());
        EXPECT_TRUE(same_values(run(usual[i].op.get(), usual[i].inputs()),
                                run(with_ledger[i].op.get(), with_ledger[i].inputs())))
            << usual[i].name;
      }
      EXPECT_EQ(held, ledger.bytes());
    }
    EXPECT_TRUE(ledger.settled());
  }
}

// The n-th allocation of each create function fails, for every n.
template <class Create>
void expect_out_of_memory(const Create& create_with) {
  for (int grants = 0;; ++grants) {
    Ledger ledger(grants);
    {
      const Created created = create_with(ledger.options());
      if (created.status == SIXFOLD_OK) {
        EXPECT_GT(grants, 0) << "nothing was ever asked for";
        EXPECT_EQ(ledger.asked(), grants);
        break;
      }
      EXPECT_EQ(created.status, SIXFOLD_OUT_OF_MEMORY) << created.text;
      EXPECT_NE(created.text.find("bytes"), std::string::npos) << created.text;
    }
    EXPECT_TRUE(ledger.settled());
    ASSERT_LT(grants, 100);
  }
}

TEST(Allocation, EveryRefusalIsAnError) {
  Random random(2);
  ConvShape shape;
  shape.input_channels = shape.output_channels = 8;
  for (const std::size_t groups : {std::size_t{1}, std::size_t{2}, std::size_t{8}}) {
    shape.groups = groups;
    const ConvCase test = make_case(shape, SIXFOLD_FP32, EpilogueKind::general, random);
    expect_out_of_memory([&](const sixfold_options& options) { return create(test.desc, test.arrays, options); });
  }
  sixfold_fully_connected_desc connected = sixfold_fully_connected_desc_default();
  connected.input_features = connected.output_features = 3;
  reference::ConvArrays arrays;
  arrays.weights.resize(9);
  expect_out_of_memory([&](const sixfold_options& options) { return create(connected, arrays, options); });
  expect_out_of_memory([&](const sixfold_options& options) { return create(sixfold_pool_desc_default(), options); });
  expect_out_of_memory(
      [&](const sixfold_options& options) { return create(sixfold_elementwise_desc_default(), {}, options); });
  expect_out_of_memory([&](const sixfold_options& options) { return create(sixfold_convert_desc_default(), options); });
}

TEST(Allocation, ARejectedDescriptorLeavesNothingBehind) {
  Ledger ledger;
  sixfold_pool_desc desc = sixfold_pool_desc_default();
  desc.stride_width = 0;
  EXPECT_EQ(create(desc, ledger.options()).status, SIXFOLD_INVALID_ARGUMENT);
  sixfold_options options = ledger.options();
  options.kernel = "nonsense";
  EXPECT_EQ(create(sixfold_pool_desc_default(), options).status, SIXFOLD_UNSUPPORTED);
  EXPECT_TRUE(ledger.settled());
}

// A run as an engine makes it, with everything at hand beforehand.
struct Prepared {
  std::vector<GuardedTensor> inputs;
  std::vector<sixfold_tensor> views;
  GuardedTensor output;
  std::vector<unsigned char> workspace;
  sixfold_context context;
};

Prepared prepare(const Sample& sample, std::size_t max_tasks) {
  std::vector<GuardedTensor> inputs;
  std::vector<sixfold_tensor> views;
  for (const reference::Image& image : sample.images) {
    inputs.emplace_back(image, Layout{});
    views.push_back(inputs.back().view());
  }
  sixfold_tensor shape{};
  EXPECT_EQ(sixfold_output_shape(sample.op.get(), views.data(), views.size(), &shape, nullptr), SIXFOLD_OK);
  std::size_t bytes = 0;
  EXPECT_EQ(sixfold_workspace_size(sample.op.get(), views.data(), views.size(), max_tasks, &bytes, nullptr),
            SIXFOLD_OK);
  Prepared prepared{std::move(inputs), std::move(views), GuardedTensor(shape, Layout{}), {}, sixfold_context_default()};
  prepared.workspace.resize(bytes + 64);
  prepared.context.workspace = prepared.workspace.data();
  prepared.context.workspace_bytes = bytes;
  prepared.context.max_tasks = max_tasks;
  prepared.context.parallel_for = [](void*, std::size_t count, sixfold_task task, void* argument) {
    for (std::size_t i = 0; i < count; ++i) task(argument, i);
  };
  return prepared;
}

std::vector<Sample> all_samples(Arithmetic arithmetic) {
  std::vector<Sample> all;
  for (const Backend& backend : supported_backends()) {
    Random random(3);
    for (Sample& sample : samples(forced(backend.name.c_str()), arithmetic, random)) {
      sample.name = backend.name + ", " + sample.name;
      all.push_back(std::move(sample));
    }
  }
  return all;
}

TEST(Run, AllocatesAndAsksNothing) {
  watching = true;  // does the watch see the library's calls?
  create(sixfold_pool_desc_default(), sixfold_options_default());
  watching = false;
  ASSERT_GT(calls, 0);

  for (const Arithmetic& arithmetic : kArithmetics) {
    for (const Sample& sample : all_samples(arithmetic)) {
      Prepared prepared = prepare(sample, 3);
      sixfold_error error;
      calls = 0;
      watching = true;
      const sixfold_status status = sixfold_run(sample.op.get(), prepared.views.data(), prepared.views.size(),
                                                &prepared.output.view(), &prepared.context, &error);
      watching = false;
      EXPECT_EQ(status, SIXFOLD_OK) << error.text;
      EXPECT_EQ(calls, 0) << sample.name;
    }
  }
}

TEST(Workspace, TooSmallIsRefused) {
  std::size_t needed_by_any = 0;
  for (const Sample& sample : all_samples(SIXFOLD_FP16)) {
    Prepared prepared = prepare(sample, 2);
    const std::size_t needed = prepared.context.workspace_bytes;
    needed_by_any += needed;
    if (needed == 0) continue;
    for (const std::size_t given : {needed - 1, std::size_t{0}}) {
      prepared.context.workspace_bytes = given;
      sixfold_error error;
      EXPECT_EQ(sixfold_run(sample.op.get(), prepared.views.data(), prepared.views.size(), &prepared.output.view(),
                            &prepared.context, &error),
                SIXFOLD_WORKSPACE_TOO_SMALL)
          << sample.name;
      EXPECT_NE(std::string(error.text).find("workspace_bytes"), std::string::npos) << error.text;
      EXPECT_NE(std::string(error.text).find(std::to_string(given)), std::string::npos) << error.text;
      EXPECT_NE(std::string(error.text).find(std::to_string(needed)), std::string::npos) << error.text;
    }
    sixfold_error error;
    EXPECT_EQ(sixfold_run(sample.op.get(), prepared.views.data(), prepared.views.size(), &prepared.output.view(),
                          nullptr, &error),
              SIXFOLD_WORKSPACE_TOO_SMALL);
    prepared.context.workspace_bytes = needed;
    prepared.context.workspace = nullptr;
    EXPECT_EQ(sixfold_run(sample.op.get(), prepared.views.data(), prepared.views.size(), &prepared.output.view(),
                          &prepared.context, &error),
              SIXFOLD_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error.text).find("workspace"), std::string::npos) << error.text;
  }
  EXPECT_GT(needed_by_any, 0U) << "no operator needs a workspace: nothing was tested";
}

TEST(Workspace, MayLieAnywhere) {
  for (const Arithmetic& arithmetic : kArithmetics) {
    for (const Sample& sample : all_samples(arithmetic)) {
      const reference::Image usual = run(sample.op.get(), sample.inputs());
      for (const std::size_t offset : {std::size_t{1}, std::size_t{33}, std::size_t{63}}) {
        Prepared prepared = prepare(sample, 2);
        const GuardedBuffer workspace(prepared.context.workspace_bytes + offset, Placement::at_end);
        prepared.context.workspace = static_cast<unsigned char*>(workspace.data()) + offset;
        ASSERT_EQ(sixfold_run(sample.op.get(), prepared.views.data(), prepared.views.size(), &prepared.output.view(),
                              &prepared.context, nullptr),
                  SIXFOLD_OK);
        EXPECT_TRUE(same_values(usual, prepared.output.read())) << sample.name;
      }
    }
  }
}

// The bytes of the workspace that `task` of two writes if it gets all the work: those that are no longer as they were.
struct Piece {
  std::size_t begin;
  std::size_t end;
};

Piece piece_of(const Sample& sample, std::size_t task) {
  Prepared prepared = prepare(sample, 2);
  constexpr unsigned char untouched = 0xa5;
  std::fill(prepared.workspace.begin(), prepared.workspace.end(), untouched);
  prepared.context.pool = &task;
  prepared.context.parallel_for = [](void* first, std::size_t count, sixfold_task work, void* argument) {
    for (std::size_t i = 0; i < count; ++i) work(argument, i ^ *static_cast<std::size_t*>(first));
  };
  EXPECT_EQ(sixfold_run(sample.op.get(), prepared.views.data(), prepared.views.size(), &prepared.output.view(),
                        &prepared.context, nullptr),
            SIXFOLD_OK);
  const auto touched = [](unsigned char byte) { return byte != untouched; };
  const std::vector<unsigned char>& bytes = prepared.workspace;
  const auto begin = std::find_if(bytes.begin(), bytes.end(), touched);
  const auto end = std::find_if(bytes.rbegin(), std::make_reverse_iterator(begin), touched).base();
  return {static_cast<std::size_t>(begin - bytes.begin()), static_cast<std::size_t>(end - bytes.begin())};
}

// A core that fetches ahead in one task's piece must not reach the next one's.
TEST(Workspace, PiecesOfTasksLieApart) {
  constexpr std::size_t least_gap = 2048;
  std::size_t compared = 0;
  for (const Arithmetic& arithmetic : kArithmetics) {
    for (const Sample& sample : all_samples(arithmetic)) {
      const Piece first = piece_of(sample, 0);
      const Piece second = piece_of(sample, 1);
      if (first.begin == first.end) continue;
      EXPECT_GE(second.begin, first.end + least_gap) << sample.name;
      ++compared;
    }
  }
  EXPECT_GT(compared, 0U) << "no operator writes to its workspace: nothing was tested";
}

// Who has room for n tasks has room for fewer.
TEST(Workspace, GrowsWithTheTasks) {
  for (const Arithmetic& arithmetic : kArithmetics) {
    for (const Sample& sample : all_samples(arithmetic)) {
      std::vector<sixfold_tensor> views;  // without data, as sizes need none
      for (const reference::Image& image : sample.images) {
        views.push_back(sixfold_tensor_of(nullptr, image.type, image.batch, image.height, image.width, image.channels));
      }
      std::size_t before = 0;
      for (std::size_t tasks = 0; tasks <= 16; ++tasks) {
        std::size_t bytes = 0;
        ASSERT_EQ(sixfold_workspace_size(sample.op.get(), views.data(), views.size(), tasks, &bytes, nullptr),
                  SIXFOLD_OK);
        EXPECT_GE(bytes, before) << sample.name << ", " << tasks << " tasks";
        before = bytes;
      }
    }
  }
}

}  // namespace
}  // namespace sixfold::test
