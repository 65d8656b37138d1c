/* A 3x3 convolution of a 4x4 picture to two channels, with batch norm and ReLU6 in the same pass. */
#include <sixfold/sixfold.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  enum { height = 4, width = 4, outputs = 2 };

  float image[height * width];
  for (int i = 0; i < height * width; ++i) image[i] = (float)i / 4.0f;

  /* Output channel 0 sums its neighbourhood, channel 1 takes the right neighbour from the left one. */
  const float weights[outputs][3][3][1] = {{{{1}, {1}, {1}}, {{1}, {1}, {1}}, {{1}, {1}, {1}}},
                                           {{{0}, {0}, {0}}, {{1}, {0}, {-1}}, {{0}, {0}, {0}}}};
  const float mean[outputs] = {0.0f, 0.0f};
  const float variance[outputs] = {4.0f, 1.0f};
  const float shift[outputs] = {0.0f, 1.0f};

  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.input_channels = 1;
  desc.output_channels = outputs;
  desc.kernel_height = desc.kernel_width = 3;
  desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
  desc.weights = weights;
  desc.batch_norm.position = SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION;
  desc.batch_norm.mean = mean;
  desc.batch_norm.variance = variance;
  desc.batch_norm.beta = shift;
  desc.activation = sixfold_activation_default(SIXFOLD_RELU6);

  sixfold_error error;
  sixfold_operator* conv = NULL;
  if (sixfold_conv_create(&desc, NULL, &conv, &error) != SIXFOLD_OK) {
    fprintf(stderr, "%s: %s\n", sixfold_status_name(error.status), error.text);
    return EXIT_FAILURE;
  }

  float result[height * width * outputs];
  const sixfold_tensor input = sixfold_tensor_of(image, SIXFOLD_FP32, 1, height, width, 1);
  const sixfold_tensor output = sixfold_tensor_of(result, SIXFOLD_FP32, 1, height, width, outputs);

  /* Workspace is the caller's. A real program asks once for its largest image, and keeps it. */
  sixfold_context context = sixfold_context_default();
  sixfold_status status = sixfold_workspace_size(conv, &input, 1, 1, &context.workspace_bytes, &error);
  if (status == SIXFOLD_OK) {
    context.workspace = malloc(context.workspace_bytes);
    status = sixfold_run(conv, &input, 1, &output, &context, &error);
    free(context.workspace);
  }
  sixfold_destroy(conv);
  if (status != SIXFOLD_OK) {
    fprintf(stderr, "%s: %s\n", sixfold_status_name(error.status), error.text);
    return EXIT_FAILURE;
  }

  for (int channel = 0; channel < outputs; ++channel) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) printf(" %6.3f", (double)result[(y * width + x) * outputs + channel]);
      printf("\n");
    }
  }
  return EXIT_SUCCESS;
}
