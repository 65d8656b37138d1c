// A program that answers each line it is given by a line.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace sixfold::bench {

class Child {
 public:
  explicit Child(const std::string& command);  // for the shell
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The words are sent with tabs between them. Throws std::runtime_error if the answer is an error, or if there is none.
  std::string ask(const std::vector<std::string>& words);

 private:
  pid_t process_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace sixfold::bench
