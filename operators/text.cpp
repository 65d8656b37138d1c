#include "text.hpp"

#include <cstdarg>
#include <cstdio>

namespace sixfold::operators {

TextWriter::TextWriter(char* buffer, std::size_t capacity)
    : buffer_(buffer), capacity_(buffer == nullptr ? 0 : capacity) {
  if (capacity_ != 0) buffer_[0] = '\0';
}

void TextWriter::add(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  const bool room = length_ < capacity_;
  const int written =
      std::vsnprintf(room ? buffer_ + length_ : nullptr, room ? capacity_ - length_ : 0, format, arguments);
  va_end(arguments);
  if (written > 0) length_ += static_cast<std::size_t>(written);
}

const char* accumulation_text(sixfold_accumulation accumulation) {
  static constexpr const char* texts[] = {"fp32", "fp16", "fp16 blocked", "auto"};
  return texts[accumulation];
}

}  // namespace sixfold::operators
