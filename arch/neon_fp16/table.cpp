#include "../../kernels/table.hpp"
#include "isa.hpp"

namespace sixfold::neon_fp16 {

extern constinit const KernelTable table;
constinit const KernelTable table = Kernels<Isa>::table;

}  // namespace sixfold::neon_fp16
