// The parts that kernels' names are made of: one spelling for tables, lists, errors and logs.
#pragma once

#include "row.hpp"

namespace sixfold {

constexpr const char* short_name(Op op) {
  switch (op) {
    case Op::gemm:
      return "gemm";
    case Op::depthwise:
      return "depthwise";
    case Op::max_pool:
      return "maxpool";
    case Op::average_pool:
      return "avgpool";
    case Op::add:
      return "add";
    case Op::multiply:
      return "multiply";
    case Op::activate:
      return "activate";
    case Op::convert:
      return "convert";
    case Op::transpose:
      return "transpose";
  }
  return "unknown";
}

constexpr const char* short_name(Type type) { return type == Type::fp32 ? "f32" : "f16"; }

constexpr const char* short_name(Accumulation accumulation) {
  switch (accumulation) {
    case Accumulation::fp32:
      return "f32";
    case Accumulation::fp16:
      return "f16";
    case Accumulation::blocked:
      return "blk";
  }
  return "unknown";
}

constexpr const char* short_name(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::none:
      return "none";
    case Epilogue::clamp:
      return "clamp";
    case Epilogue::hswish:
      return "hswish";
    case Epilogue::general:
      return "general";
  }
  return "unknown";
}

}  // namespace sixfold
