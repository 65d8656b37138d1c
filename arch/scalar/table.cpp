#include "../../kernels/table.hpp"
#include "isa.hpp"

namespace sixfold::scalar {

extern constinit const KernelTable table;
constinit const KernelTable table = Kernels<Isa>::table;

}  // namespace sixfold::scalar
