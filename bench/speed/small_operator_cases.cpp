#include "case.hpp"

namespace sixfold::bench {
namespace {

constexpr std::uint64_t seed = 60;

// An image that stays in the second-level cache in either type, as most of a mobile network's images do.
constexpr Shape image = {1, 28, 28, 128};
constexpr Shape pixel = {1, 1, 1, 128};

// What a case needs to be made, but for backend and type.
struct Recipe {
  std::string title;
  std::vector<Shape> inputs;
  std::function<sixfold_status(sixfold_type, const sixfold_options*, sixfold_operator**, sixfold_error*)> create;
  std::size_t outputs;
  bool changes_type = false;
};

sixfold_type other(sixfold_type type) { return type == SIXFOLD_FP32 ? SIXFOLD_FP16 : SIXFOLD_FP32; }

std::string text_of(const Shape& shape) {
  return std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" + std::to_string(shape.channels);
}

Case case_of(const Recipe& recipe, const std::string& backend, sixfold_type type) {
  std::size_t bytes = recipe.outputs * size_of(recipe.changes_type ? other(type) : type);
  for (const Shape& shape : recipe.inputs) bytes += shape.count() * size_of(type);
  std::string identifier = recipe.title;
  for (char& c : identifier) {
    if (c == ' ' || c == '/') c = '_';
  }
  Case result;
  result.name = "small/" + backend + "/" + name_of(type) + "/" + identifier;
  result.backend = backend;
  result.precision = type;
  result.title = recipe.title;
  result.shape = text_of(recipe.inputs[0]);
  result.operations = 0;
  result.elements = static_cast<double>(recipe.outputs);
  result.bytes = static_cast<double>(bytes);
  result.make = [recipe, backend, type] {
    const sixfold_options options = options_for(backend);
    Operator op = Operator::make([&](sixfold_operator** created, sixfold_error* error) {
      return recipe.create(type, &options, created, error);
    });
    Random random(seed);
    std::vector<Tensor> inputs;
    for (const Shape& shape : recipe.inputs) {
      inputs.emplace_back(type, shape);
      random.fill(inputs.back().elements(), -4.0f, 4.0f);
    }
    return Workload(std::move(op), std::move(inputs));
  };
  return result;
}

Recipe pool(const std::string& title, sixfold_pool_kind kind, std::size_t kernel, std::size_t stride) {
  sixfold_pool_desc desc = sixfold_pool_desc_default();
  desc.kind = kind;
  desc.kernel_height = desc.kernel_width = kernel;
  desc.stride_height = desc.stride_width = stride;
  const std::size_t rows = kind == SIXFOLD_GLOBAL_AVERAGE_POOL ? 1 : (image.height - kernel) / stride + 1;
  return {title,
          {image},
          [desc](auto type, auto* options, auto** op, auto* error) mutable {
            desc.type = type;
            return sixfold_pool_create(&desc, options, op, error);
          },
          rows * rows * image.channels};
}

Recipe elementwise(const std::string& title, sixfold_elementwise_kind kind, sixfold_activation_kind activation,
                   std::vector<Shape> inputs) {
  static const std::vector<float> slopes(image.channels, 0.25f);
  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.kind = kind;
  desc.channels = image.channels;
  desc.activation = sixfold_activation_default(activation);
  desc.activation.slopes = activation == SIXFOLD_PRELU ? slopes.data() : nullptr;
  return {title, std::move(inputs),
          [desc](auto type, auto* options, auto** op, auto* error) mutable {
            desc.type = type;
            return sixfold_elementwise_create(&desc, options, op, error);
          },
          image.count()};
}

// From the case's type; to the other type if that is asked for.
Recipe convert(const std::string& title, bool change_type, sixfold_layout from, sixfold_layout to) {
  return {title,
          {image},
          [=](auto type, auto* options, auto** op, auto* error) {
            sixfold_convert_desc desc = sixfold_convert_desc_default();
            desc.input_type = type;
            desc.output_type = change_type ? other(type) : type;
            desc.input_layout = from;
            desc.output_layout = to;
            return sixfold_convert_create(&desc, options, op, error);
          },
          image.count(),
          change_type};
}

std::vector<Recipe> recipes() {
  std::vector<Recipe> result = {
      pool("max pool 3x3/2", SIXFOLD_MAX_POOL, 3, 2),
      pool("average pool 3x3/2", SIXFOLD_AVERAGE_POOL, 3, 2),
      pool("global average pool", SIXFOLD_GLOBAL_AVERAGE_POOL, 1, 1),
      elementwise("add", SIXFOLD_ADD, SIXFOLD_IDENTITY, {image, image}),
      elementwise("add relu6", SIXFOLD_ADD, SIXFOLD_RELU6, {image, image}),
      elementwise("multiply", SIXFOLD_MULTIPLY, SIXFOLD_IDENTITY, {image, image}),
      elementwise("multiply by channel", SIXFOLD_MULTIPLY, SIXFOLD_IDENTITY, {image, pixel}),
      convert("convert to other type", true, SIXFOLD_NHWC, SIXFOLD_NHWC),
      convert("convert to NCHW", false, SIXFOLD_NHWC, SIXFOLD_NCHW),
      convert("convert from NCHW", false, SIXFOLD_NCHW, SIXFOLD_NHWC),
  };
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    const auto activation = static_cast<sixfold_activation_kind>(kind);
    result.push_back(
        elementwise(std::string("activate ") + name_of(activation), SIXFOLD_ACTIVATE, activation, {image}));
  }
  return result;
}

}  // namespace

std::vector<Case> small_operator_cases(const std::string& backend) {
  std::vector<Case> result;
  for (const Recipe& recipe : recipes()) {
    for (const sixfold_type type : {SIXFOLD_FP32, SIXFOLD_FP16}) result.push_back(case_of(recipe, backend, type));
  }
  return result;
}

}  // namespace sixfold::bench
