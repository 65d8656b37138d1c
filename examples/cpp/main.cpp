// A 3x3 convolution of a 4x4 picture to two channels, with batch norm and ReLU6 in the same pass.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sixfold/sixfold.hpp>
#include <vector>

namespace {

constexpr std::size_t height = 4, width = 4, outputs = 2;

sixfold::Operator make_convolution(sixfold::Error& error) {
  // Output channel 0 sums its neighbourhood, channel 1 takes the right neighbour from the left one.
  const std::array<float, outputs* 3 * 3> weights = {1, 1, 1, 1, 1, 1,  1, 1, 1,  //
                                                     0, 0, 0, 1, 0, -1, 0, 0, 0};
  const std::array<float, outputs> mean = {0, 0}, variance = {4, 1}, shift = {0, 1};

  sixfold::ConvDesc desc;
  desc.input_channels = 1;
  desc.output_channels = outputs;
  desc.kernel_height = desc.kernel_width = 3;
  desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
  desc.weights = weights.data();
  desc.batch_norm.position = SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION;
  desc.batch_norm.mean = mean.data();
  desc.batch_norm.variance = variance.data();
  desc.batch_norm.beta = shift.data();
  desc.activation = sixfold::activation(SIXFOLD_RELU6);
  return sixfold::Operator::create(desc, error);
}

int fail(const sixfold::Error& error) {
  std::fprintf(stderr, "%s: %s\n", error.status_name(), error.text());
  return EXIT_FAILURE;
}

}  // namespace

int main() {
  std::vector<float> image(height * width);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i) / 4.0f;

  sixfold::Error error;
  const sixfold::Operator conv = make_convolution(error);
  if (error) return fail(error);

  const sixfold_tensor input = sixfold::tensor(image.data(), 1, height, width, 1);
  sixfold_tensor output = conv.output_shape(input, error);
  if (error) return fail(error);
  std::vector<float> result(sixfold::element_count(output));
  output.data = result.data();

  // A context owns the workspace. A real program keeps one for all its operators and runs.
  sixfold::Context context;
  error = context.reserve(conv, input);
  if (!error) error = conv.run(input, output, context);
  if (error) return fail(error);

  for (std::size_t channel = 0; channel < outputs; ++channel) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        std::printf(" %6.3f", static_cast<double>(result[(y * width + x) * outputs + channel]));
      }
      std::printf("\n");
    }
  }
  return EXIT_SUCCESS;
}
