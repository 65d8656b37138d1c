#include "input_scale.hpp"

#include "../kernels/elementwise_args.hpp"
#include "activation.hpp"

namespace sixfold::operators {

InputScale find_input_scale(const Options& options, sixfold_type type, sixfold_error* error) {
  Options any_kernel = options;  // a forced one is the convolution's
  any_kernel.kernel = nullptr;
  const ActivationPlan identity =
      plan_activation(sixfold_activation_default(SIXFOLD_IDENTITY), *options.backend->table, false);
  const Type element = kernel_type(type);
  return {find_row(any_kernel, {Op::multiply, element, element, identity.epilogue}, error), identity.args};
}

void scale_pixels(const InputScale& scale, const Tensor& input, const Tensor& factors, const ScaledPixels& pixels,
                  unsigned char* to) {
  const std::size_t bytes = element_bytes(input.type);
  const auto address = [&](const Tensor& tensor, std::size_t pixel) {
    return static_cast<const unsigned char*>(tensor.data) + (pixel * tensor.pixel_stride + pixels.channel) * bytes;
  };
  const std::size_t image_pixels = input.height * input.width;
  for (std::size_t done = 0; done < pixels.count;) {
    const Division at = divide(pixels.first + done, image_pixels);
    ElementwiseArgs args{};
    args.a = address(input, pixels.first + done);
    args.b = address(factors, factors.batch == 1 ? 0 : at.quotient);
    args.output = to + done * pixels.channels * bytes;
    args.pixels = min_of(pixels.count - done, image_pixels - at.remainder);
    args.channels = pixels.channels;
    args.a_stride = input.pixel_stride;
    args.output_stride = pixels.channels;
    args.epilogue = &scale.epilogue;
    scale.row->run(&args);
    done += args.pixels;
  }
}

}  // namespace sixfold::operators
