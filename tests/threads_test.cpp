// The answer does not depend on how the work is shared out, nor on who else runs the operator at the same time.
#include <gtest/gtest.h>

#include <atomic>
#include <cfenv>
#include <thread>

#include "support/compare.hpp"
#include "support/rows.hpp"
#include "support/samples.hpp"

namespace sixfold::test {
namespace {

// What a caller's pool does with the tasks; also counts what it was given.
struct Pool {
  enum class Order { threads, forwards, backwards };
  Order order;
  std::size_t most_tasks = 0;

  static void parallel_for(void* self, std::size_t count, sixfold_task task, void* argument) {
    Pool& pool = *static_cast<Pool*>(self);
    pool.most_tasks = std::max(pool.most_tasks, count);
    if (pool.order == Order::forwards) {
      for (std::size_t i = 0; i < count; ++i) task(argument, i);
    } else if (pool.order == Order::backwards) {
      for (std::size_t i = count; i-- > 0;) task(argument, i);
    } else {
      std::vector<std::thread> threads;
      for (std::size_t i = 0; i < count; ++i) threads.emplace_back(task, argument, i);
      for (std::thread& thread : threads) thread.join();
    }
  }
};

struct Setting {
  std::string backend;
  Arithmetic arithmetic;
};

std::ostream& operator<<(std::ostream& out, const Setting& setting) {
  return out << setting.backend << "_" << setting.arithmetic;
}

std::vector<Setting> settings() {
  std::vector<Setting> list;
  for (const Backend& backend : supported_backends()) {
    for (const Arithmetic& arithmetic : kArithmetics) list.push_back({backend.name, arithmetic});
  }
  return list;
}

class Threads : public testing::TestWithParam<Setting> {
 protected:
  std::vector<Sample> all() const {
    Random random(1);
    return samples(forced(GetParam().backend.c_str()), GetParam().arithmetic, random);
  }
};

TEST_P(Threads, AnyNumberOfTasksInAnyOrder) {
  std::size_t most_tasks = 0;
  for (const Sample& sample : all()) {
    const reference::Image alone = run(sample.op.get(), sample.inputs());
    std::size_t tasks_of_sample = 0;
    for (const std::size_t max_tasks :
         {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
      for (const Pool::Order order : {Pool::Order::threads, Pool::Order::forwards, Pool::Order::backwards}) {
        if (max_tasks < 2 && order != Pool::Order::threads) continue;  // one task has no order
        Pool pool{order};
        RunSettings with_pool;
        with_pool.max_tasks = max_tasks;
        with_pool.parallel_for = Pool::parallel_for;
        with_pool.pool = &pool;
        EXPECT_TRUE(same_values(alone, run(sample.op.get(), sample.inputs(), with_pool)))
            << sample.name << ", " << max_tasks << " tasks";
        EXPECT_LE(pool.most_tasks, std::max<std::size_t>(max_tasks, 1)) << sample.name;
        tasks_of_sample = std::max(tasks_of_sample, pool.most_tasks);
      }
    }
    EXPECT_GE(tasks_of_sample, 2U) << sample.name << " was never split";
    most_tasks = std::max(most_tasks, tasks_of_sample);
    RunSettings serial;  // tasks without anything to run them
    serial.max_tasks = 7;
    EXPECT_TRUE(same_values(alone, run(sample.op.get(), sample.inputs(), serial))) << sample.name;
  }
  EXPECT_EQ(most_tasks, 7U) << "nothing was ever split into as many as there may be";
}

TEST_P(Threads, OperatorsAreRunByManyAtOnce) {
  for (const Sample& sample : all()) {
    const reference::Image alone = run(sample.op.get(), sample.inputs());
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 2; ++round) {
          if (!same_values(alone, run(sample.op.get(), sample.inputs()))) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << sample.name;
  }
}

TEST_P(Threads, OneOperatorServesImagesOfAnySize) {
  Random random(2);
  for (const Sample& sample : all()) {
    if (sample.images.size() != 1) continue;
    const reference::Image before = run(sample.op.get(), sample.inputs());
    reference::Image other(sample.images[0].type, 1, sample.images[0].height + 3, sample.images[0].width + 4,
                           sample.images[0].channels);
    fill_uniform(other, random);
    const reference::Image larger = run(sample.op.get(), {&other});
    EXPECT_EQ(larger.batch, 1U);
    EXPECT_TRUE(same_values(before, run(sample.op.get(), sample.inputs()))) << sample.name;
  }
}

TEST_P(Threads, TheRoundingModeIsLeftAlone) {
  ASSERT_EQ(std::fegetround(), FE_TONEAREST);
  for (const Sample& sample : all()) {
    ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
    run(sample.op.get(), sample.inputs());
    const int after = std::fegetround();
    std::fesetround(FE_TONEAREST);
    EXPECT_EQ(after, FE_UPWARD) << sample.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Threads, testing::ValuesIn(settings()), [](const testing::TestParamInfo<Setting>& info) {
  return testing::PrintToString(info.param);
});

}  // namespace
}  // namespace sixfold::test
