// Memory that lies against an unreadable page, so that one byte too far is a fault.
#pragma once

#include <cstddef>

namespace sixfold::test {

enum class Placement {
  at_end,   // the last byte is followed by an unreadable page
  at_start  // the first byte is preceded by one
};

constexpr Placement kPlacements[] = {Placement::at_end, Placement::at_start};

class GuardedBuffer {
 public:
  GuardedBuffer() = default;
  GuardedBuffer(std::size_t bytes, Placement placement);
  GuardedBuffer(GuardedBuffer&& other) noexcept;
  GuardedBuffer& operator=(GuardedBuffer&& other) noexcept;
  ~GuardedBuffer();

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

  void make_read_only();

  // Is the rest of the buffer's own pages, which no guard protects, as it was?
  bool surroundings_untouched() const;

 private:
  unsigned char* pages_ = nullptr;  // readable ones, between the two guards
  std::size_t page_bytes_ = 0;
  unsigned char* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Names the case at hand: a fault on a guard page prints it before the process dies.
class CaseLabel {
 public:
  explicit CaseLabel(const char* text);
  ~CaseLabel();
  CaseLabel(const CaseLabel&) = delete;
  CaseLabel& operator=(const CaseLabel&) = delete;
};

}  // namespace sixfold::test
