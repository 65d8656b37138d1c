#!/bin/sh
# compare_output.sh <expected text> c++|no-c++ <program>: the program must print the expected text; with no-c++ it must not need
# a C++ runtime.
set -eu
expected=$1
runtime=$2
program=$3
"$program" >output.txt
diff "$expected" output.txt
if [ "$runtime" = no-c++ ] && readelf -dW "$program" | grep -E 'NEEDED.*(libstdc\+\+|libc\+\+|libgcc_s)'; then
  echo "$program needs a C++ runtime" >&2
  exit 1
fi
