// binary16 by its definition, independent of the library's conversions: a value is a whole number of quanta.
#pragma once

#include <cstdint>

namespace sixfold::reference {

double half_to_double(std::uint16_t bits);

// Rounds once, to nearest even, from double. 65520 and above is infinity.
std::uint16_t half_from_double(double value);

// a * b + c, rounded once: in whole numbers, so exactly.
std::uint16_t half_fma(std::uint16_t a, std::uint16_t b, std::uint16_t c);

// The float that remains after a store as binary16.
float round_to_half(double value);

}  // namespace sixfold::reference
