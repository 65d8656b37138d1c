// What digests are taken of: operators of every sort with fixed shapes and fixed inputs, the same in every run and on every platform.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/operator.hpp"

namespace sixfold::test {

struct DigestCase {
  std::string name;                                      // without blanks, and of no other case
  std::function<reference::Image(const char*)> outputs;  // on the named backend
};

// No denormal float occurs in these, so that CPUs that flush them give the same values, too. Denormal halves do: as floats they
// are normal.
std::vector<DigestCase> digest_cases();

// Denormal floats everywhere.
std::vector<DigestCase> denormal_digest_cases();

}  // namespace sixfold::test
