// Changes of type and of layout. Each is a matrix to convert or to transpose, cut into tiles.
#include "../kernels/convert_args.hpp"

#include "check.hpp"
#include "operator.hpp"
#include "parallel.hpp"
#include "text.hpp"

namespace sixfold::operators {
namespace {

constexpr std::size_t tile_elements = 16384;

struct ConvertOperator {
  sixfold_operator common;
  sixfold_convert_desc desc;
};

const sixfold_convert_desc& desc_of(const sixfold_operator& op) { return part<ConvertOperator>(op, 0)->desc; }

sixfold_status check_dense(const char* field, sixfold_layout layout, const Tensor& tensor, sixfold_error* error) {
  if (layout != SIXFOLD_NCHW || tensor.pixel_stride == tensor.channels) return SIXFOLD_OK;
  return fail(error, SIXFOLD_SHAPE_MISMATCH, "%s.pixel_stride is %zu, but an NCHW tensor is dense: it must be 0 or %zu",
              field, tensor.pixel_stride, tensor.channels);
}

sixfold_status output_shape(const sixfold_operator& op, const Tensor* inputs, Tensor& output, sixfold_error* error) {
  const sixfold_convert_desc& desc = desc_of(op);
  sixfold_status status = check_tensor_type("inputs[0]", inputs[0].type, desc.input_type, error);
  if (status == SIXFOLD_OK) status = check_dense("inputs[0]", desc.input_layout, inputs[0], error);
  if (status != SIXFOLD_OK) return status;
  output = inputs[0];
  output.data = nullptr;
  output.type = desc.output_type;
  output.pixel_stride = 0;
  return SIXFOLD_OK;
}

sixfold_status check_output(const sixfold_operator& op, const Tensor& output, sixfold_error* error) {
  return check_dense("output", desc_of(op).output_layout, output, error);
}

// `images` equal matrices, cut along rows or along columns.
struct Plan {
  ConvertArgs args;  // of the first image
  std::size_t images;
  std::size_t input_image;  // elements from one image to the next
  std::size_t output_image;
  std::size_t input_step;  // elements from one row, or column, to the next: whichever is cut
  std::size_t output_step;
  std::size_t cuts;  // rows or columns of all tiles of an image
  std::size_t tile;  // rows or columns of one tile
  bool cut_rows;
};

bool dense(const Tensor& tensor) { return tensor.pixel_stride == tensor.channels; }

Plan plan_conversion(const Tensor& input, const Tensor& output) {
  const std::size_t pixels = input.batch * input.height * input.width;
  Plan plan{};
  plan.images = 1;
  if (dense(input) && dense(output)) {
    plan.args = {input.data, output.data, 1, pixels * input.channels, 0, 0};
    plan.cuts = plan.args.columns;
    plan.tile = tile_elements;
    plan.input_step = plan.output_step = 1;
    return plan;
  }
  plan.args = {input.data, output.data, pixels, input.channels, input.pixel_stride, output.pixel_stride};
  plan.cuts = pixels;
  plan.tile = ceil_div(tile_elements, input.channels);
  plan.input_step = input.pixel_stride;
  plan.output_step = output.pixel_stride;
  plan.cut_rows = true;
  return plan;
}

// Tiles are groups of pixels: rows of the matrix that is read for NHWC -> NCHW, columns for NCHW -> NHWC.
Plan plan_transposition(const Tensor& input, const Tensor& output, bool from_nchw) {
  const std::size_t pixels = input.height * input.width;
  const std::size_t channels = input.channels;
  Plan plan{};
  plan.images = input.batch;
  plan.cuts = pixels;
  plan.tile = round_up(ceil_div(tile_elements, channels), 16);
  plan.input_image = pixels * input.pixel_stride;
  plan.output_image = pixels * output.pixel_stride;
  plan.cut_rows = !from_nchw;
  if (from_nchw) {
    plan.args = {input.data, output.data, channels, pixels, pixels, output.pixel_stride};
    plan.input_step = 1;
    plan.output_step = output.pixel_stride;
  } else {
    plan.args = {input.data, output.data, pixels, channels, input.pixel_stride, pixels};
    plan.input_step = input.pixel_stride;
    plan.output_step = 1;
  }
  return plan;
}

ConvertArgs tile_args(const Plan& plan, const Run& run, std::size_t index) {
  const std::size_t tiles = ceil_div(plan.cuts, plan.tile);
  const std::size_t image = index / tiles;
  const std::size_t begin = index % tiles * plan.tile;
  const std::size_t count = plan.cuts - begin < plan.tile ? plan.cuts - begin : plan.tile;
  const std::size_t input_offset = image * plan.input_image + begin * plan.input_step;
  const std::size_t output_offset = image * plan.output_image + begin * plan.output_step;

  ConvertArgs args = plan.args;
  (plan.cut_rows ? args.rows : args.columns) = count;
  args.input = static_cast<const unsigned char*>(args.input) + input_offset * element_bytes(run.inputs[0].type);
  args.output = static_cast<unsigned char*>(args.output) + output_offset * element_bytes(run.output.type);
  return args;
}

void run_convert(const sixfold_operator& op, const Run& run) {
  const sixfold_convert_desc& desc = desc_of(op);
  const Plan plan = desc.input_layout == desc.output_layout
                        ? plan_conversion(run.inputs[0], run.output)
                        : plan_transposition(run.inputs[0], run.output, desc.input_layout == SIXFOLD_NCHW);
  for_each_tile(run, run.max_tasks, plan.images * ceil_div(plan.cuts, plan.tile), [&](std::size_t tile, std::size_t) {
    const ConvertArgs args = tile_args(plan, run, tile);
    op.row->run(&args);
  });
}

const char* type_text(sixfold_type type) { return type == SIXFOLD_FP16 ? "fp16" : "fp32"; }
const char* layout_text(sixfold_layout layout) { return layout == SIXFOLD_NCHW ? "NCHW" : "NHWC"; }

void describe(const sixfold_operator& op, TextWriter& text) {
  const sixfold_convert_desc& desc = desc_of(op);
  text.add("%s %s to %s %s\n", type_text(desc.input_type), layout_text(desc.input_layout), type_text(desc.output_type),
           layout_text(desc.output_layout));
  text.add("kernel: %s: the one for this pair of types and of layouts\n", op.row->name);
}

constexpr OperatorClass convert_class = {"convert", output_shape, no_workspace, run_convert, describe, check_output};

sixfold_status check_layout(const char* field, const sixfold_layout& layout, sixfold_error* error) {
  return check_enum("desc", field, "sixfold_layout", layout, SIXFOLD_NCHW, error);
}

sixfold_status check_desc(const sixfold_convert_desc* desc, sixfold_error* error) {
  sixfold_status status = check_struct("desc", desc, error);
  if (status == SIXFOLD_OK) status = check_type("desc", "input_type", desc->input_type, error);
  if (status == SIXFOLD_OK) status = check_type("desc", "output_type", desc->output_type, error);
  if (status == SIXFOLD_OK) status = check_layout("input_layout", desc->input_layout, error);
  if (status == SIXFOLD_OK) status = check_layout("output_layout", desc->output_layout, error);
  return status;
}

}  // namespace
}  // namespace sixfold::operators

sixfold_status sixfold_convert_create(const sixfold_convert_desc* desc, const sixfold_options* options,
                                      sixfold_operator** op, sixfold_error* error) {
  using namespace sixfold;
  using namespace sixfold::operators;
  Options checked;
  if (const sixfold_status status = read_options(options, op, checked, error)) return status;
  if (const sixfold_status status = check_desc(desc, error)) return status;
  const Op wanted = desc->input_layout == desc->output_layout ? Op::convert : Op::transpose;
  const RowQuery query = {wanted, kernel_type(desc->input_type), kernel_type(desc->output_type), Epilogue::none};
  const KernelRow* row = find_row(checked, query, error);
  if (row == nullptr) return SIXFOLD_UNSUPPORTED;

  BlockLayout layout;
  layout.add(1, sizeof(ConvertOperator));
  sixfold_operator* created = allocate_operator(layout, convert_class, checked, row, 1, error);
  if (created == nullptr) return SIXFOLD_OUT_OF_MEMORY;
  part<ConvertOperator>(created, 0)->desc = *desc;
  *op = created;
  return SIXFOLD_OK;
}
