#!/usr/bin/env bash
# Makes what toolchains/android-check.cmake compiles and links with, on Debian and Ubuntu:
#
#   make_sysroot.sh <folder>
#
#   <folder>/include/c++/v1     LLVM's C++ headers with the NDK's namespace, from a package that is downloaded, not installed: that
#                               would drive out another version of it
#   <folder>/<ABI>/include      C headers of Linux for that architecture, as the cross compilers' packages have them
#   <folder>/<ABI>/lib          libc.so and libm.so that hold the names in tests/android/api24_symbols.txt, no code, and builtins.a,
#                               the compiler's own functions
#
# Needed packages: clang-19 lld-19 g++-aarch64-linux-gnu g++-arm-linux-gnueabihf libc6-dev
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
symbols=$root/tests/android/api24_symbols.txt
mkdir -p "$1"
folder=$(cd "$1" && pwd)

cxx_headers() {
  local to=$folder/include/c++/v1 work
  [[ ! -e $to/__config_site ]] || return 0
  work=$(mktemp -d)
  (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download libc++-19-dev && dpkg -x ./*.deb .)
  mkdir -p "$folder/include/c++"
  rm -rf "$to"
  mv "$work/usr/lib/llvm-19/include/c++/v1" "$to"
  rm -rf "$work"
  sed -i 's/^#define _LIBCPP_ABI_NAMESPACE .*/#define _LIBCPP_ABI_NAMESPACE __ndk1/' "$to/__config_site"
}

# headers <ABI> <folder>...: links to what lies in the folders, the first one counts.
headers() {
  local to=$folder/$1/include from
  shift
  rm -rf "$to"
  mkdir -p "$to/gnu"
  : >"$to/gnu/stubs-soft.h"  # which glibc asks for where floats are passed in integer registers
  # Bionic has these, and LLVM's headers want them.
  mkdir -p "$to/android"
  : >"$to/android/api-level.h"
  echo '#include <locale.h>' >"$to/xlocale.h"
  for from in "$@"; do
    ls -1 "$from" | while read -r entry; do
      [[ -e $to/$entry || $entry == c++ ]] || ln -s "$from/$entry" "$to/$entry"
    done
    [[ ! -d $from/gnu ]] || ln -sf "$from"/gnu/* "$to/gnu"
  done
}

# libraries <ABI> <triple>
libraries() {
  local to=$folder/$1/lib library symbol
  mkdir -p "$to"
  for library in libc libm; do
    awk -v library="$library" -v abi="$1" '$1 == library && (NF < 4 || $4 == abi) {
      print ".globl " $2 "\n.type " $2 ", %function\n" $2 ":"
    }' "$symbols" >"$to/$library.s"
    clang-19 "--target=$2" -fuse-ld=lld-19 -nostdlib -shared "-Wl,-soname,$library.so" -x assembler "$to/$library.s" -o "$to/$library.so"
  done
}

# builtins <ABI> <gcc>
builtins() { ln -sf "$("$2" -print-libgcc-file-name)" "$folder/$1/lib/builtins.a"; }

cxx_headers
headers arm64-v8a /usr/aarch64-linux-gnu/include
headers armeabi-v7a /usr/arm-linux-gnueabihf/include
headers x86_64 /usr/include/x86_64-linux-gnu /usr/include
libraries arm64-v8a aarch64-linux-android24
libraries armeabi-v7a armv7a-linux-androideabi24
libraries x86_64 x86_64-linux-android24
builtins arm64-v8a aarch64-linux-gnu-gcc
builtins armeabi-v7a arm-linux-gnueabihf-gcc
builtins x86_64 gcc
