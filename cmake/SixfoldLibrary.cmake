# The targets `sixfold` (static) and `sixfold_shared`, both made of the same objects, and the alias sixfold::sixfold.

# Compiled for the baseline of the architecture.
add_library(
  sixfold_baseline OBJECT
  arch/backends.cpp arch/cpu.cpp operators/activation.cpp operators/check.cpp operators/conv.cpp
  operators/conv_depthwise.cpp operators/conv_gemm.cpp operators/conv_gemm_create.cpp operators/convert.cpp
  operators/elementwise.cpp operators/error.cpp operators/explain.cpp operators/fold.cpp operators/fully_connected.cpp
  operators/input_scale.cpp operators/left_rows.cpp operators/list.cpp operators/operator.cpp operators/panels.cpp
  operators/pool.cpp operators/range.cpp operators/range_chain.cpp operators/range_epilogue.cpp operators/run.cpp
  operators/text.cpp)
# What no run executes shall be small, as code size matters on a phone.
set_source_files_properties(
  arch/backends.cpp arch/cpu.cpp operators/activation.cpp operators/check.cpp operators/conv.cpp
  operators/conv_gemm_create.cpp operators/error.cpp operators/explain.cpp operators/fully_connected.cpp
  operators/input_scale.cpp operators/list.cpp operators/operator.cpp operators/panels.cpp operators/range.cpp
  operators/range_epilogue.cpp operators/text.cpp PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-Os>")
set(SIXFOLD_OBJECTS $<TARGET_OBJECTS:sixfold_baseline>)
set(SIXFOLD_ISAS "")

# sixfold_strict_target(<target>): warnings and floating point as everywhere in this project; for tools and tests too.
function(sixfold_strict_target target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE -ffp-contract=off -Wall -Wextra -Wconversion $<$<BOOL:${SIXFOLD_WERROR}>:-Werror>)
  if(SIXFOLD_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${SIXFOLD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${SIXFOLD_SANITIZE})
  endif()
endfunction()

# What all objects of the library share.
function(sixfold_library_objects target)
  sixfold_strict_target(${target})
  target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-math-errno)
  # For backtraces from calls, not from every instruction: a third less of them. On 32-bit Arm they would import the compiler's
  # unwinder.
  target_compile_options(${target} PRIVATE $<IF:$<BOOL:${SIXFOLD_ARM32}>,-fno-unwind-tables,-funwind-tables>
                                           -fno-asynchronous-unwind-tables)
  if(SIXFOLD_ARM64)  # else an atomic operation is a call, of a function that asks for the CPU's features at load time
    target_compile_options(${target} PRIVATE -mno-outline-atomics)
  endif()
  if(ANDROID)  # Clang leaves it out for Android: which functions' addresses matter, so that the linker may fold equal ones
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:Clang>:-faddrsig>)
  endif()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${target} PRIVATE sixfold_fp16)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# sixfold_add_isa(<name> [LEVEL <of optimisation>] [FLAGS <compile flags>...]): compiles arch/<name>/table.cpp, the only file that has these flags, and
# tells arch/backends.cpp by SIXFOLD_HAVE_<NAME>. Optimised in every build type, since kernels live by inlining; less so with
# sanitizers, whose checks multiply with it until the compiler takes minutes.
function(sixfold_add_isa name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" LEVEL FLAGS)
  add_library(sixfold_${name} OBJECT ${PROJECT_SOURCE_DIR}/arch/${name}/table.cpp)
  sixfold_library_objects(sixfold_${name})
  set(level 3)
  if(SIXFOLD_SANITIZE)
    set(level 1)
    if(SIXFOLD_SANITIZE MATCHES "address")
      # Checks of lifetimes keep the registers of a tile in memory, and compilers take far longer.
      target_compile_options(sixfold_${name} PRIVATE -fno-sanitize-address-use-after-scope)
    endif()
  elseif(arg_LEVEL)
    set(level ${arg_LEVEL})
  endif()
  target_compile_options(sixfold_${name} PRIVATE -O${level} ${arg_FLAGS})
  if(SIXFOLD_ARM64 OR SIXFOLD_ARM32)  # kernels unroll by themselves; with more of it clang runs out of registers
    target_compile_options(sixfold_${name} PRIVATE $<$<CXX_COMPILER_ID:Clang,AppleClang>:-fno-unroll-loops>)
  endif()
  target_link_libraries(sixfold_${name} PRIVATE sixfold_xsimd)
  string(TOUPPER ${name} upper)
  target_compile_definitions(sixfold_baseline PRIVATE SIXFOLD_HAVE_${upper}=1)
  set(SIXFOLD_OBJECTS ${SIXFOLD_OBJECTS} $<TARGET_OBJECTS:sixfold_${name}> PARENT_SCOPE)
  set(SIXFOLD_ISAS ${SIXFOLD_ISAS} ${name} PARENT_SCOPE)
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  set(SIXFOLD_ARM64 TRUE)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
  set(SIXFOLD_ARM32 TRUE)
endif()

sixfold_library_objects(sixfold_baseline)
sixfold_add_isa(scalar LEVEL s)  # for CPUs without anything better, where a multiply-add is a call: it shall be small
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|i[3-6]86)$")
  sixfold_add_isa(avx2 FLAGS -mavx2 -mfma -mf16c)
  set(avx512_flags -mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma -mf16c)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND avx512_flags -Wno-uninitialized -Wno-maybe-uninitialized)  # its own headers do that, under full masks
  endif()
  if(SIXFOLD_SANITIZE)
    # Clang takes minutes for all checks of these. Undefined behaviour is looked for in avx2, of the same templates; checks of
    # addresses that are calls take a third of the time.
    list(APPEND avx512_flags -fno-sanitize=undefined)
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
      list(APPEND avx512_flags "SHELL:-mllvm -asan-instrumentation-with-call-threshold=0")
    endif()
  endif()
  if(NOT SIXFOLD_SANITIZE MATCHES "thread")
    sixfold_add_isa(avx512 FLAGS ${avx512_flags})
  endif()
  include(CheckCXXSourceCompiles)  # g++ 12 and clang 14 know it, and so must the assembler
  set(CMAKE_REQUIRED_FLAGS -mavx512fp16)
  check_cxx_source_compiles("#include <immintrin.h>
    __m512h f(__m512h x) { return _mm512_fmadd_ph(x, x, x); }
    int main() { return 0; }" SIXFOLD_COMPILER_HAS_AVX512_FP16)
  unset(CMAKE_REQUIRED_FLAGS)
  if(SIXFOLD_COMPILER_HAS_AVX512_FP16 AND NOT SIXFOLD_SANITIZE MATCHES "thread")
    sixfold_add_isa(avx512_fp16 FLAGS ${avx512_flags} -mavx512fp16)
  endif()
elseif(SIXFOLD_ARM64)
  sixfold_add_isa(neon)
  # Scheduled before registers are chosen, the lanes do not find room in the 16 registers that they must be in.
  set(half_flags $<$<CXX_COMPILER_ID:GNU>:-fno-schedule-insns>)
  sixfold_add_isa(neon_fp16 FLAGS -march=armv8.2-a+fp16 ${half_flags})
  # Clang 14 gives wrong sums: fmlal by element takes its element from the first 16 registers only. Not tried: 15 to 18.
  if(NOT (CMAKE_CXX_COMPILER_ID MATCHES Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19))
    sixfold_add_isa(neon_fhm FLAGS -march=armv8.2-a+fp16+fp16fml ${half_flags})
  endif()
elseif(SIXFOLD_ARM32)  # g++ must be told which half format; clang knows but one
  sixfold_add_isa(neon_v7 FLAGS -march=armv7-a -mfpu=neon-vfpv4 $<$<CXX_COMPILER_ID:GNU>:-mfp16-format=ieee>)
endif()

# sixfold_add_library(<target> STATIC|SHARED): linked as C, so that a consumer needs no C++ compiler and no C++ runtime.
function(sixfold_add_library target kind)
  add_library(${target} ${kind} ${SIXFOLD_OBJECTS})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC m)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME sixfold LINKER_LANGUAGE C)
  if(SIXFOLD_SANITIZE)
    target_link_options(${target} PUBLIC -fsanitize=${SIXFOLD_SANITIZE})
  endif()
endfunction()

sixfold_add_library(sixfold STATIC)
sixfold_add_library(sixfold_shared SHARED)
set_target_properties(sixfold_shared PROPERTIES VERSION ${PROJECT_VERSION}
                                                SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
# CMake names the C++ runtime because the objects are C++; nothing in them needs it, so that --as-needed drops it again.
target_link_options(sixfold_shared PRIVATE -Wl,--as-needed -Wl,--gc-sections)
if(ANDROID)  # devices with pages of 16 KB load nothing else
  # The second makes the tables of pointers to kernels' names small; Android has read it since API level 23.
  target_link_options(sixfold_shared PRIVATE -Wl,-z,max-page-size=16384 -Wl,--pack-dyn-relocs=android -Wl,--icf=safe)
endif()
if(NOT SIXFOLD_SANITIZE)  # the sanitizers' own functions are found only in the executable
  target_link_options(sixfold_shared PRIVATE -Wl,-z,defs)
endif()

add_library(sixfold::sixfold_static ALIAS sixfold)
add_library(sixfold::sixfold_shared ALIAS sixfold_shared)
if(BUILD_SHARED_LIBS)
  set(SIXFOLD_DEFAULT sixfold_shared)
  set(SIXFOLD_OTHER sixfold)
else()
  set(SIXFOLD_DEFAULT sixfold)
  set(SIXFOLD_OTHER sixfold_shared)
endif()
add_library(sixfold::sixfold ALIAS ${SIXFOLD_DEFAULT})
if(NOT SIXFOLD_INSTALL)  # as part of another project: build only what is linked
  set_target_properties(${SIXFOLD_OTHER} PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
