#include "samples.hpp"

#include <stdexcept>

#include "support/conv_cases.hpp"

namespace sixfold::test {

namespace {

reference::Image image(sixfold_type type, std::size_t n, std::size_t h, std::size_t w, std::size_t c, Random& random) {
  reference::Image result(type, n, h, w, c);
  fill_uniform(result, random);
  return result;
}

class Collector {
 public:
  Collector(const sixfold_options& options, Arithmetic arithmetic, Random& random)
      : options_(options), arithmetic_(arithmetic), type_(arithmetic.type), random_(random) {}

  void add(const std::string& name, Created created, std::vector<reference::Image> images) {
    if (created.op == nullptr) throw std::runtime_error(name + ": " + created.text);
    list_.push_back({name, std::move(created.op), std::move(images)});
  }

  void add_conv(const std::string& name, const ConvShape& shape, EpilogueKind epilogue) {
    ConvCase test = make_case(shape, arithmetic_, epilogue, random_);
    std::vector<reference::Image> images;
    for (const reference::Image* image : test.inputs()) images.push_back(*image);
    add(name, create(test.desc, test.arrays, options_), std::move(images));
  }

  void add_fully_connected() {
    sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
    desc.type = type_;
    desc.accumulation = arithmetic_.accumulation;
    desc.input_features = 170;
    desc.output_features = 245;
    desc.activation = sixfold_activation_default(SIXFOLD_SIGMOID);
    reference::ConvArrays arrays;
    arrays.weights = random_.uniform(170 * 245, -1.0f, 1.0f);
    arrays.bias = random_.uniform(245, -1.0f, 1.0f);
    add("fully connected", create(desc, arrays, options_), {image(type_, 5, 1, 1, 170, random_)});
  }

  void add_pool(const std::string& name, sixfold_pool_kind kind) {
    sixfold_pool_desc desc = sixfold_pool_desc_default();
    desc.type = type_;
    desc.kind = kind;
    desc.kernel_height = desc.kernel_width = 3;
    desc.stride_height = desc.stride_width = 2;
    desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
    add(name, create(desc, options_), {image(type_, 2, 15, 13, 350, random_)});
  }

  void add_elementwise(const std::string& name, sixfold_elementwise_kind kind, sixfold_activation_kind activation) {
    sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
    desc.type = type_;
    desc.kind = kind;
    desc.activation = sixfold_activation_default(activation);
    std::vector<reference::Image> images = {image(type_, 3, 29, 31, 53, random_)};
    if (kind == SIXFOLD_ADD) images.push_back(image(type_, 3, 29, 31, 53, random_));
    if (kind == SIXFOLD_MULTIPLY) images.push_back(image(type_, 3, 1, 1, 53, random_));
    add(name, create(desc, {}, options_), std::move(images));
  }

  void add_convert(const std::string& name, sixfold_type output, sixfold_layout from, sixfold_layout to) {
    sixfold_convert_desc desc = sixfold_convert_desc_default();
    desc.input_type = type_;
    desc.output_type = output;
    desc.input_layout = from;
    desc.output_layout = to;
    add(name, create(desc, options_), {image(type_, 2, 17, 29, 21, random_)});
  }

  std::vector<Sample> take() { return std::move(list_); }

 private:
  const sixfold_options& options_;
  Arithmetic arithmetic_;
  sixfold_type type_;
  Random& random_;
  std::vector<Sample> list_;
};

ConvShape square(std::size_t size, std::size_t in, std::size_t out, std::size_t groups, std::size_t kernel,
                 std::size_t stride) {
  ConvShape shape;
  shape.batch = 2;
  shape.height = size;
  shape.width = size + 2;
  shape.input_channels = in;
  shape.output_channels = out;
  shape.groups = groups;
  shape.kernel_height = shape.kernel_width = kernel;
  shape.stride_height = shape.stride_width = stride;
  shape.pad_top = shape.pad_left = shape.pad_bottom = kernel / 2;
  return shape;
}

// One image is split among tasks by its rows, several by images, too.
ConvShape single(ConvShape shape) {
  shape.batch = 1;
  return shape;
}

}  // namespace

std::vector<Sample> samples(const sixfold_options& options, Arithmetic arithmetic, Random& random) {
  Collector all(options, arithmetic, random);
  all.add_conv("pointwise", square(21, 40, 70, 1, 1, 1), EpilogueKind::clamp);
  all.add_conv("pointwise, general epilogue", square(17, 10, 35, 1, 1, 1), EpilogueKind::general);
  all.add_conv("pointwise of few pixels", square(6, 70, 170, 1, 1, 1), EpilogueKind::clamp);
  ConvShape scaled = square(17, 90, 40, 1, 1, 1);
  scaled.scaled = true;
  all.add_conv("pointwise, scaled", scaled, EpilogueKind::clamp);
  ConvShape deep = square(6, 340, 104, 1, 1, 1);  // as floats, its weights are more than are kept
  deep.scaled = true;
  all.add_conv("pointwise, scaled, deep", deep, EpilogueKind::clamp);
  all.add_conv("first layer", square(29, 3, 16, 1, 3, 2), EpilogueKind::hswish);
  all.add_conv("grouped", square(13, 18, 27, 3, 3, 1), EpilogueKind::any);
  all.add_conv("depthwise 3x3", square(19, 33, 33, 33, 3, 1), EpilogueKind::clamp);
  all.add_conv("depthwise 3x3 stride 2", square(19, 56, 56, 56, 3, 2), EpilogueKind::general);
  all.add_conv("depthwise of few pixels", square(6, 210, 210, 210, 3, 1), EpilogueKind::clamp);
  all.add_conv("depthwise 5x5", square(14, 24, 24, 24, 5, 1), EpilogueKind::hswish);
  all.add_conv("depthwise 7x7 multiplied", square(12, 11, 22, 11, 7, 1), EpilogueKind::any);
  all.add_conv("pointwise, one image", single(square(14, 40, 70, 1, 1, 1)), EpilogueKind::clamp);
  all.add_conv("depthwise 3x3, one image", single(square(14, 72, 72, 72, 3, 1)), EpilogueKind::clamp);
  all.add_conv("depthwise 3x3 stride 2, one image", single(square(14, 210, 210, 210, 3, 2)), EpilogueKind::hswish);
  all.add_fully_connected();
  if (arithmetic.accumulates_in_half()) return all.take();
  all.add_pool("max pool", SIXFOLD_MAX_POOL);
  all.add_pool("average pool", SIXFOLD_AVERAGE_POOL);
  all.add_pool("global average pool", SIXFOLD_GLOBAL_AVERAGE_POOL);
  all.add_elementwise("activate", SIXFOLD_ACTIVATE, SIXFOLD_HARD_SWISH);
  all.add_elementwise("add", SIXFOLD_ADD, SIXFOLD_RELU6);
  all.add_elementwise("multiply", SIXFOLD_MULTIPLY, SIXFOLD_SWISH);
  all.add_convert("convert", arithmetic.type == SIXFOLD_FP16 ? SIXFOLD_FP32 : SIXFOLD_FP16, SIXFOLD_NHWC, SIXFOLD_NHWC);
  all.add_convert("transpose", arithmetic.type, SIXFOLD_NHWC, SIXFOLD_NCHW);
  all.add_convert("transpose back", arithmetic.type, SIXFOLD_NCHW, SIXFOLD_NHWC);
  return all.take();
}

}  // namespace sixfold::test
