#!/bin/sh
# pkg_config_consumer.sh <C compiler> <library folder> <main.c> <work folder> <compare_output.sh> <expected text>
# Nothing but a C compiler and pkg-config: once against the shared, once against the static library.
set -eu
rm -rf "$4"
mkdir -p "$4"
cd "$4"
PKG_CONFIG_PATH=$2/pkgconfig
export PKG_CONFIG_PATH

# What pkg-config prints is a list of words.
# shellcheck disable=SC2046
"$1" "$3" $(pkg-config --cflags --libs sixfold) -o shared_example
LD_LIBRARY_PATH=$2 "$5" "$6" no-c++ ./shared_example
readelf -dW shared_example | grep -q 'NEEDED.*libsixfold' || { echo 'not linked to the shared library' >&2 && exit 1; }

# shellcheck disable=SC2046
"$1" "$3" $(pkg-config --cflags sixfold) "$2/libsixfold.a" $(pkg-config --static --libs-only-l sixfold | sed 's/-lsixfold//') \
  -o static_example
"$5" "$6" no-c++ ./static_example
