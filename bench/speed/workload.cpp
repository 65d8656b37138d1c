#include "case.hpp"

namespace sixfold::bench {

Workload::Workload(Operator op_to_run, std::vector<Tensor> input_tensors)
    : op(std::move(op_to_run)), inputs(std::move(input_tensors)) {
  for (Tensor& input : inputs) views_.push_back(input.view());
  op.prepare(views_);
  const sixfold_tensor shape = op.output_shape();
  output.emplace(shape.type, Shape{shape.batch, shape.height, shape.width, shape.channels});
}

void Workload::run() { op.run(views_, output->view()); }

}  // namespace sixfold::bench
