#!/usr/bin/env bash
# run_peers.sh BUILD OUT [SMOKE [OPTION...]]
# Compares Sixfold with the libraries that are installed, everybody kept to AVX2, and then, where Sixfold has more, with all that
# this CPU can do. Tables, JSON and plots go to OUT. SMOKE is yes to run everything once and briefly;
# options are sixfold-peers'.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "$1")
out=$2
options=("${@:4}")
[[ ${3:-no} != yes ]] || options+=(--smoke)
peers=$build/bench/peers/sixfold-peers

mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ONNX Runtime comes by npm; without it the rest is compared all the same.
onnxruntime=no
if command -v node >/dev/null && "$here/../net/models/fetch.sh" --oracle-only >/dev/null; then
  onnxruntime=yes
else
  echo "ONNX Runtime cannot be had here and is left out."
fi

# The distribution's own Python has its matplotlib, whichever other comes first in the path.
python=
for candidate in python3 /usr/bin/python3; do
  "$candidate" -c 'import matplotlib' 2>/dev/null && python=$candidate && break
done
[[ -n $python ]] || echo "There is no python3-matplotlib here, and so there will be no plots."

# compare NAME LIMIT OPTION...: LIMIT is a library that node is to preload, or empty.
compare() {
  local name=$1 limit=$2
  shift 2
  [[ $onnxruntime == no ]] || set -- "$@" --work "$work" --onnxruntime "env LD_PRELOAD=$limit node $here/onnxruntime.mjs"
  "$peers" "$@" ${options+"${options[@]}"} --json "$out/$name.json" | tee "$out/$name.txt"
  [[ -z $python ]] || "$python" "$here/plot.py" "$out/$name.json" "$out/$name.svg"
}

compare peers-avx2 "$build/bench/peers/libsixfold_limit_isa.so"
if "$peers" --list-backends | grep -q '^avx512'; then
  printf '\nWith all that this CPU can do\n\n'
  compare peers-native "" --native
fi
