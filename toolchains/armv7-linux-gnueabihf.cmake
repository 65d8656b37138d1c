# Linux on 32-bit Arm, from any machine. Its tests run under qemu; QEMU_CPU in the environment says which CPU it plays.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7)

set(triple arm-linux-gnueabihf)
set(CMAKE_C_COMPILER ${triple}-gcc CACHE STRING "")
set(CMAKE_CXX_COMPILER ${triple}-g++ CACHE STRING "")
set(CMAKE_C_COMPILER_TARGET ${triple})  # for clang; g++ is made for one target
set(CMAKE_CXX_COMPILER_TARGET ${triple})

# The least that this ABI has: no NEON, 16 double registers. The library adds flags to the file that needs more.
set(CMAKE_C_FLAGS_INIT "-march=armv7-a -mfpu=vfpv3-d16 -mfloat-abi=hard")
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT}")

# Libraries and packages of the build machine are of no use here; programs are, and so are headers if asked for.
set(CMAKE_FIND_ROOT_PATH /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm -L /usr/${triple})
