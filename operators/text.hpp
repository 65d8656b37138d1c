// Builds a text of unknown length in a buffer of known length, as snprintf does.
#pragma once

#include <cstddef>

#include "../include/sixfold/sixfold.h"

namespace sixfold::operators {

class TextWriter {
 public:
  TextWriter(char* buffer, std::size_t capacity);
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...);
  std::size_t length() const { return length_; }  // of the whole text, even if it was cut off

 private:
  char* buffer_;
  std::size_t capacity_;
  std::size_t length_ = 0;
};

// "fp32", "fp16", "fp16 blocked" or "auto".
const char* accumulation_text(sixfold_accumulation accumulation);

}  // namespace sixfold::operators
