// The C++ wrapper, as a program without exceptions and RTTI sees it: defaults, ownership, errors, and that it passes on faithfully.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <sixfold/sixfold.hpp>
#include <type_traits>
#include <vector>

namespace {

int failures = 0;

void check(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "FAILED: %s\n", what);
  ++failures;
}

static_assert(!std::is_copy_constructible_v<sixfold::Operator> && !std::is_copy_assignable_v<sixfold::Operator>);
static_assert(std::is_nothrow_move_constructible_v<sixfold::Operator>);
static_assert(std::is_nothrow_move_assignable_v<sixfold::Operator>);

sixfold::Operator scale_by(float factor, sixfold::Error& error, const sixfold_options& options = sixfold::Options()) {
  sixfold::ConvDesc desc;
  desc.input_channels = desc.output_channels = 1;
  desc.weights = &factor;
  return sixfold::Operator::create(desc, error, options);
}

float apply(const sixfold::Operator& op, float x) {
  float y = std::nanf("");
  const sixfold_tensor input = sixfold::tensor(&x, 1, 1, 1, 1), output = sixfold::tensor(&y, 1, 1, 1, 1);
  sixfold::Context context;
  sixfold::Error error = context.reserve(op, input);
  if (!error) error = op.run(input, output, context);
  check(!error, error.text());
  return y;
}

void defaults_carry_their_size() {
  check(sixfold::ConvDesc().struct_size == sizeof(sixfold_conv_desc), "ConvDesc knows its size");
  check(sixfold::FullyConnectedDesc().struct_size == sizeof(sixfold_fully_connected_desc), "FullyConnectedDesc");
  check(sixfold::PoolDesc().struct_size == sizeof(sixfold_pool_desc), "PoolDesc knows its size");
  check(sixfold::ElementwiseDesc().struct_size == sizeof(sixfold_elementwise_desc), "ElementwiseDesc knows its size");
  check(sixfold::ConvertDesc().struct_size == sizeof(sixfold_convert_desc), "ConvertDesc knows its size");
  check(sixfold::Options().struct_size == sizeof(sixfold_options), "Options knows its size");
  check(sixfold::Context().struct_size == sizeof(sixfold_context), "Context knows its size");
}

void activations_take_their_parameters() {
  check(sixfold::activation(SIXFOLD_LEAKY_RELU).alpha == 0.01f, "leaky ReLU has its customary slope");
  const sixfold_activation bounded = sixfold::clamp(-1.0f, 2.0f);
  check(bounded.kind == SIXFOLD_CLAMP && bounded.alpha == -1.0f && bounded.beta == 2.0f, "clamp takes two bounds");
  const float slope = 0.5f;
  check(sixfold::prelu(&slope).kind == SIXFOLD_PRELU && sixfold::prelu(&slope).slopes == &slope, "PReLU takes slopes");
}

void ranges_are_proved() {
  const float weights[] = {1.0f, -2.0f};
  const sixfold_interval relu6 = {0.0f, 6.0f};
  sixfold::ConvDesc desc;
  desc.input_channels = 2;
  desc.output_channels = 1;
  desc.weights = weights;
  sixfold::Error error;
  check(sixfold::range(desc, error).channels.empty() && error, "nothing is proved without ranges");
  desc.ranges.input = &relu6;
  desc.ranges.input_count = 1;
  const sixfold::Range range = sixfold::range(desc, error);
  check(!error && range.channels.size() == 1, "one range a channel");
  check(range.whole.sum.low == -12.0f && range.whole.sum.high == 6.0f, "the sum lies from -12 to 6");
  const std::vector<float> window = sixfold::witness(desc, 0, SIXFOLD_SMALLEST, error);
  check(window.size() == 2 && window[0] == 0.0f && window[1] == 6.0f, "the witness of -12");
}

void errors_name_the_field() {
  sixfold::ConvDesc desc;
  desc.input_channels = desc.output_channels = 1;
  desc.stride_height = 0;
  const float weight = 1.0f;
  desc.weights = &weight;
  sixfold::Error error;
  const sixfold::Operator op = sixfold::Operator::create(desc, error);
  check(!op, "a stride of 0 makes no operator");
  check(bool(error) && error.status() == SIXFOLD_INVALID_ARGUMENT, "a stride of 0 is an invalid argument");
  check(std::strstr(error.text(), "stride_height") != nullptr, "the text names the field");

  const sixfold::Operator good = scale_by(2.0f, error);
  check(good && !error, "success clears an earlier error");
}

void an_empty_operator_answers_with_errors() {
  const sixfold::Operator none;
  float x = 1.0f;
  const sixfold_tensor view = sixfold::tensor(&x, 1, 1, 1, 1);
  check(bool(none.run(view, view)), "running nothing is an error");
  sixfold::Error error;
  none.output_shape(view, error);
  check(bool(error), "nothing has no output shape");
  none.workspace_size(view, 1, error);
  check(bool(error), "nothing has no workspace size");
  check(none.input_count() == 0, "nothing takes no inputs");
  none.explain();
}

void ownership_moves() {
  sixfold::Error error;
  sixfold::Operator doubles = scale_by(2.0f, error);
  sixfold::Operator triples = scale_by(3.0f, error);
  sixfold::Operator moved = std::move(doubles);
  check(moved && apply(moved, 5.0f) == 10.0f, "a moved operator computes");
  moved = std::move(triples);
  check(apply(moved, 5.0f) == 15.0f, "assignment takes over");
  sixfold_operator* raw = moved.release();
  check(!moved && raw != nullptr, "release gives the operator away");
  sixfold_destroy(raw);
}

void every_operator_runs() {
  sixfold::Error error;
  const std::vector<float> image = {1, 2, 3, 4};  // 1 x 2 x 2 x 1
  const sixfold_tensor input = sixfold::tensor(image.data(), 1, 2, 2, 1);

  sixfold::PoolDesc pool_desc;
  pool_desc.kernel_height = pool_desc.kernel_width = 2;
  const sixfold::Operator pool = sixfold::Operator::create(pool_desc, error);
  check(!error, error.text());
  sixfold_tensor shape = pool.output_shape(input, error);
  check(sixfold::element_count(shape) == 1 && sixfold::byte_count(shape) == 4, "a 2x2 pool of 2x2 gives one float");
  float largest = 0.0f;
  shape.data = &largest;
  check(!pool.run(input, shape) && largest == 4.0f, "max pool");

  sixfold::ElementwiseDesc add_desc;
  add_desc.kind = SIXFOLD_ADD;
  const sixfold::Operator add = sixfold::Operator::create(add_desc, error);
  std::vector<float> sums(4);
  check(add.input_count() == 2, "addition takes two inputs");
  shape = add.output_shape(input, input, error);
  check(!error && sixfold::element_count(shape) == 4, "the sum has the shape of its terms");
  shape.data = sums.data();
  check(!add.run(input, input, shape) && sums[3] == 8.0f, "addition");

  sixfold::FullyConnectedDesc full_desc;
  full_desc.input_features = 4;
  full_desc.output_features = 1;
  full_desc.weights = image.data();
  const sixfold::Operator full = sixfold::Operator::create(full_desc, error);
  check(!error, error.text());
  const sixfold_tensor flat = sixfold::tensor(image.data(), 1, 1, 1, 4);
  sixfold::Context context;
  error = context.reserve(full, flat);
  check(!error, error.text());
  float dot = 0.0f;
  check(!full.run(flat, sixfold::tensor(&dot, 1, 1, 1, 1), context) && dot == 30.0f, "fully connected");

  sixfold::ConvDesc scaled_desc;
  scaled_desc.input_channels = 4;
  scaled_desc.output_channels = 1;
  scaled_desc.weights = image.data();
  scaled_desc.residual = SIXFOLD_RESIDUAL_AFTER_ACTIVATION;
  scaled_desc.input_scale = SIXFOLD_INPUT_SCALE_PER_CHANNEL;
  const sixfold::Operator scaled = sixfold::Operator::create(scaled_desc, error);
  check(!error && scaled.input_count() == 3, "image, residual and factors");
  const sixfold_tensor addend = sixfold::tensor(image.data(), 1, 1, 1, 1);
  shape = scaled.output_shape({flat, addend, flat}, error);
  check(!error && sixfold::element_count(shape) == 1, "a list of inputs gives a shape");
  check(!context.reserve(scaled, {flat, addend, flat}), "a list of inputs gives a workspace");
  check(!scaled.run({flat, addend, flat}, sixfold::tensor(&dot, 1, 1, 1, 1), context) && dot == 101.0f,
        "scaled: 1 + 8 + 27 + 64, and 1");

  sixfold::ConvertDesc convert_desc;
  convert_desc.output_type = SIXFOLD_FP16;
  const sixfold::Operator convert = sixfold::Operator::create(convert_desc, error);
  std::vector<std::uint16_t> halves(4);
  check(!convert.run(input, sixfold::half_tensor(halves.data(), 1, 2, 2, 1)) && halves[0] == 0x3c00, "fp32 to fp16");
}

// The pool must be handed each index exactly once, by the callable that the program gave.
void a_pool_of_the_caller_runs_the_tasks() {
  sixfold::Error error;
  const std::size_t channels = 64, side = 32;
  std::vector<float> weights(channels * channels, 1.0f), image(side * side * channels, 1.0f), result(image.size());
  sixfold::ConvDesc desc;
  desc.input_channels = desc.output_channels = channels;
  desc.weights = weights.data();
  const sixfold::Operator conv = sixfold::Operator::create(desc, error);
  check(!error, error.text());

  std::size_t tasks = 0;
  auto pool = [&tasks](std::size_t count, auto body) {
    for (std::size_t i = count; i-- > 0;) {
      body(i);
      ++tasks;
    }
  };
  const sixfold_tensor input = sixfold::tensor(image.data(), 1, side, side, channels);
  sixfold::Context context;
  context.set_pool(pool, 4);
  error = context.reserve(conv, input);
  check(!error && context.workspace_bytes == conv.workspace_size(input, 4, error),
        "the workspace is that of four tasks");
  error = conv.run(input, sixfold::tensor(result.data(), 1, side, side, channels), context);
  check(!error, error.text());
  check(tasks > 1 && tasks <= 4, "the run was split into 2 to 4 tasks");
  for (float value : result) {
    if (value != 64.0f) return check(false, "every element is computed");
  }
}

void a_pool_passes_on_every_index() {
  std::vector<std::size_t> seen;
  auto pool = [](std::size_t count, auto body) {
    for (std::size_t i = 0; i < count; ++i) body(i);
  };
  sixfold::Context context;
  context.set_pool(pool, 3);
  const sixfold_task record = [](void* list, std::size_t index) {
    static_cast<std::vector<std::size_t>*>(list)->push_back(index);
  };
  context.parallel_for(context.pool, 3, record, &seen);
  check(seen == std::vector<std::size_t>({0, 1, 2}), "the pool's indices are those of the tasks");
}

bool is_of_backend_or_its_base(const std::string& kernel, const sixfold_backend_info& backend,
                               const std::vector<sixfold_backend_info>& backends) {
  const std::string ending = std::string("_") + backend.name;
  if (kernel.size() > ending.size() && kernel.compare(kernel.size() - ending.size(), ending.size(), ending) == 0)
    return true;
  for (const sixfold_backend_info& base : backends) {
    if (backend.base != nullptr && std::strcmp(base.name, backend.base) == 0) {
      return is_of_backend_or_its_base(kernel, base, backends);
    }
  }
  return false;
}

void backends_can_be_listed_and_forced() {
  const std::vector<sixfold_backend_info> backends = sixfold::backends();
  check(!backends.empty() && std::strcmp(backends.back().name, "scalar") == 0, "the last backend is scalar");
  const std::vector<sixfold_kernel_info> kernels = sixfold::kernels();
  for (const sixfold_backend_info& backend : backends) {
    std::size_t count = 0;
    for (const sixfold_kernel_info& kernel : kernels) count += std::strcmp(kernel.backend, backend.name) == 0;
    check(count == backend.kernel_count && count > 0, "a backend counts its kernels");
    sixfold::Options options;
    options.backend = backend.name;
    sixfold::Error error;
    const sixfold::Operator op = scale_by(2.0f, error, options);
    check(bool(op) == (backend.supported != 0), "a supported backend can be forced, another cannot");
    if (op) check(op.explain().find(backend.name) != std::string::npos, "the explanation names the forced backend");
    if (op)
      check(is_of_backend_or_its_base(op.kernel_name(), backend, backends), "so does the kernel, or it is of a base");
    if (op) check(op.memory_bytes() > 0, "an operator holds memory");
  }
  sixfold::Options unknown;
  unknown.backend = "no such backend";
  sixfold::Error error;
  check(!scale_by(2.0f, error, unknown) && error.status() == SIXFOLD_UNSUPPORTED, "an unknown backend is an error");
}

}  // namespace

int main() {
  defaults_carry_their_size();
  activations_take_their_parameters();
  ranges_are_proved();
  errors_name_the_field();
  an_empty_operator_answers_with_errors();
  ownership_moves();
  every_operator_runs();
  a_pool_of_the_caller_runs_the_tasks();
  a_pool_passes_on_every_index();
  backends_can_be_listed_and_forced();
  if (failures == 0) std::puts("ok");
  return failures == 0 ? 0 : 1;
}
