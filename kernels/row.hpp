// The contract between the operators and the kernels: one KernelRow a kernel, the same struct for every operator.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa.hpp"

namespace sixfold {

enum class Op : std::uint8_t {
  gemm,       // GemmArgs
  depthwise,  // DepthwiseArgs
  max_pool,   // PoolArgs
  average_pool,
  add,  // ElementwiseArgs
  multiply,
  activate,
  convert,    // ConvertArgs
  transpose,  // ConvertArgs
};

enum class Type : std::uint8_t { fp32, fp16 };

constexpr std::size_t size_of(Type type) { return type == Type::fp32 ? 4 : 2; }

// What a chain of multiply-adds is rounded to, step by step; see arithmetic.hpp. Other operators compute in fp32.
enum class Accumulation : std::uint8_t {
  fp32,
  fp16,     // binary16 at every step, from +0; the bias follows in fp32
  blocked,  // the same, but every half_block_steps steps the sum is added to one in fp32 and starts again at +0
};

inline constexpr std::size_t half_block_steps = 32;

// How a finished accumulator becomes an output; see epilogue.hpp.
enum class Epilogue : std::uint8_t {
  none,     // operators that have no activation
  clamp,    // identity, ReLU, ReLU6, clamp: two bounds
  hswish,   // hard-swish
  general,  // any activation, by a call on the finished tile; scale and shift after it
};

// For depthwise: the kernel size, and the stride from column to column, that a row is made for; 0 for any.
struct WindowShape {
  int kernel;
  int stride;
  bool strip = false;          // whether it puts input rows away that windows below need again; see depthwise_args.hpp
  bool skips_padding = false;  // whether it can leave out taps in the padding
};

// Every kernel is a function of one argument, the args struct of its Op.
using KernelFn = void (*)(const void* args);

struct KernelRow {
  const char* name;  // <op>_<in><acc>_<epilogue>_<tile>_<isa>
  Op op;
  Type type;  // of input, output and packed weights; convert and transpose: of the input
  Type output_type;
  Epilogue epilogue;
  TileShape tile;
  int tile_channels;  // channels of one packed panel or block
  WindowShape window;
  KernelFn run;
  Accumulation accumulation = Accumulation::fp32;
  Type operands =
      Type::fp32;  // what the multiply-adds take; where it is not `type`, the kernel converts, in its scratch
};

struct ActivationArgs {
  float alpha;
  float beta;
  const float* slopes;  // per channel, readable up to the next multiple of 64 channels
};

// Applies an activation in place to `pixels` rows of `channels` floats (a multiple of the ISA's width), `pitch` floats apart.
// `channel` is the number of the first one, for slopes.
using ActivationFn = void (*)(float* tile, std::size_t pixels, std::size_t pitch, std::size_t channels,
                              std::size_t channel, const ActivationArgs& args);

enum class ResidualPosition : std::uint8_t { none, before_activation, after_activation };

// Per-channel arrays are indexed by the output channel and readable up to the next multiple of 64 channels.
struct EpilogueArgs {
  Epilogue kind;  // the row's
  float lower;    // clamp
  float upper;
  ActivationFn activation;  // general
  ActivationArgs activation_args;
  const float* scale;  // general: after the activation; NULL for none
  const float* shift;
  ResidualPosition residual;
};

// The tile part of a kernel's name.
struct TileText {
  char text[8];
};

// The kernels of one ISA. A plain aggregate of constants: it is read before anything is known of the CPU.
struct KernelTable {
  const KernelRow* rows;
  const TileText* tiles;  // one a row
  std::size_t row_count;
  const ActivationFn* activations;  // indexed by sixfold_activation_kind; NULL: the base's
  const KernelTable* base;          // NULL, or the table that this one adds to: where to look for what is not here
};

}  // namespace sixfold
