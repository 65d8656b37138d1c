# Android without an NDK: Clang with Android's triple and flags, other C headers, and a C library of which only the names exist.
# What it makes is for checks and cannot run; `./dev build android` uses it where there is no NDK. SIXFOLD_ANDROID_SYSROOT is
# the folder made by toolchains/android-check/make_sysroot.sh.
set(CMAKE_SYSTEM_NAME Android)
set(CMAKE_SYSTEM_VERSION 1)  # so that CMake looks for no NDK

set(ANDROID_ABI arm64-v8a CACHE STRING "arm64-v8a, armeabi-v7a or x86_64")
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH sixfold_source)
set(SIXFOLD_ANDROID_SYSROOT ${sixfold_source}/build/android-sysroot CACHE PATH "Made by make_sysroot.sh")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ANDROID_ABI SIXFOLD_ANDROID_SYSROOT)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)  # a program would need the start-up files

# The processors' names are those that the NDK gives; the further flags, what it compiles with.
if(ANDROID_ABI STREQUAL "arm64-v8a")
  set(CMAKE_SYSTEM_PROCESSOR aarch64)
  set(triple aarch64-linux-android24)
elseif(ANDROID_ABI STREQUAL "armeabi-v7a")
  set(CMAKE_SYSTEM_PROCESSOR armv7-a)
  set(triple armv7a-linux-androideabi24)
  set(abi_flags "-march=armv7-a -mthumb")
elseif(ANDROID_ABI STREQUAL "x86_64")
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(triple x86_64-linux-android24)
else()
  message(FATAL_ERROR "ANDROID_ABI is \"${ANDROID_ABI}\", must be arm64-v8a, armeabi-v7a or x86_64")
endif()

set(CMAKE_C_COMPILER clang-19 CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_C_COMPILER_TARGET ${triple})
set(CMAKE_CXX_COMPILER_TARGET ${triple})

set(ndk_flags "-DANDROID -fdata-sections -ffunction-sections -funwind-tables -fstack-protector-strong ${abi_flags}")
set(sysroot ${SIXFOLD_ANDROID_SYSROOT})
set(c_headers "-isystem ${sysroot}/${ANDROID_ABI}/include")
set(CMAKE_C_FLAGS_INIT "${ndk_flags} ${c_headers}")
set(CMAKE_CXX_FLAGS_INIT "${ndk_flags} -nostdinc++ -isystem ${sysroot}/include/c++/v1 ${c_headers}")
set(CMAKE_SHARED_LINKER_FLAGS_INIT
    "-fuse-ld=lld-19 -nostdlib -L${sysroot}/${ANDROID_ABI}/lib -lc ${sysroot}/${ANDROID_ABI}/lib/builtins.a")
string(APPEND CMAKE_SHARED_LINKER_FLAGS_INIT " -Wl,--build-id=sha1 -Wl,--no-rosegment -Wl,--fatal-warnings")

set(CMAKE_FIND_ROOT_PATH ${sysroot})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
