// Whatever is wrong with a call, it gives the right status, a text that names the field and its value, and no operator.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <set>

#include "support/guarded_buffer.hpp"
#include "support/operator.hpp"

namespace sixfold::test {
namespace {

constexpr std::size_t kHuge = ~std::size_t{0};  // what -1 becomes
constexpr std::size_t kHalf = kHuge / 2;
const float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A caller in C can put any int into an enum.
template <class Enum>
void set_enum(Enum& field, int value) {
  static_assert(sizeof field == sizeof value);
  std::memcpy(&field, &value, sizeof field);
}

sixfold_status call(const sixfold_conv_desc* desc, const sixfold_options* options, sixfold_operator** op,
                    sixfold_error* error) {
  return sixfold_conv_create(desc, options, op, error);
}
sixfold_status call(const sixfold_fully_connected_desc* desc, const sixfold_options* options, sixfold_operator** op,
                    sixfold_error* error) {
  return sixfold_fully_connected_create(desc, options, op, error);
}
sixfold_status call(const sixfold_pool_desc* desc, const sixfold_options* options, sixfold_operator** op,
                    sixfold_error* error) {
  return sixfold_pool_create(desc, options, op, error);
}
sixfold_status call(const sixfold_elementwise_desc* desc, const sixfold_options* options, sixfold_operator** op,
                    sixfold_error* error) {
  return sixfold_elementwise_create(desc, options, op, error);
}
sixfold_status call(const sixfold_convert_desc* desc, const sixfold_options* options, sixfold_operator** op,
                    sixfold_error* error) {
  return sixfold_convert_create(desc, options, op, error);
}

// Refuses what no test needs, so that a descriptor that is absurd but not invalid ends quickly.
sixfold_options modest_options() {
  sixfold_options options = sixfold_options_default();
  options.allocate = [](void*, std::size_t bytes) -> void* {
    return bytes > (std::size_t{1} << 28) ? nullptr : std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  };
  options.release = [](void*, void* memory) { std::free(memory); };
  return options;
}

void expect_words(const sixfold_error& error, const std::vector<std::string>& words) {
  EXPECT_NE(std::memchr(error.text, '\0', sizeof error.text), nullptr) << "the text is not terminated";
  for (const std::string& word : words) {
    EXPECT_NE(std::string(error.text).find(word), std::string::npos) << "\"" << word << "\" is not in: " << error.text;
  }
}

// The descriptor is refused with one of these statuses; without an error struct, too.
template <class Desc>
void expect_refused(const Desc& desc, const std::set<sixfold_status>& statuses, const std::vector<std::string>& words,
                    const sixfold_options& options = modest_options()) {
  auto* const garbage = reinterpret_cast<sixfold_operator*>(std::uintptr_t{0x10});
  sixfold_operator* op = garbage;
  sixfold_error error;
  std::memset(&error, 0x55, sizeof error);
  const sixfold_status status = call(&desc, &options, &op, &error);
  EXPECT_EQ(statuses.count(status), 1U) << sixfold_status_name(status) << ": " << error.text << " (expected "
                                        << words.front() << ")";
  EXPECT_EQ(error.status, status);
  EXPECT_EQ(op, nullptr);
  if (status == SIXFOLD_OK) return sixfold_destroy(op);
  expect_words(error, words);
  op = garbage;
  EXPECT_EQ(call(&desc, &options, &op, nullptr), status);
  EXPECT_EQ(op, nullptr);
}

// ---------------------------------------------------------------------------------------------------------- convolution

// A sound descriptor and the arrays behind it.
struct SoundConv {
  std::vector<float> weights = std::vector<float>(6 * 4 * 3 * 3, 0.5f);
  std::vector<float> values = std::vector<float>(6, 1.0f);
  sixfold_conv_desc desc = sixfold_conv_desc_default();

  SoundConv() {
    desc.input_channels = 4;
    desc.output_channels = 6;
    desc.kernel_height = desc.kernel_width = 3;
    desc.weights = weights.data();
  }
  void add_batch_norm() {
    desc.batch_norm.position = SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION;
    desc.batch_norm.mean = desc.batch_norm.variance = values.data();
  }
};

void refuse_conv(const std::function<void(SoundConv&)>& change, const std::set<sixfold_status>& statuses,
                 const std::vector<std::string>& words) {
  SoundConv conv;
  change(conv);
  expect_refused(conv.desc, statuses, words);
}

TEST(BadConv, TheSoundOneIsSound) {
  SoundConv conv;
  conv.add_batch_norm();
  const sixfold_options options = modest_options();
  sixfold_operator* op = nullptr;
  sixfold_error error;
  ASSERT_EQ(sixfold_conv_create(&conv.desc, &options, &op, &error), SIXFOLD_OK) << error.text;
  EXPECT_EQ(error.status, SIXFOLD_OK);
  EXPECT_STREQ(error.text, "");
  sixfold_destroy(op);
}

struct SizeField {
  const char* name;
  std::size_t sixfold_conv_desc::*field;
  bool may_be_zero;
};

const SizeField kSizes[] = {{"input_channels", &sixfold_conv_desc::input_channels, false},
                            {"output_channels", &sixfold_conv_desc::output_channels, false},
                            {"groups", &sixfold_conv_desc::groups, false},
                            {"kernel_height", &sixfold_conv_desc::kernel_height, false},
                            {"kernel_width", &sixfold_conv_desc::kernel_width, false},
                            {"stride_height", &sixfold_conv_desc::stride_height, false},
                            {"stride_width", &sixfold_conv_desc::stride_width, false},
                            {"dilation_height", &sixfold_conv_desc::dilation_height, false},
                            {"dilation_width", &sixfold_conv_desc::dilation_width, false},
                            {"pad_top", &sixfold_conv_desc::pad_top, true},
                            {"pad_left", &sixfold_conv_desc::pad_left, true},
                            {"pad_bottom", &sixfold_conv_desc::pad_bottom, true},
                            {"pad_right", &sixfold_conv_desc::pad_right, true}};

TEST(BadConv, Sizes) {
  for (const SizeField& size : kSizes) {
    if (!size.may_be_zero) {
      refuse_conv([&](SoundConv& conv) { conv.desc.*size.field = 0; }, {SIXFOLD_INVALID_ARGUMENT}, {size.name, "0"});
    }
    for (const std::size_t huge : {kHuge, kHuge - 1, kHalf, kHalf + 1, kHalf / 4}) {
      refuse_conv([&](SoundConv& conv) { conv.desc.*size.field = huge; }, {SIXFOLD_INVALID_ARGUMENT, SIXFOLD_OVERFLOW},
                  {size.name, std::to_string(huge)});
    }
  }
}

// However large two sizes are together, the answer is an error and not a crash.
TEST(BadConv, PairsOfHugeSizes) {
  const SoundConv sound;
  for (const SizeField& first : kSizes) {
    for (const SizeField& second : kSizes) {
      for (std::size_t bits = 24; bits < sizeof(std::size_t) * 8; ++bits) {
        sixfold_conv_desc desc = sound.desc;
        desc.*first.field = desc.*second.field = std::size_t{1} << bits;
        const sixfold_options options = modest_options();
        sixfold_operator* op = nullptr;
        sixfold_error error;
        const bool weights_grow = std::strstr(first.name, "channels") || std::strstr(first.name, "kernel") ||
                                  std::strstr(second.name, "channels") || std::strstr(second.name, "kernel");
        const sixfold_status status = sixfold_conv_create(&desc, &options, &op, &error);
        EXPECT_FALSE(weights_grow && status == SIXFOLD_OK) << first.name << " and " << second.name << " 2^" << bits;
        EXPECT_EQ(op == nullptr, status != SIXFOLD_OK);
        if (op == nullptr) continue;
        sixfold_tensor input = sixfold_tensor_of(nullptr, SIXFOLD_FP32, 1, 5, 5, desc.input_channels);
        sixfold_tensor output{};
        std::size_t bytes = 0;
        (void)sixfold_output_shape(op, &input, 1, &output, &error);
        (void)sixfold_workspace_size(op, &input, 1, 4, &bytes, &error);
        sixfold_destroy(op);
      }
    }
  }
}

TEST(BadConv, Products) {
  constexpr std::size_t large = std::size_t{1} << (sizeof(std::size_t) * 4 - 4);  // allowed by itself
  refuse_conv(
      [](SoundConv& conv) { conv.desc.output_channels = conv.desc.kernel_height = conv.desc.kernel_width = large; },
      {SIXFOLD_OVERFLOW}, {"output_channels", "kernel_height", "kernel_width", std::to_string(large)});
  refuse_conv(
      [](SoundConv& conv) {
        conv.desc.output_channels = conv.desc.input_channels = std::size_t{1} << (sizeof(std::size_t) * 4 - 3);
        conv.desc.kernel_height = 1024;
      },
      {SIXFOLD_OVERFLOW}, {"output_channels", "input_channels"});
}

TEST(BadConv, Groups) {
  refuse_conv([](SoundConv& conv) { conv.desc.groups = 3; }, {SIXFOLD_INVALID_ARGUMENT},
              {"groups", "3", "input_channels", "4"});
  refuse_conv([](SoundConv& conv) { conv.desc.groups = 4; }, {SIXFOLD_INVALID_ARGUMENT},
              {"groups", "4", "output_channels", "6"});
}

TEST(BadConv, Enums) {
  for (const int value : {2, 3, 99, -1, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
    const std::string text = std::to_string(value);
    refuse_conv([&](SoundConv& conv) { set_enum(conv.desc.type, value); }, {SIXFOLD_INVALID_ARGUMENT}, {"type", text});
    refuse_conv([&](SoundConv& conv) { set_enum(conv.desc.weights_type, value); }, {SIXFOLD_INVALID_ARGUMENT},
                {"weights_type", text});
    refuse_conv([&](SoundConv& conv) { set_enum(conv.desc.weights_layout, value); }, {SIXFOLD_INVALID_ARGUMENT},
                {"weights_layout", text});
  }
  for (const int value : {4, 5, 99, -1}) {
    for (const sixfold_type type : {SIXFOLD_FP32, SIXFOLD_FP16}) {
      refuse_conv(
          [&](SoundConv& conv) {
            conv.desc.type = type;
            set_enum(conv.desc.accumulation, value);
          },
          {SIXFOLD_INVALID_ARGUMENT}, {"desc.accumulation", std::to_string(value)});
    }
  }
  for (const int value : {3, 4, 99, -1}) {
    const std::string text = std::to_string(value);
    refuse_conv([&](SoundConv& conv) { set_enum(conv.desc.residual, value); }, {SIXFOLD_INVALID_ARGUMENT},
                {"residual", text});
    refuse_conv(
        [&](SoundConv& conv) {
          conv.add_batch_norm();
          set_enum(conv.desc.batch_norm.position, value);
        },
        {SIXFOLD_INVALID_ARGUMENT}, {"batch_norm.position", text});
  }
  for (const int value : {SIXFOLD_ACTIVATION_KINDS, 99, -1}) {
    refuse_conv([&](SoundConv& conv) { set_enum(conv.desc.activation.kind, value); }, {SIXFOLD_INVALID_ARGUMENT},
                {"activation.kind", std::to_string(value)});
  }
}

TEST(BadConv, InputScale) {
  using Change = std::function<void(sixfold_conv_desc&)>;
  const Change pointwise = [](sixfold_conv_desc& desc) {
    desc.kernel_height = desc.kernel_width = desc.stride_height = desc.stride_width = 1;
    desc.dilation_height = desc.dilation_width = 1;
    desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 0;
    desc.input_scale = SIXFOLD_INPUT_SCALE_PER_CHANNEL;
  };
  SoundConv sound;
  pointwise(sound.desc);
  sixfold_operator* op = nullptr;
  ASSERT_EQ(sixfold_conv_create(&sound.desc, nullptr, &op, nullptr), SIXFOLD_OK);
  sixfold_destroy(op);

  for (const int value : {2, 99, -1}) {
    refuse_conv(
        [&](SoundConv& conv) {
          pointwise(conv.desc);
          set_enum(conv.desc.input_scale, value);
        },
        {SIXFOLD_INVALID_ARGUMENT}, {"desc.input_scale", std::to_string(value)});
  }
  for (const Change& change :
       {Change([](sixfold_conv_desc& desc) { desc.kernel_height = 2; }),
        Change([](sixfold_conv_desc& desc) { desc.kernel_width = 2; }),
        Change([](sixfold_conv_desc& desc) { desc.stride_height = 2; }),
        Change([](sixfold_conv_desc& desc) { desc.stride_width = 2; }),
        Change([](sixfold_conv_desc& desc) { desc.pad_top = 1; }),
        Change([](sixfold_conv_desc& desc) { desc.pad_left = 1; }),
        Change([](sixfold_conv_desc& desc) { desc.pad_bottom = 1; }),
        Change([](sixfold_conv_desc& desc) { desc.pad_right = 1; }), Change([](sixfold_conv_desc& desc) {
          desc.groups = desc.input_channels = 3;  // depthwise
        })}) {
    refuse_conv(
        [&](SoundConv& conv) {
          pointwise(conv.desc);
          change(conv.desc);
        },
        {SIXFOLD_INVALID_ARGUMENT}, {"desc.input_scale is 1", "pointwise"});
  }
}

TEST(BadConv, HalfAccumulationOfFloats) {
  refuse_conv([](SoundConv& conv) { conv.desc.accumulation = SIXFOLD_ACCUMULATE_FP16; }, {SIXFOLD_INVALID_ARGUMENT},
              {"desc.accumulation is fp16,", "desc.type is fp32"});
  refuse_conv([](SoundConv& conv) { conv.desc.accumulation = SIXFOLD_ACCUMULATE_FP16_BLOCKED; },
              {SIXFOLD_INVALID_ARGUMENT}, {"desc.accumulation is fp16 blocked", "desc.type is fp32"});
}

TEST(BadConv, Pointers) {
  refuse_conv([](SoundConv& conv) { conv.desc.weights = nullptr; }, {SIXFOLD_INVALID_ARGUMENT}, {"weights", "NULL"});
  refuse_conv(
      [](SoundConv& conv) {
        conv.add_batch_norm();
        conv.desc.batch_norm.mean = nullptr;
      },
      {SIXFOLD_INVALID_ARGUMENT}, {"batch_norm.mean", "NULL"});
  refuse_conv(
      [](SoundConv& conv) {
        conv.add_batch_norm();
        conv.desc.batch_norm.variance = nullptr;
      },
      {SIXFOLD_INVALID_ARGUMENT}, {"batch_norm.variance", "NULL"});
  refuse_conv([](SoundConv& conv) { conv.desc.activation.kind = SIXFOLD_PRELU; }, {SIXFOLD_INVALID_ARGUMENT},
              {"activation.slopes", "NULL"});
}

TEST(BadConv, BatchNorm) {
  struct Value {
    float value;
    const char* text;
  };
  for (const sixfold_batch_norm_position position :
       {SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION, SIXFOLD_BATCH_NORM_AFTER_ACTIVATION}) {
    for (const Value& bad : {Value{-0.25f, "-0.25"}, {kNaN, "nan"}, {kInfinity, "inf"}}) {
      std::vector<float> variance(6, 1.0f);
      variance[5] = bad.value;
      refuse_conv(
          [&](SoundConv& conv) {
            conv.add_batch_norm();
            conv.desc.batch_norm.position = position;
            conv.desc.batch_norm.variance = variance.data();
          },
          {SIXFOLD_INVALID_ARGUMENT}, {"batch_norm.variance[5]", bad.text});
      refuse_conv(
          [&](SoundConv& conv) {
            conv.add_batch_norm();
            conv.desc.batch_norm.position = position;
            conv.desc.batch_norm.epsilon = bad.value;
          },
          {SIXFOLD_INVALID_ARGUMENT}, {"batch_norm.epsilon", bad.text});
    }
    std::vector<float> variance(6, 1.0f);
    variance[2] = 0.0f;
    refuse_conv(
        [&](SoundConv& conv) {
          conv.add_batch_norm();
          conv.desc.batch_norm.position = position;
          conv.desc.batch_norm.variance = variance.data();
          conv.desc.batch_norm.epsilon = 0.0f;
        },
        {SIXFOLD_INVALID_ARGUMENT}, {"variance[2]", "epsilon", "0"});
  }
}

TEST(BadConv, ActivationParameters) {
  const auto refuse = [](sixfold_activation_kind kind, float alpha, float beta, const std::vector<std::string>& words) {
    refuse_conv(
        [&](SoundConv& conv) {
          conv.desc.activation = {kind, alpha, beta, nullptr};
        },
        {SIXFOLD_INVALID_ARGUMENT}, words);
  };
  refuse(SIXFOLD_CLAMP, 2.0f, 1.0f, {"activation.alpha", "2", "activation.beta", "1"});
  refuse(SIXFOLD_CLAMP, kNaN, 1.0f, {"activation.alpha", "nan"});
  refuse(SIXFOLD_CLAMP, 1.0f, kNaN, {"activation.beta", "nan"});
  for (const sixfold_activation_kind kind : {SIXFOLD_LEAKY_RELU, SIXFOLD_ELU, SIXFOLD_SWISH, SIXFOLD_HARD_SIGMOID}) {
    refuse(kind, kNaN, 1.0f, {"activation.alpha", "nan"});
    refuse(kind, kInfinity, 1.0f, {"activation.alpha", "inf"});
    refuse(kind, -kInfinity, 1.0f, {"activation.alpha", "-inf"});
  }
  refuse(SIXFOLD_HARD_SIGMOID, 1.0f, kNaN, {"activation.beta", "nan"});
  refuse(SIXFOLD_HARD_SIGMOID, 1.0f, kInfinity, {"activation.beta", "inf"});
  // The bounds of a clamp may be infinite.
  SoundConv conv;
  conv.desc.activation = {SIXFOLD_CLAMP, -kInfinity, kInfinity, nullptr};
  sixfold_operator* op = nullptr;
  EXPECT_EQ(sixfold_conv_create(&conv.desc, nullptr, &op, nullptr), SIXFOLD_OK);
  sixfold_destroy(op);
}

// ---------------------------------------------------------------------------------------------------------- any operator

template <class Desc>
void expect_common_refusals(const Desc& sound) {
  Desc desc = sound;
  for (const std::size_t size : {std::size_t{0}, sizeof desc - 1, sizeof desc + 8, kHuge}) {
    desc.struct_size = size;
    expect_refused(desc, {SIXFOLD_INVALID_ARGUMENT},
                   {"desc.struct_size", std::to_string(size), std::to_string(sizeof desc)});
  }
  sixfold_error error;
  sixfold_operator* op = reinterpret_cast<sixfold_operator*>(std::uintptr_t{0x10});
  EXPECT_EQ(call(static_cast<const Desc*>(nullptr), nullptr, &op, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_EQ(op, nullptr);
  expect_words(error, {"desc", "NULL"});
  EXPECT_EQ(call(&sound, nullptr, nullptr, &error), SIXFOLD_INVALID_ARGUMENT);
  expect_words(error, {"op", "NULL"});
  EXPECT_EQ(call(&sound, nullptr, nullptr, nullptr), SIXFOLD_INVALID_ARGUMENT);

  sixfold_options options = sixfold_options_default();
  options.struct_size = sizeof options - 8;
  expect_refused(sound, {SIXFOLD_INVALID_ARGUMENT}, {"options.struct_size", std::to_string(options.struct_size)},
                 options);
  options = modest_options();
  options.release = nullptr;
  expect_refused(sound, {SIXFOLD_INVALID_ARGUMENT}, {"options.release", "NULL"}, options);
  options = modest_options();
  options.allocate = nullptr;
  expect_refused(sound, {SIXFOLD_INVALID_ARGUMENT}, {"options.allocate", "NULL"}, options);
  options = modest_options();
  options.backend = "sse9";
  expect_refused(sound, {SIXFOLD_UNSUPPORTED}, {"options.backend", "sse9"}, options);
  options = modest_options();
  options.kernel = "convert_f32f16_none_9x9_sse9";
  expect_refused(sound, {SIXFOLD_UNSUPPORTED}, {"options.kernel", options.kernel}, options);
  // A name longer than the text has room for.
  const std::string long_name(1000, 'x');
  options.kernel = long_name.c_str();
  expect_refused(sound, {SIXFOLD_UNSUPPORTED}, {"options.kernel"}, options);
}

sixfold_fully_connected_desc sound_fully_connected() {
  static const std::vector<float> weights(12, 1.0f);
  sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
  desc.input_features = 4;
  desc.output_features = 3;
  desc.weights = weights.data();
  return desc;
}

TEST(BadAnything, DescriptorsAndOptions) {
  const SoundConv conv;
  expect_common_refusals(conv.desc);
  expect_common_refusals(sound_fully_connected());
  expect_common_refusals(sixfold_pool_desc_default());
  expect_common_refusals(sixfold_elementwise_desc_default());
  expect_common_refusals(sixfold_convert_desc_default());
}

TEST(BadFullyConnected, Fields) {
  const auto refuse = [](const std::function<void(sixfold_fully_connected_desc&)>& change,
                         const std::set<sixfold_status>& statuses, const std::vector<std::string>& words) {
    sixfold_fully_connected_desc desc = sound_fully_connected();
    change(desc);
    expect_refused(desc, statuses, words);
  };
  using Desc = sixfold_fully_connected_desc;
  refuse([](Desc& desc) { desc.input_features = 0; }, {SIXFOLD_INVALID_ARGUMENT}, {"input_features", "0"});
  refuse([](Desc& desc) { desc.output_features = 0; }, {SIXFOLD_INVALID_ARGUMENT}, {"output_features", "0"});
  refuse([](Desc& desc) { desc.weights = nullptr; }, {SIXFOLD_INVALID_ARGUMENT}, {"weights", "NULL"});
  refuse([](Desc& desc) { set_enum(desc.type, 7); }, {SIXFOLD_INVALID_ARGUMENT}, {"type", "7"});
  refuse([](Desc& desc) { set_enum(desc.weights_type, 7); }, {SIXFOLD_INVALID_ARGUMENT}, {"weights_type", "7"});
  refuse([](Desc& desc) { set_enum(desc.residual, 7); }, {SIXFOLD_INVALID_ARGUMENT}, {"residual", "7"});
  refuse([](Desc& desc) { set_enum(desc.accumulation, 7); }, {SIXFOLD_INVALID_ARGUMENT}, {"desc.accumulation", "7"});
  refuse([](Desc& desc) { desc.accumulation = SIXFOLD_ACCUMULATE_FP16; }, {SIXFOLD_INVALID_ARGUMENT},
         {"desc.accumulation is fp16,", "desc.type is fp32"});
  refuse([](Desc& desc) { set_enum(desc.activation.kind, 77); }, {SIXFOLD_INVALID_ARGUMENT}, {"activation.kind", "77"});
  for (const std::size_t huge : {kHuge, kHalf, kHalf / 8}) {
    refuse([&](Desc& desc) { desc.input_features = huge; }, {SIXFOLD_INVALID_ARGUMENT, SIXFOLD_OVERFLOW},
           {"features", std::to_string(huge)});
    refuse([&](Desc& desc) { desc.output_features = huge; }, {SIXFOLD_INVALID_ARGUMENT, SIXFOLD_OVERFLOW},
           {"features", std::to_string(huge)});
  }
  for (std::size_t bits = 24; bits < sizeof(std::size_t) * 8; ++bits) {
    refuse([&](Desc& desc) { desc.input_features = desc.output_features = std::size_t{1} << bits; },
           {SIXFOLD_OVERFLOW, SIXFOLD_OUT_OF_MEMORY}, {""});
    refuse([&](Desc& desc) { desc.input_features = std::size_t{1} << bits; }, {SIXFOLD_OVERFLOW, SIXFOLD_OUT_OF_MEMORY},
           {""});
  }
}

TEST(BadPool, Fields) {
  using Desc = sixfold_pool_desc;
  const auto refuse = [](const std::function<void(Desc&)>& change, const std::set<sixfold_status>& statuses,
                         const std::vector<std::string>& words) {
    Desc desc = sixfold_pool_desc_default();
    desc.kernel_height = desc.kernel_width = 3;
    change(desc);
    expect_refused(desc, statuses, words);
  };
  struct Field {
    const char* name;
    std::size_t Desc::*field;
  };
  for (const Field& size : {Field{"kernel_height", &Desc::kernel_height},
                            {"kernel_width", &Desc::kernel_width},
                            {"stride_height", &Desc::stride_height},
                            {"stride_width", &Desc::stride_width},
                            {"dilation_height", &Desc::dilation_height},
                            {"dilation_width", &Desc::dilation_width}}) {
    refuse([&](Desc& desc) { desc.*size.field = 0; }, {SIXFOLD_INVALID_ARGUMENT}, {size.name, "0"});
    if (std::strstr(size.name, "stride") != nullptr) continue;  // a stride beyond the image is of no harm
    refuse([&](Desc& desc) { desc.*size.field = kHuge; }, {SIXFOLD_INVALID_ARGUMENT, SIXFOLD_OVERFLOW},
           {size.name, std::to_string(kHuge)});
  }
  for (const Field& padding : {Field{"pad_top", &Desc::pad_top},
                               {"pad_left", &Desc::pad_left},
                               {"pad_bottom", &Desc::pad_bottom},
                               {"pad_right", &Desc::pad_right}}) {
    for (const std::size_t value : {std::size_t{3}, kHalf, kHuge}) {
      refuse([&](Desc& desc) { desc.*padding.field = value; }, {SIXFOLD_INVALID_ARGUMENT, SIXFOLD_OVERFLOW},
             {padding.name, std::to_string(value)});
    }
  }
  refuse([](Desc& desc) { set_enum(desc.kind, 3); }, {SIXFOLD_INVALID_ARGUMENT}, {"kind", "3"});
  refuse([](Desc& desc) { set_enum(desc.kind, -1); }, {SIXFOLD_INVALID_ARGUMENT}, {"kind", "-1"});
  refuse([](Desc& desc) { set_enum(desc.type, 2); }, {SIXFOLD_INVALID_ARGUMENT}, {"type", "2"});
}

TEST(BadElementwise, Fields) {
  using Desc = sixfold_elementwise_desc;
  const auto refuse = [](const std::function<void(Desc&)>& change, const std::vector<std::string>& words) {
    Desc desc = sixfold_elementwise_desc_default();
    change(desc);
    expect_refused(desc, {SIXFOLD_INVALID_ARGUMENT, SIXFOLD_OVERFLOW}, words);
  };
  static const float slope = 1.0f;
  refuse([](Desc& desc) { set_enum(desc.type, 2); }, {"type", "2"});
  refuse([](Desc& desc) { set_enum(desc.kind, 3); }, {"kind", "3"});
  refuse([](Desc& desc) { set_enum(desc.activation.kind, 16); }, {"activation.kind", "16"});
  refuse([](Desc& desc) { desc.activation = {SIXFOLD_PRELU, 0, 0, &slope}; }, {"channels", "0"});
  refuse(
      [](Desc& desc) {
        desc.channels = 3;
        desc.activation.kind = SIXFOLD_PRELU;
      },
      {"activation.slopes", "NULL"});
  refuse(
      [](Desc& desc) {
        desc.channels = kHuge;
        desc.activation = {SIXFOLD_PRELU, 0, 0, &slope};
      },
      {"channels", std::to_string(kHuge)});
  refuse([](Desc& desc) { desc.activation = {SIXFOLD_CLAMP, 6, 0, nullptr}; }, {"activation.alpha", "6"});
}

TEST(BadConvert, Fields) {
  using Desc = sixfold_convert_desc;
  const auto refuse = [](const std::function<void(Desc&)>& change, const std::vector<std::string>& words) {
    Desc desc = sixfold_convert_desc_default();
    change(desc);
    expect_refused(desc, {SIXFOLD_INVALID_ARGUMENT}, words);
  };
  for (const int value : {2, 3, -1}) {
    const std::string text = std::to_string(value);
    refuse([&](Desc& desc) { set_enum(desc.input_type, value); }, {"input_type", text});
    refuse([&](Desc& desc) { set_enum(desc.output_type, value); }, {"output_type", text});
    refuse([&](Desc& desc) { set_enum(desc.input_layout, value); }, {"input_layout", text});
    refuse([&](Desc& desc) { set_enum(desc.output_layout, value); }, {"output_layout", text});
  }
}

// ---------------------------------------------------------------------------------------------------------- running

// A convolution of two inputs with all that a run needs, to be spoiled piece by piece.
struct SoundRun {
  Operator op;
  std::vector<float> memory = std::vector<float>(4096, 1.0f);
  std::vector<unsigned char> workspace = std::vector<unsigned char>(1 << 20);
  sixfold_tensor inputs[2];
  std::size_t input_count = 2;
  sixfold_tensor output;
  sixfold_context context = sixfold_context_default();

  SoundRun() {
    static SoundConv conv;
    conv.desc.residual = SIXFOLD_RESIDUAL_AFTER_ACTIVATION;
    conv.desc.pad_top = 1;
    sixfold_operator* created = nullptr;
    EXPECT_EQ(sixfold_conv_create(&conv.desc, nullptr, &created, nullptr), SIXFOLD_OK);
    op.reset(created);
    inputs[0] = sixfold_tensor_of(memory.data(), SIXFOLD_FP32, 2, 5, 6, 4);
    inputs[1] = sixfold_tensor_of(memory.data() + 1024, SIXFOLD_FP32, 2, 4, 4, 6);
    output = sixfold_tensor_of(memory.data() + 2048, SIXFOLD_FP32, 2, 4, 4, 6);
    context.workspace = workspace.data();
    context.workspace_bytes = workspace.size();
  }

  sixfold_status run(sixfold_error* error) const {
    return sixfold_run(op.get(), inputs, input_count, &output, &context, error);
  }
};

void refuse_run(const std::function<void(SoundRun&)>& change, const std::set<sixfold_status>& statuses,
                const std::vector<std::string>& words) {
  SoundRun sound;
  change(sound);
  sixfold_error error;
  const std::vector<float> before = sound.memory;
  const sixfold_status status = sound.run(&error);
  EXPECT_EQ(statuses.count(status), 1U) << sixfold_status_name(status) << ": " << error.text << " (expected "
                                        << words.front() << ")";
  EXPECT_EQ(error.status, status);
  expect_words(error, words);
  EXPECT_EQ(sound.run(nullptr), status);
  EXPECT_EQ(sound.memory, before) << "a refused run wrote something";
}

TEST(BadRun, TheSoundOneIsSound) {
  const SoundRun sound;
  sixfold_error error;
  EXPECT_EQ(sound.run(&error), SIXFOLD_OK) << error.text;
  EXPECT_STREQ(error.text, "");
  EXPECT_EQ(sixfold_input_count(sound.op.get()), 2U);
}

TEST(BadRun, Tensors) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const std::string name = "inputs[" + std::to_string(i) + "]";
    const std::set<sixfold_status> misfit = {SIXFOLD_SHAPE_MISMATCH};
    const std::set<sixfold_status> wrong = {SIXFOLD_INVALID_ARGUMENT, SIXFOLD_SHAPE_MISMATCH};
    const std::set<sixfold_status> large = {SIXFOLD_OVERFLOW, SIXFOLD_SHAPE_MISMATCH};
    refuse_run([&](SoundRun& run) { run.inputs[i].type = SIXFOLD_FP16; }, misfit, {name + ".type"});
    refuse_run([&](SoundRun& run) { set_enum(run.inputs[i].type, 5); }, {SIXFOLD_INVALID_ARGUMENT},
               {name + ".type", "5"});
    refuse_run([&](SoundRun& run) { run.inputs[i].channels = 3; }, misfit, {name + ".channels", "3"});
    refuse_run([&](SoundRun& run) { run.inputs[i].channels = 0; }, wrong, {name + ".channels", "0"});
    refuse_run([&](SoundRun& run) { run.inputs[i].height = 0; }, wrong, {name + ".height", "0"});
    refuse_run([&](SoundRun& run) { run.inputs[i].width = 0; }, wrong, {name + ".width", "0"});
    refuse_run([&](SoundRun& run) { run.inputs[i].pixel_stride = 3; }, wrong, {name + ".pixel_stride", "3"});
    refuse_run([&](SoundRun& run) { run.inputs[i].data = nullptr; }, {SIXFOLD_INVALID_ARGUMENT},
               {name + ".data", "NULL"});
    refuse_run([&](SoundRun& run) { run.inputs[i].data = static_cast<char*>(run.inputs[i].data) + 1; },
               {SIXFOLD_INVALID_ARGUMENT}, {name + ".data", "align"});
    for (const std::size_t huge : {kHuge, kHalf, kHuge / 4, kHuge / 16 + 1}) {
      refuse_run([&](SoundRun& run) { run.inputs[i].batch = huge; }, large, {name, std::to_string(huge)});
      refuse_run([&](SoundRun& run) { run.inputs[i].height = huge; }, large, {name, std::to_string(huge)});
      refuse_run([&](SoundRun& run) { run.inputs[i].width = huge; }, large, {name, std::to_string(huge)});
      refuse_run([&](SoundRun& run) { run.inputs[i].pixel_stride = huge; }, large, {name, std::to_string(huge)});
    }
  }
  refuse_run([](SoundRun& run) { run.inputs[0].height = 1; }, {SIXFOLD_SHAPE_MISMATCH}, {"inputs[0].height", "1"});
  refuse_run([](SoundRun& run) { run.inputs[0].width = 2; }, {SIXFOLD_SHAPE_MISMATCH}, {"inputs[0].width", "2"});
  refuse_run([](SoundRun& run) { run.inputs[1].batch = 1; }, {SIXFOLD_SHAPE_MISMATCH}, {"inputs[1].batch", "1"});
  refuse_run([](SoundRun& run) { run.inputs[1].height = 5; }, {SIXFOLD_SHAPE_MISMATCH}, {"inputs[1].height", "5"});
  refuse_run([](SoundRun& run) { run.inputs[1].width = 5; }, {SIXFOLD_SHAPE_MISMATCH}, {"inputs[1].width", "5"});

  const std::set<sixfold_status> misfit = {SIXFOLD_SHAPE_MISMATCH};
  refuse_run([](SoundRun& run) { run.output.type = SIXFOLD_FP16; }, misfit, {"output.type"});
  refuse_run([](SoundRun& run) { run.output.batch = 3; }, misfit, {"output.batch", "3"});
  refuse_run([](SoundRun& run) { run.output.height = 3; }, misfit, {"output.height", "3"});
  refuse_run([](SoundRun& run) { run.output.width = 3; }, misfit, {"output.width", "3"});
  refuse_run([](SoundRun& run) { run.output.channels = 5; }, misfit, {"output.channels", "5"});
  refuse_run([](SoundRun& run) { run.output.pixel_stride = 5; }, misfit, {"output.pixel_stride", "5"});
  refuse_run([](SoundRun& run) { run.output.pixel_stride = kHuge; }, {SIXFOLD_OVERFLOW},
             {"output", std::to_string(kHuge)});
  refuse_run([](SoundRun& run) { run.output.data = nullptr; }, {SIXFOLD_INVALID_ARGUMENT}, {"output.data", "NULL"});
  refuse_run([](SoundRun& run) { run.output.data = reinterpret_cast<char*>(run.memory.data()) + 2; },
             {SIXFOLD_INVALID_ARGUMENT}, {"output.data", "align"});
}

// A scaled convolution, alone and with a residual, whose factors are then the third input.
TEST(BadRun, Factors) {
  for (const bool residual : {false, true}) {
    SoundConv conv;
    conv.desc = sixfold_conv_desc_default();
    conv.desc.input_channels = 4;
    conv.desc.output_channels = 6;
    const std::vector<float> weights(24, 1.0f);
    conv.desc.weights = weights.data();
    conv.desc.residual = residual ? SIXFOLD_RESIDUAL_BEFORE_ACTIVATION : SIXFOLD_NO_RESIDUAL;
    conv.desc.input_scale = SIXFOLD_INPUT_SCALE_PER_CHANNEL;
    sixfold_operator* created = nullptr;
    ASSERT_EQ(sixfold_conv_create(&conv.desc, nullptr, &created, nullptr), SIXFOLD_OK);
    const Operator op(created);
    const std::size_t last = residual ? 2 : 1;
    ASSERT_EQ(sixfold_input_count(created), last + 1);

    std::vector<float> memory(1024, 1.0f);
    std::vector<unsigned char> workspace(1 << 16);
    sixfold_context context = sixfold_context_default();
    context.workspace = workspace.data();
    context.workspace_bytes = workspace.size();
    const sixfold_tensor output = sixfold_tensor_of(memory.data() + 512, SIXFOLD_FP32, 3, 2, 2, 6);
    const auto run_with = [&](const std::function<void(sixfold_tensor&)>& change, sixfold_error* error) {
      sixfold_tensor inputs[3] = {sixfold_tensor_of(memory.data(), SIXFOLD_FP32, 3, 2, 2, 4), output, output};
      inputs[last] = sixfold_tensor_of(memory.data() + 256, SIXFOLD_FP32, 3, 1, 1, 4);
      change(inputs[last]);
      return sixfold_run(created, inputs, last + 1, &output, &context, error);
    };
    const auto refuse = [&](const char* field, const std::function<void(sixfold_tensor&)>& change,
                            sixfold_status expected = SIXFOLD_SHAPE_MISMATCH) {
      sixfold_error error;
      const std::vector<float> before = memory;
      EXPECT_EQ(run_with(change, &error), expected) << field;
      expect_words(error, {"inputs[" + std::to_string(last) + "]." + field});
      EXPECT_EQ(memory, before) << "a refused run wrote something";
    };
    sixfold_error error;
    EXPECT_EQ(run_with([](sixfold_tensor&) {}, &error), SIXFOLD_OK) << error.text;
    EXPECT_EQ(run_with([](sixfold_tensor& factors) { factors.batch = 1; }, &error), SIXFOLD_OK) << error.text;
    refuse("type", [](sixfold_tensor& factors) { factors.type = SIXFOLD_FP16; });
    refuse("batch is 2, must be 3", [](sixfold_tensor& factors) { factors.batch = 2; });
    refuse("height is 2, must be 1", [](sixfold_tensor& factors) { factors.height = 2; });
    refuse("width is 2, must be 1", [](sixfold_tensor& factors) { factors.width = 2; });
    refuse("channels is 3, must be 4", [](sixfold_tensor& factors) { factors.channels = 3; });
    refuse(
        "data is NULL", [](sixfold_tensor& factors) { factors.data = nullptr; }, SIXFOLD_INVALID_ARGUMENT);
  }
}

TEST(BadRun, CountsAndContext) {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{3}, kHuge}) {
    refuse_run([&](SoundRun& run) { run.input_count = count; }, {SIXFOLD_INVALID_ARGUMENT},
               {"input_count", std::to_string(count)});
  }
  refuse_run([](SoundRun& run) { run.context.struct_size = 3; }, {SIXFOLD_INVALID_ARGUMENT},
             {"context.struct_size", "3"});
  refuse_run([](SoundRun& run) { run.context.workspace_bytes = 1; }, {SIXFOLD_WORKSPACE_TOO_SMALL},
             {"context.workspace_bytes", "1"});
  refuse_run([](SoundRun& run) { run.context.workspace = nullptr; }, {SIXFOLD_INVALID_ARGUMENT},
             {"context.workspace", "NULL"});
  refuse_run(
      [](SoundRun& run) {
        run.context.max_tasks = kHuge;
        run.context.parallel_for = [](void*, std::size_t, sixfold_task, void*) { FAIL() << "the run was not refused"; };
      },
      {SIXFOLD_OVERFLOW, SIXFOLD_WORKSPACE_TOO_SMALL}, {""});
}

TEST(BadRun, NullPointers) {
  SoundRun sound;
  sixfold_error error;
  sixfold_tensor shape{};
  std::size_t bytes = 0;
  const sixfold_operator* op = sound.op.get();

  EXPECT_EQ(sixfold_run(nullptr, sound.inputs, 2, &sound.output, &sound.context, &error), SIXFOLD_INVALID_ARGUMENT);
  expect_words(error, {"op", "NULL"});
  EXPECT_EQ(sixfold_run(op, nullptr, 2, &sound.output, &sound.context, &error), SIXFOLD_INVALID_ARGUMENT);
  expect_words(error, {"inputs", "NULL"});
  EXPECT_EQ(sixfold_run(op, sound.inputs, 2, nullptr, &sound.context, &error), SIXFOLD_INVALID_ARGUMENT);
  expect_words(error, {"output", "NULL"});

  EXPECT_EQ(sixfold_output_shape(nullptr, sound.inputs, 2, &shape, &error), SIXFOLD_INVALID_ARGUMENT);
  expect_words(error, {"op", "NULL"});
  EXPECT_EQ(sixfold_output_shape(op, nullptr, 2, &shape, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_EQ(sixfold_output_shape(op, sound.inputs, 2, nullptr, &error), SIXFOLD_INVALID_ARGUMENT);
  expect_words(error, {"output", "NULL"});

  EXPECT_EQ(sixfold_workspace_size(nullptr, sound.inputs, 2, 1, &bytes, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_EQ(sixfold_workspace_size(op, nullptr, 2, 1, &bytes, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_EQ(sixfold_workspace_size(op, sound.inputs, 2, 1, nullptr, &error), SIXFOLD_INVALID_ARGUMENT);
  expect_words(error, {"bytes", "NULL"});
  EXPECT_EQ(sixfold_workspace_size(op, sound.inputs, 2, kHuge, &bytes, &error), SIXFOLD_OVERFLOW);
  expect_words(error, {"max_tasks", std::to_string(kHuge)});

  EXPECT_EQ(sixfold_input_count(nullptr), 0U);
  EXPECT_EQ(sixfold_memory_bytes(nullptr), 0U);
  EXPECT_EQ(sixfold_kernel_name(nullptr), nullptr);
  sixfold_destroy(nullptr);
}

TEST(BadRun, AnEmptyBatchNeedsNothing) {
  SoundRun sound;
  for (sixfold_tensor* tensor : {&sound.inputs[0], &sound.inputs[1], &sound.output}) {
    tensor->batch = 0;
    tensor->data = nullptr;
  }
  sixfold_error error;
  EXPECT_EQ(sound.run(&error), SIXFOLD_OK) << error.text;
}

// The other operators: what does not fit them.
struct Misfit {
  std::vector<sixfold_tensor> inputs;
  sixfold_tensor output;
  std::vector<std::string> words;
};

void refuse_all(const sixfold_operator* op, const std::vector<Misfit>& misfits) {
  for (const Misfit& misfit : misfits) {
    sixfold_error error;
    const sixfold_status status =
        sixfold_run(op, misfit.inputs.data(), misfit.inputs.size(), &misfit.output, nullptr, &error);
    EXPECT_EQ(status, SIXFOLD_SHAPE_MISMATCH) << error.text << " (expected " << misfit.words.front() << ")";
    expect_words(error, misfit.words);
  }
}

TEST(BadRun, OtherOperators) {
  std::vector<float> memory(4096);
  const auto fp32 = [&](std::size_t n, std::size_t h, std::size_t w, std::size_t c) {
    return sixfold_tensor_of(memory.data(), SIXFOLD_FP32, n, h, w, c);
  };
  const auto strided = [](sixfold_tensor tensor, std::size_t stride) {
    tensor.pixel_stride = stride;
    return tensor;
  };
  const sixfold_tensor fp16 = sixfold_tensor_of(memory.data(), SIXFOLD_FP16, 1, 4, 4, 2);

  sixfold_pool_desc pool = sixfold_pool_desc_default();
  pool.kernel_height = 3;
  pool.kernel_width = 2;
  const Created pooling = create(pool, sixfold_options_default());
  ASSERT_EQ(pooling.status, SIXFOLD_OK);
  refuse_all(pooling.op.get(), {{{fp32(1, 2, 5, 1)}, fp32(1, 1, 1, 1), {"kernel_height", "3", "height", "2"}},
                                {{fp32(1, 5, 1, 1)}, fp32(1, 1, 1, 1), {"kernel_width", "2", "width", "1"}},
                                {{fp16}, fp32(1, 2, 3, 2), {"inputs[0].type"}},
                                {{fp32(1, 4, 4, 2)}, fp32(1, 2, 3, 3), {"output.channels", "3"}}});

  sixfold_elementwise_desc add = sixfold_elementwise_desc_default();
  add.kind = SIXFOLD_ADD;
  add.channels = 2;
  const Created adding = create(add, {}, sixfold_options_default());
  ASSERT_EQ(adding.status, SIXFOLD_OK);
  refuse_all(adding.op.get(), {{{fp32(2, 4, 4, 3), fp32(2, 4, 4, 3)}, fp32(2, 4, 4, 3), {"inputs[0].channels", "3"}},
                               {{fp32(2, 4, 4, 2), fp32(2, 4, 4, 1)}, fp32(2, 4, 4, 2), {"inputs[1].channels", "1"}},
                               {{fp32(2, 4, 4, 2), fp32(2, 1, 4, 2)}, fp32(2, 4, 4, 2), {"inputs[1]", "2 x"}},
                               {{fp32(2, 4, 4, 2), fp32(3, 1, 1, 2)}, fp32(2, 4, 4, 2), {"inputs[1]", "3 x"}},
                               {{fp32(1, 4, 4, 2), fp32(2, 4, 4, 2)}, fp32(1, 4, 4, 2), {"inputs[1]"}},
                               {{fp32(1, 4, 4, 2), fp16}, fp32(1, 4, 4, 2), {"inputs[1].type"}},
                               {{fp16, fp16}, fp16, {"inputs[0].type"}}});

  sixfold_convert_desc convert = sixfold_convert_desc_default();
  convert.input_layout = SIXFOLD_NCHW;
  const Created to_nhwc = create(convert, sixfold_options_default());
  ASSERT_EQ(to_nhwc.status, SIXFOLD_OK);
  refuse_all(to_nhwc.op.get(),
             {{{strided(fp32(1, 4, 4, 2), 3)}, fp32(1, 4, 4, 2), {"inputs[0].pixel_stride", "3", "NCHW"}},
              {{fp16}, fp32(1, 4, 4, 2), {"inputs[0].type"}}});
  convert.input_layout = SIXFOLD_NHWC;
  convert.output_layout = SIXFOLD_NCHW;
  const Created to_nchw = create(convert, sixfold_options_default());
  ASSERT_EQ(to_nchw.status, SIXFOLD_OK);
  refuse_all(to_nchw.op.get(),
             {{{fp32(1, 4, 4, 2)}, strided(fp32(1, 4, 4, 2), 3), {"output.pixel_stride", "3", "NCHW"}},
              {{fp32(1, 4, 4, 2)}, fp32(1, 4, 3, 2), {"output.width", "3"}},
              {{fp32(1, 4, 4, 2)}, fp16, {"output.type"}}});
}

}  // namespace
}  // namespace sixfold::test
