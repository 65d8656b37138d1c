# Android, by the NDK in ANDROID_NDK_HOME, ANDROID_NDK_ROOT or ANDROID_NDK: its own toolchain file with this project's defaults.
# ANDROID_ABI and ANDROID_PLATFORM may be given, as to the NDK's file.
if(NOT SIXFOLD_ANDROID_NDK)
  foreach(name ANDROID_NDK_HOME ANDROID_NDK_ROOT ANDROID_NDK)
    if(NOT SIXFOLD_ANDROID_NDK AND NOT "$ENV{${name}}" STREQUAL "")
      file(TO_CMAKE_PATH "$ENV{${name}}" SIXFOLD_ANDROID_NDK)
    endif()
  endforeach()
  # Kept for configuring again, when the environment may be another.
  set(SIXFOLD_ANDROID_NDK "${SIXFOLD_ANDROID_NDK}" CACHE PATH "The Android NDK")
endif()

set(ndk_toolchain ${SIXFOLD_ANDROID_NDK}/build/cmake/android.toolchain.cmake)
if(NOT SIXFOLD_ANDROID_NDK)
  message(FATAL_ERROR "Set ANDROID_NDK_HOME to the folder of an Android NDK")
elseif(NOT EXISTS ${ndk_toolchain})
  message(FATAL_ERROR "${SIXFOLD_ANDROID_NDK} is not an Android NDK: it has no build/cmake/android.toolchain.cmake")
endif()

if(NOT DEFINED ANDROID_ABI)
  set(ANDROID_ABI arm64-v8a)
endif()
if(NOT DEFINED ANDROID_PLATFORM)
  set(ANDROID_PLATFORM android-24)
endif()
include(${ndk_toolchain})

# CMake's own trial projects read this file too, without the cache; the NDK's file sets the list anew.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SIXFOLD_ANDROID_NDK)
