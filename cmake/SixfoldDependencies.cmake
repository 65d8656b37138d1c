# What the build needs from elsewhere: an installed package if there is one, else a download at a pinned version.
# None of it reaches those who link Sixfold: xsimd and FP16 are headers that only the kernels see, the others are for tools.
include(FetchContent)

# sixfold_header_dependency(<target> HEADER <file> REPOSITORY <url> TAG <tag> FOLDER <include folder in the download>)
# Makes <target>, whose include folder holds <file>. Headers alone are looked for, not CMake packages: when cross compiling
# those of the build machine are not found, and FP16 has none.
function(sixfold_header_dependency target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;REPOSITORY;TAG;FOLDER" "")
  string(TOUPPER ${target}_INCLUDE_DIR variable)
  find_path(${variable} ${arg_HEADER} NO_CMAKE_FIND_ROOT_PATH)
  set(folder ${${variable}})
  if(NOT folder)
    # The named source folder does not exist: the download is unpacked, and its own build is left alone.
    FetchContent_Declare(${target} GIT_REPOSITORY ${arg_REPOSITORY} GIT_TAG ${arg_TAG} SOURCE_SUBDIR headers-only)
    FetchContent_MakeAvailable(${target})
    FetchContent_GetProperties(${target} SOURCE_DIR folder)
    string(APPEND folder /${arg_FOLDER})
  elseif(CMAKE_CROSSCOMPILING)
    # /usr/include as a whole would put the build machine's C library before the target's.
    cmake_path(GET arg_HEADER STEM LAST_ONLY name)
    set(alone ${CMAKE_CURRENT_BINARY_DIR}/headers/${target})
    file(MAKE_DIRECTORY ${alone})
    foreach(entry ${name} ${arg_HEADER})
      if(EXISTS ${folder}/${entry} AND NOT entry MATCHES /)
        file(CREATE_LINK ${folder}/${entry} ${alone}/${entry} SYMBOLIC)
      endif()
    endforeach()
    set(folder ${alone})
  endif()
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${folder})
endfunction()

sixfold_header_dependency(sixfold_xsimd HEADER xsimd/xsimd.hpp FOLDER include
                          REPOSITORY https://github.com/xtensor-stack/xsimd.git TAG 14.0.0)
sixfold_header_dependency(sixfold_fp16 HEADER fp16.h FOLDER include
                          REPOSITORY https://github.com/Maratyszcza/FP16.git TAG 4dfe081cf6bcd15db339cf2680b9281b8451eeb3)

# GTest::gtest, GTest::gtest_main and GTest::gmock
macro(sixfold_require_googletest)
  find_package(GTest QUIET)
  if(NOT TARGET GTest::gtest_main)
    set(INSTALL_GTEST OFF CACHE INTERNAL "")
    # Debian has the source beside the library: it serves when cross compiling.
    find_path(SIXFOLD_GOOGLETEST_SOURCE googletest/CMakeLists.txt PATHS /usr/src/googletest NO_CMAKE_FIND_ROOT_PATH)
    if(SIXFOLD_GOOGLETEST_SOURCE)
      FetchContent_Declare(googletest SOURCE_DIR ${SIXFOLD_GOOGLETEST_SOURCE})
    else()
      FetchContent_Declare(googletest GIT_REPOSITORY https://github.com/google/googletest.git GIT_TAG v1.15.2)
    endif()
    FetchContent_MakeAvailable(googletest)
  endif()
endmacro()

# benchmark::benchmark and benchmark::benchmark_main
macro(sixfold_require_benchmark)
  find_package(benchmark QUIET)
  if(NOT TARGET benchmark::benchmark)
    set(BENCHMARK_ENABLE_TESTING OFF CACHE INTERNAL "")
    set(BENCHMARK_ENABLE_INSTALL OFF CACHE INTERNAL "")
    FetchContent_Declare(benchmark GIT_REPOSITORY https://github.com/google/benchmark.git GIT_TAG v1.9.1)
    FetchContent_MakeAvailable(benchmark)
  endif()
endmacro()
