#include "guarded_buffer.hpp"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "settings.hpp"

namespace sixfold::test {

namespace {

// As floats and as halves, pairs and quads of this byte are NaNs, so that a stray read shows.
constexpr unsigned char kPoison = 0xff;

constexpr std::size_t kLabelBytes = 1024;
char label[kLabelBytes];
struct sigaction previous_action;

void print(const char* text) { [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, strlen(text)); }

// Returns into the fault with the former handler in place, so that a sanitizer or the system reports it as usual.
void report_fault(int signal) {
  print("\nA byte outside a buffer was touched, in: ");
  print(label);
  print("\n");
  sigaction(signal, &previous_action, nullptr);
}

bool install_handler() {
  struct sigaction action {};
  action.sa_handler = report_fault;
  sigaction(SIGBUS, &action, nullptr);
  return sigaction(SIGSEGV, &action, &previous_action) == 0;
}

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

CaseLabel::CaseLabel(const char* text) {
  [[maybe_unused]] static const bool installed = install_handler();
  strncpy(label, text, kLabelBytes - 1);
}

CaseLabel::~CaseLabel() { label[0] = '\0'; }

GuardedBuffer::GuardedBuffer(std::size_t bytes, Placement placement) : bytes_(bytes) {
  const std::size_t page = page_size();
  const std::size_t slack = guard_slack();
  page_bytes_ = (bytes + slack + page - 1) / page * page;
  void* memory = mmap(nullptr, page_bytes_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap failed");
  pages_ = static_cast<unsigned char*>(memory) + page;
  if (page_bytes_ != 0) {
    if (mprotect(pages_, page_bytes_, PROT_READ | PROT_WRITE) != 0) throw std::runtime_error("mprotect failed");
    std::fill(pages_, pages_ + page_bytes_, kPoison);
  }
  data_ = placement == Placement::at_end ? pages_ + (page_bytes_ - slack - bytes) : pages_;
}

GuardedBuffer::GuardedBuffer(GuardedBuffer&& other) noexcept { *this = std::move(other); }

GuardedBuffer& GuardedBuffer::operator=(GuardedBuffer&& other) noexcept {
  std::swap(pages_, other.pages_);
  std::swap(page_bytes_, other.page_bytes_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

GuardedBuffer::~GuardedBuffer() {
  if (pages_ != nullptr) munmap(pages_ - page_size(), page_bytes_ + 2 * page_size());
}

void GuardedBuffer::make_read_only() {
  if (page_bytes_ != 0 && mprotect(pages_, page_bytes_, PROT_READ) != 0) throw std::runtime_error("mprotect failed");
}

bool GuardedBuffer::surroundings_untouched() const {
  const auto untouched = [](unsigned char byte) { return byte == kPoison; };
  return std::all_of(pages_, data_, untouched) && std::all_of(data_ + bytes_, pages_ + page_bytes_, untouched);
}

}  // namespace sixfold::test
