/*
 * Sixfold: fused convolution kernels for mobile CPUs.
 *
 * This header is the only ABI. Everything in it is C99.
 *
 * The life of an operator:
 *     create (validate, choose a backend and a kernel, fold batch norm, pack weights)
 *     -> output_shape, workspace_size -> run, any number of times and sizes -> destroy
 *
 * Conventions that hold for every function:
 *  - A function that can fail returns a sixfold_status. If `error` is not NULL it also receives the status and a text that
 *    names the field and its value. On failure nothing is created and no output byte is defined.
 *  - Nothing is retained: descriptors, weights, names and options may be freed as soon as the call returns.
 *  - A created operator never changes. Any number of threads may run, query or explain it at once, each with a workspace of
 *    its own. Only destroy must be the last call.
 *  - Sizes are in elements unless a name says bytes.
 *  - Structures start with their own size so that they can grow; the *_default() functions set it.
 */
#ifndef SIXFOLD_SIXFOLD_H
#define SIXFOLD_SIXFOLD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIXFOLD_VERSION_MAJOR 0
#define SIXFOLD_VERSION_MINOR 1
#define SIXFOLD_VERSION_PATCH 0

/* One set of objects makes the static and the shared library, with everything hidden but what is declared here. */
#if !defined(SIXFOLD_API)
#if defined(__GNUC__)
#define SIXFOLD_API __attribute__((visibility("default")))
#else
#define SIXFOLD_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ status and errors */

typedef enum sixfold_status {
  SIXFOLD_OK = 0,
  SIXFOLD_INVALID_ARGUMENT = 1, /* a field has a value that is never valid */
  SIXFOLD_SHAPE_MISMATCH = 2,   /* tensors do not fit the operator or one another */
  SIXFOLD_OVERFLOW = 3,         /* a size does not fit size_t */
  SIXFOLD_OUT_OF_MEMORY = 4,
  SIXFOLD_UNSUPPORTED = 5,        /* a named backend or kernel is unknown, or this CPU cannot run it */
  SIXFOLD_WORKSPACE_TOO_SMALL = 6 /* the workspace given to run is smaller than sixfold_workspace_size() says */
} sixfold_status;

/* Where a failure is described. `text` is always terminated. Filled on success too: SIXFOLD_OK and an empty text. */
typedef struct sixfold_error {
  sixfold_status status;
  char text[252];
} sixfold_error;

/* A short constant name of a status, such as "invalid argument"; "unknown status" for anything else. */
SIXFOLD_API const char* sixfold_status_name(sixfold_status status);

/* The version of the library that runs, such as "0.1.0". */
SIXFOLD_API const char* sixfold_version(void);

/* ------------------------------------------------------------------------------------------------ tensors */

typedef enum sixfold_type {
  SIXFOLD_FP32 = 0,
  SIXFOLD_FP16 = 1 /* IEEE binary16 */
} sixfold_type;

typedef enum sixfold_layout {
  SIXFOLD_NHWC = 0,
  SIXFOLD_NCHW = 1 /* only sixfold_convert_create() reads or writes it */
} sixfold_layout;

/*
 * A view of caller memory. Element (n, y, x, c) of an NHWC tensor lies at
 *     data[((n * height + y) * width + x) * pixel_stride + c]
 * so that a tensor can be a slice of the channels of a wider one. pixel_stride 0 means `channels`, that is dense.
 * An NCHW tensor is always dense: its pixel_stride must be 0 or `channels`.
 * `data` needs the alignment of its element type and no more. Inputs are never written. No byte outside the elements of the
 * view is read or written; elements between `channels` and `pixel_stride` are left alone.
 */
typedef struct sixfold_tensor {
  void* data;
  sixfold_type type;
  size_t batch;
  size_t height;
  size_t width;
  size_t channels;
  size_t pixel_stride;
} sixfold_tensor;

static inline sixfold_tensor sixfold_tensor_of(void* data, sixfold_type type, size_t batch, size_t height, size_t width,
                                               size_t channels) {
  sixfold_tensor tensor;
  tensor.data = data;
  tensor.type = type;
  tensor.batch = batch;
  tensor.height = height;
  tensor.width = width;
  tensor.channels = channels;
  tensor.pixel_stride = channels;
  return tensor;
}

/* ------------------------------------------------------------------------------------------------ activations */

/*
 * Activations are computed in fp32, within 2 ulp of the true value; NaN in gives NaN out.
 *   IDENTITY      x
 *   RELU          max(x, 0)
 *   RELU6         min(max(x, 0), 6)
 *   CLAMP         min(max(x, alpha), beta)
 *   LEAKY_RELU    x < 0 ? alpha * x : x
 *   PRELU         x < 0 ? slopes[channel] * x : x
 *   ELU           x < 0 ? alpha * (exp(x) - 1) : x
 *   SIGMOID       1 / (1 + exp(-x))
 *   TANH          tanh(x)
 *   SOFTPLUS      log(1 + exp(x))
 *   SWISH         x / (1 + exp(-alpha * x))                     (SiLU for alpha = 1)
 *   MISH          x * tanh(log(1 + exp(x)))
 *   GELU_ERF      x * (1 + erf(x / sqrt(2))) / 2
 *   GELU_TANH     x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2
 *   HARD_SIGMOID  min(max(alpha * x + beta, 0), 1)
 *   HARD_SWISH    x * min(max(x + 3, 0), 6) / 6
 */
typedef enum sixfold_activation_kind {
  SIXFOLD_IDENTITY = 0,
  SIXFOLD_RELU = 1,
  SIXFOLD_RELU6 = 2,
  SIXFOLD_CLAMP = 3,
  SIXFOLD_LEAKY_RELU = 4,
  SIXFOLD_PRELU = 5,
  SIXFOLD_ELU = 6,
  SIXFOLD_SIGMOID = 7,
  SIXFOLD_TANH = 8,
  SIXFOLD_SOFTPLUS = 9,
  SIXFOLD_SWISH = 10,
  SIXFOLD_MISH = 11,
  SIXFOLD_GELU_ERF = 12,
  SIXFOLD_GELU_TANH = 13,
  SIXFOLD_HARD_SIGMOID = 14,
  SIXFOLD_HARD_SWISH = 15
} sixfold_activation_kind;

#define SIXFOLD_ACTIVATION_KINDS 16 /* kinds are 0 to this less one */

typedef struct sixfold_activation {
  sixfold_activation_kind kind;
  float alpha; /* see the table above; must be finite, but for the bounds of CLAMP, which may be infinite */
  float beta;
  const float* slopes; /* PRELU: one a channel */
} sixfold_activation;

/* The activation with its customary parameters: CLAMP 0 to infinity, LEAKY_RELU 0.01, ELU 1, SWISH 1, HARD_SIGMOID 1/6, 1/2. */
SIXFOLD_API sixfold_activation sixfold_activation_default(sixfold_activation_kind kind);

/* ------------------------------------------------------------------------------------------------ options */

/* Must return `bytes` bytes aligned to 64, or NULL. */
typedef void* (*sixfold_allocate)(void* context, size_t bytes);
typedef void (*sixfold_release)(void* context, void* memory);

typedef struct sixfold_options {
  size_t struct_size;
  const char* backend;       /* NULL: the environment variable SIXFOLD_ISA, else the best that this CPU can run */
  const char* kernel;        /* NULL: chosen by shape; else the name of a kernel that must be used */
  sixfold_allocate allocate; /* NULL: the C library's; else both functions must be given */
  sixfold_release release;
  void* allocator_context;
} sixfold_options;

static inline sixfold_options sixfold_options_default(void) {
  sixfold_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  return options;
}

/* ------------------------------------------------------------------------------------------------ ranges */

/* All values from low to high, both included. */
typedef struct sixfold_interval {
  float low;
  float high;
} sixfold_interval;

/*
 * What is known of an operator's inputs before it runs, as stored: [0, 6] after ReLU6. One interval for a whole tensor, or one
 * a channel. Each must be finite, its low end not above its high one, and for fp16 it must hold a binary16 number.
 * It is a promise of the caller's: what is proved from it holds for inputs that keep it. input NULL: nothing is known.
 */
typedef struct sixfold_ranges {
  const sixfold_interval* input;
  size_t input_count;               /* 1, or input_channels */
  const sixfold_interval* residual; /* needed only with a residual */
  size_t residual_count;            /* 1, or output_channels */
} sixfold_ranges;

/* ------------------------------------------------------------------------------------------------ operators */

typedef struct sixfold_operator sixfold_operator;

typedef enum sixfold_weights_layout {
  SIXFOLD_OHWI = 0, /* [output channel][kernel row][kernel column][input channel of the group] */
  SIXFOLD_OIHW = 1  /* [output channel][input channel of the group][kernel row][kernel column] */
} sixfold_weights_layout;

typedef enum sixfold_batch_norm_position {
  SIXFOLD_NO_BATCH_NORM = 0,
  SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION = 1, /* folded into weights and bias */
  SIXFOLD_BATCH_NORM_AFTER_ACTIVATION = 2   /* a scale and a shift in the epilogue */
} sixfold_batch_norm_position;

/* gamma * (x - mean) / sqrt(variance + epsilon) + beta, folded in double and rounded once. One value a channel each. */
typedef struct sixfold_batch_norm {
  sixfold_batch_norm_position position;
  const float* mean;
  const float* variance; /* finite and not negative; variance + epsilon must be positive */
  const float* gamma;    /* NULL: ones */
  const float* beta;     /* NULL: zeros */
  float epsilon;         /* finite and not negative */
} sixfold_batch_norm;

typedef enum sixfold_residual {
  SIXFOLD_NO_RESIDUAL = 0,
  SIXFOLD_RESIDUAL_BEFORE_ACTIVATION = 1,
  SIXFOLD_RESIDUAL_AFTER_ACTIVATION = 2 /* after a batch norm that follows the activation, too */
} sixfold_residual;

/*
 * Whether each input channel is multiplied by a factor before the convolution, as squeeze-and-excite does. The factors are one
 * more input, the last one: a pixel an image (batch x 1 x 1 x input_channels, or 1 x 1 x 1 x input_channels for all), of the
 * input's type. Each product is rounded to that type once, so that values are those of SIXFOLD_MULTIPLY followed by the
 * convolution; but no image is written and read in between. For pointwise convolutions only: 1x1, stride 1, no padding, and not
 * depthwise.
 */
typedef enum sixfold_input_scale {
  SIXFOLD_NO_INPUT_SCALE = 0,
  SIXFOLD_INPUT_SCALE_PER_CHANNEL = 1
} sixfold_input_scale;

/*
 * How the multiply-adds of an output element add up in an fp16 operator; in fp32 there is FP32 alone.
 *   FP32          in fp32, from the bias, one rounding a step
 *   FP16          in binary16, from +0, one rounding a step; then the bias is added in fp32. What overflows is infinite from then
 *                 on. Twice as fast on CPUs that have half arithmetic, much slower on the others, and less exact on all
 *   FP16_BLOCKED  as FP16, but after each 32 steps of the chain, and at its end, what has been added up is added into an fp32
 *                 total, from +0, and starts at +0 again; then the bias is added. Errors no longer grow with the chain's length
 *   AUTO          FP16 if the descriptor's ranges prove that no accumulator can overflow and that no output is further than
 *                 desc.tolerance from its exact value; else FP16_BLOCKED if they prove that of it; else FP32. See
 *                 sixfold_conv_range(); sixfold_explain() says why. An fp32 operator accumulates in fp32
 * CPUs without half arithmetic emulate it, value for value. What follows the bias is computed in fp32 in every case.
 */
typedef enum sixfold_accumulation {
  SIXFOLD_ACCUMULATE_FP32 = 0,
  SIXFOLD_ACCUMULATE_FP16 = 1,
  SIXFOLD_ACCUMULATE_FP16_BLOCKED = 2,
  SIXFOLD_ACCUMULATE_AUTO = 3
} sixfold_accumulation;

/*
 * Two-dimensional convolution: inputs[0] is the image; then comes the residual if the descriptor asks for one (the output's
 * shape and type; it may be the output itself), and then the factors if it asks for those; see sixfold_input_scale.
 *
 * An output element starts at its folded bias and takes fused multiply-adds in the order kernel row, kernel column, input
 * channel; for other accumulations see above. Taps outside the image are +0 inputs. The value does not depend on backend,
 * kernel or threads.
 *     y = conv(x) + bias; batch norm before; + residual before; activation; batch norm after; + residual after
 * Output size: (in + pad_before + pad_after - dilation * (kernel - 1) - 1) / stride + 1, rounded down.
 */
typedef struct sixfold_conv_desc {
  size_t struct_size;
  sixfold_type type; /* of input, output and residual */
  size_t input_channels;
  size_t output_channels;
  size_t groups; /* must divide both; groups == input_channels is depthwise, with any multiplier */
  size_t kernel_height;
  size_t kernel_width;
  size_t stride_height;
  size_t stride_width;
  size_t dilation_height;
  size_t dilation_width;
  size_t pad_top;
  size_t pad_left;
  size_t pad_bottom;
  size_t pad_right;
  sixfold_type weights_type; /* fp16 operators round folded weights to fp16 once, whichever type they are given in */
  sixfold_weights_layout weights_layout;
  const void* weights;
  const float* bias; /* NULL: zeros */
  sixfold_batch_norm batch_norm;
  sixfold_activation activation;
  sixfold_residual residual;
  sixfold_input_scale input_scale;
  sixfold_accumulation accumulation;
  sixfold_ranges ranges; /* of the inputs, once scaled: for sixfold_conv_range() and SIXFOLD_ACCUMULATE_AUTO */
  float tolerance;       /* for SIXFOLD_ACCUMULATE_AUTO: the largest error of an output, its own rounding included */
} sixfold_conv_desc;

/* 1x1, stride 1, one group, no padding; channels and weights are left for the caller to set. */
static inline sixfold_conv_desc sixfold_conv_desc_default(void) {
  sixfold_conv_desc desc;
  memset(&desc, 0, sizeof desc);
  desc.struct_size = sizeof desc;
  desc.groups = 1;
  desc.kernel_height = desc.kernel_width = 1;
  desc.stride_height = desc.stride_width = 1;
  desc.dilation_height = desc.dilation_width = 1;
  return desc;
}

SIXFOLD_API sixfold_status sixfold_conv_create(const sixfold_conv_desc* desc, const sixfold_options* options,
                                               sixfold_operator** op, sixfold_error* error);

/*
 * y = activation(W x + bias), applied to the channels of every pixel. To flatten an image, describe it as batch x 1 x 1 with
 * height * width * channels channels (in NHWC order). Weights are [output_features][input_features].
 */
typedef struct sixfold_fully_connected_desc {
  size_t struct_size;
  sixfold_type type;
  size_t input_features;
  size_t output_features;
  sixfold_type weights_type;
  const void* weights;
  const float* bias; /* NULL: zeros */
  sixfold_batch_norm batch_norm;
  sixfold_activation activation;
  sixfold_residual residual;
  sixfold_accumulation accumulation;
  sixfold_ranges ranges;
  float tolerance;
} sixfold_fully_connected_desc;

static inline sixfold_fully_connected_desc sixfold_fully_connected_desc_default(void) {
  sixfold_fully_connected_desc desc;
  memset(&desc, 0, sizeof desc);
  desc.struct_size = sizeof desc;
  return desc;
}

SIXFOLD_API sixfold_status sixfold_fully_connected_create(const sixfold_fully_connected_desc* desc,
                                                          const sixfold_options* options, sixfold_operator** op,
                                                          sixfold_error* error);

typedef enum sixfold_pool_kind {
  SIXFOLD_MAX_POOL = 0,
  SIXFOLD_AVERAGE_POOL = 1,
  SIXFOLD_GLOBAL_AVERAGE_POOL = 2 /* over the whole image; kernel, stride, dilation and padding are ignored */
} sixfold_pool_kind;

/*
 * Pooling over windows. Padding never wins a maximum. An average adds the window's elements in the order row, column, and
 * divides once by their number; with count_include_pad, by the number of positions inside the padded image.
 * With ceil_mode the output size is rounded up, but a window never starts beyond the image and its leading padding.
 * A dilated window may step over a small image without touching it: its maximum is -infinity, its average NaN (but 0 with
 * count_include_pad).
 */
typedef struct sixfold_pool_desc {
  size_t struct_size;
  sixfold_type type;
  sixfold_pool_kind kind;
  size_t kernel_height;
  size_t kernel_width;
  size_t stride_height;
  size_t stride_width;
  size_t dilation_height;
  size_t dilation_width;
  size_t pad_top; /* each padding must be smaller than the window, so that no undilated window lies in padding alone */
  size_t pad_left;
  size_t pad_bottom;
  size_t pad_right;
  int ceil_mode;
  int count_include_pad;
} sixfold_pool_desc;

static inline sixfold_pool_desc sixfold_pool_desc_default(void) {
  sixfold_pool_desc desc;
  memset(&desc, 0, sizeof desc);
  desc.struct_size = sizeof desc;
  desc.kernel_height = desc.kernel_width = 1;
  desc.stride_height = desc.stride_width = 1;
  desc.dilation_height = desc.dilation_width = 1;
  return desc;
}

SIXFOLD_API sixfold_status sixfold_pool_create(const sixfold_pool_desc* desc, const sixfold_options* options,
                                               sixfold_operator** op, sixfold_error* error);

typedef enum sixfold_elementwise_kind {
  SIXFOLD_ACTIVATE = 0, /* activation(a) */
  SIXFOLD_ADD = 1,      /* activation(a + b) */
  SIXFOLD_MULTIPLY = 2  /* activation(a * b) */
} sixfold_elementwise_kind;

/*
 * inputs[0] is a, inputs[1] is b: of a's shape, or one pixel an image (batch x 1 x 1 x channels, or 1 x 1 x 1 x channels),
 * which is then applied to every pixel, as squeeze-and-excite does. The output has a's shape and may be a or, if it has the
 * same shape, b.
 */
typedef struct sixfold_elementwise_desc {
  size_t struct_size;
  sixfold_type type;
  sixfold_elementwise_kind kind;
  size_t channels; /* PRELU needs it, for its slopes; 0: any number */
  sixfold_activation activation;
} sixfold_elementwise_desc;

static inline sixfold_elementwise_desc sixfold_elementwise_desc_default(void) {
  sixfold_elementwise_desc desc;
  memset(&desc, 0, sizeof desc);
  desc.struct_size = sizeof desc;
  return desc;
}

SIXFOLD_API sixfold_status sixfold_elementwise_create(const sixfold_elementwise_desc* desc,
                                                      const sixfold_options* options, sixfold_operator** op,
                                                      sixfold_error* error);

/* Changes type, layout or both. fp32 to fp16 rounds to nearest even; overflow gives an infinity. */
typedef struct sixfold_convert_desc {
  size_t struct_size;
  sixfold_type input_type;
  sixfold_type output_type;
  sixfold_layout input_layout;
  sixfold_layout output_layout;
} sixfold_convert_desc;

static inline sixfold_convert_desc sixfold_convert_desc_default(void) {
  sixfold_convert_desc desc;
  memset(&desc, 0, sizeof desc);
  desc.struct_size = sizeof desc;
  return desc;
}

SIXFOLD_API sixfold_status sixfold_convert_create(const sixfold_convert_desc* desc, const sixfold_options* options,
                                                  sixfold_operator** op, sixfold_error* error);

/* ------------------------------------------------------------------------------------------------ running */

/* One of `count` tasks. Tasks of one run may execute at once or one after another, in any order, on any thread. */
typedef void (*sixfold_task)(void* argument, size_t index);

/* Must call task(argument, i) once for each i from 0 to count - 1, and return when all are done. */
typedef void (*sixfold_parallel_for)(void* pool, size_t count, sixfold_task task, void* argument);

typedef struct sixfold_context {
  size_t struct_size;
  void* workspace; /* any alignment; used by one run at a time; its contents do not matter */
  size_t workspace_bytes;
  size_t max_tasks; /* into how many tasks a run may be split; 0 and 1 mean that run does all the work itself */
  sixfold_parallel_for parallel_for; /* NULL: serial. Tasks share out the tiles among themselves, so that a slow core
                                        does not hold up the others. */
  void* pool;                        /* the first argument of parallel_for */
} sixfold_context;

static inline sixfold_context sixfold_context_default(void) {
  sixfold_context context;
  memset(&context, 0, sizeof context);
  context.struct_size = sizeof context;
  return context;
}

/* How many inputs run() takes: 1 to 3. 0 for NULL. */
SIXFOLD_API size_t sixfold_input_count(const sixfold_operator* op);

/*
 * The output's type and shape for these inputs (their data may be NULL). output->data is left as it is; pixel_stride becomes
 * dense.
 */
SIXFOLD_API sixfold_status sixfold_output_shape(const sixfold_operator* op, const sixfold_tensor* inputs,
                                                size_t input_count, sixfold_tensor* output, sixfold_error* error);

/* How many bytes of workspace run() needs for these inputs (their data may be NULL) and this many tasks. May be 0. */
SIXFOLD_API sixfold_status sixfold_workspace_size(const sixfold_operator* op, const sixfold_tensor* inputs,
                                                  size_t input_count, size_t max_tasks, size_t* bytes,
                                                  sixfold_error* error);

/*
 * Computes the output. `inputs` is an array of sixfold_input_count() tensors. context may be NULL if no workspace is needed.
 * Allocates nothing, takes no lock, detects nothing. Input and output must not overlap unless the operator says they may.
 * A batch of 0 is valid and does nothing.
 */
SIXFOLD_API sixfold_status sixfold_run(const sixfold_operator* op, const sixfold_tensor* inputs, size_t input_count,
                                       const sixfold_tensor* output, const sixfold_context* context,
                                       sixfold_error* error);

/* Which backend and kernels, why, what was passed over, and how to force another. Returns the length of the whole text, as
 * snprintf does; writes at most `capacity` bytes, terminated if capacity is not 0. */
SIXFOLD_API size_t sixfold_explain(const sixfold_operator* op, char* text, size_t capacity);

/* The name of the kernel that does the arithmetic, as in the list of kernels. Lives as long as the library. */
SIXFOLD_API const char* sixfold_kernel_name(const sixfold_operator* op);

/* The bytes that the operator holds, packed weights included. */
SIXFOLD_API size_t sixfold_memory_bytes(const sixfold_operator* op);

/* NULL is allowed. */
SIXFOLD_API void sixfold_destroy(sixfold_operator* op);

/* ------------------------------------------------------------------------------------------------ proofs of ranges */

/*
 * What one output channel can reach, whatever the input, as long as it keeps to the descriptor's ranges.
 *
 * Rounding and multiply-add preserve order. So if every product takes its largest value at once, every partial sum is the
 * largest that can be computed, rounding included: partial and sum are not estimates, but what sixfold_conv_witness() attains.
 * (A tap outside the image is 0. Where there is padding, the interval of every tap is widened to contain 0; if an interval
 * does not contain it by itself, the bounds hold but need not be attained.)
 */
typedef struct sixfold_channel_range {
  /* All partial sums in the order of accumulation if nothing were rounded, the ends rounded outwards: by how much an
     accumulator stays within its type, or leaves it. From the start of each block for SIXFOLD_ACCUMULATE_FP16_BLOCKED. */
  sixfold_interval exact;
  sixfold_interval partial; /* the same as computed. Infinite where the accumulator overflows. */
  sixfold_interval sum;     /* the finished sum with its bias, as computed */
  sixfold_interval output;  /* as stored; a little wider than attained where the activation is not monotonic */
  /* Bounds of |computed - exact|, where exact is the same sum of the same stored inputs and folded weights in real numbers.
     Infinite if something overflows. */
  float sum_error;
  float output_error; /* of the stored output: what the epilogue and the store round comes on top */
} sixfold_channel_range;

/* The same over all channels: intervals that contain every channel's, and the largest errors. */
typedef struct sixfold_range {
  size_t struct_size;
  sixfold_accumulation accumulation; /* that it holds for: the descriptor's, or what AUTO comes to */
  sixfold_interval exact;
  sixfold_interval partial;
  sixfold_interval sum;
  sixfold_interval output;
  float sum_error;
  float output_error;
  size_t overflowing_sums;    /* channels whose accumulator can overflow; 0 is the proof that none can */
  size_t overflowing_outputs; /* channels whose stored output can be infinite or NaN */
  size_t worst_channel;       /* with the largest magnitude in `exact` */
  /* The largest finite number of the accumulator's type / the largest magnitude in `exact`: below 1 it overflows by that
     factor. Infinite if nothing but 0 is added. */
  float headroom;
} sixfold_range;

static inline sixfold_range sixfold_range_default(void) {
  sixfold_range range;
  memset(&range, 0, sizeof range);
  range.struct_size = sizeof range;
  return range;
}

/*
 * Bounds every accumulator and output of the operator that the descriptor describes, from desc->ranges and the weights.
 * channels: an array of channel_count, which must be output_channels; or NULL. range: or NULL.
 * A weight or bias that is not finite after folding makes its channel unbounded.
 * Takes about as long as creating the operator; allocates nothing.
 */
SIXFOLD_API sixfold_status sixfold_conv_range(const sixfold_conv_desc* desc, sixfold_channel_range* channels,
                                              size_t channel_count, sixfold_range* range, sixfold_error* error);
SIXFOLD_API sixfold_status sixfold_fully_connected_range(const sixfold_fully_connected_desc* desc,
                                                         sixfold_channel_range* channels, size_t channel_count,
                                                         sixfold_range* range, sixfold_error* error);

typedef enum sixfold_extreme { SIXFOLD_SMALLEST = 0, SIXFOLD_LARGEST = 1 } sixfold_extreme;

/*
 * The window of input values that drives every partial sum of an output channel to its smallest or largest value at once:
 * values[(kernel row * kernel_width + kernel column) * input_channels / groups + input channel of the group].
 * value_count must be kernel_height * kernel_width * input_channels / groups. With padding, a 0 may stand for a tap outside
 * of the image.
 */
SIXFOLD_API sixfold_status sixfold_conv_witness(const sixfold_conv_desc* desc, size_t channel, sixfold_extreme extreme,
                                                float* values, size_t value_count, sixfold_error* error);

/* ------------------------------------------------------------------------------------------------ backends and kernels */

/* All text of these structures is constant and lives as long as the library, but for `reason`. */
typedef struct sixfold_backend_info {
  size_t struct_size;
  const char* name;
  const char* description;
  const char* requires_features; /* CPU features, separated by spaces; "" for none */
  int supported;                 /* can this CPU, under this operating system, run it? */
  size_t kernel_count;           /* its own, without those of its base */
  char reason[160];              /* why it is, or is not, supported */
  const char* base;              /* the backend whose kernels it uses where it has none of its own; NULL for none */
} sixfold_backend_info;

typedef struct sixfold_kernel_info {
  size_t struct_size;
  const char* name; /* <op>_<in><acc>_<epilogue>_<tile>_<isa> */
  const char* backend;
  const char* op;
  sixfold_type type;
  const char* epilogue;
  const char* tile;
  sixfold_accumulation accumulation;
} sixfold_kernel_info;

/* Backends compiled in, best first; the last is "scalar", which runs anywhere. */
SIXFOLD_API size_t sixfold_backend_count(void);
SIXFOLD_API sixfold_status sixfold_backend_get(size_t index, sixfold_backend_info* info, sixfold_error* error);

/* Kernels of all backends. */
SIXFOLD_API size_t sixfold_kernel_count(void);
SIXFOLD_API sixfold_status sixfold_kernel_get(size_t index, sixfold_kernel_info* info, sixfold_error* error);

#ifdef __cplusplus
}
#endif

#endif /* SIXFOLD_SIXFOLD_H */
