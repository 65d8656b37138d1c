// Keeps a process to AVX2 on a CPU that has more, whatever libraries it is made of: CPUID is made to fault, and is answered
// without AVX-512 and AMX. For libraries that offer no switch of their own.
#pragma once

namespace sixfold::bench {

// Of this thread and of threads and processes it starts, from now on. Returns whether that is possible here; it takes a CPU and
// a system that can make CPUID fault. Libraries that have looked already are not affected.
bool limit_cpuid_to_avx2();

}  // namespace sixfold::bench
