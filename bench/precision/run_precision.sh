#!/usr/bin/env bash
# run_precision.sh BUILD OUT [SMOKE]
# Measures what half precision costs, on single layers and on real networks with many inputs, and makes OUT/precision.html of
# it. SMOKE is yes for a few experiments and inputs only.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
out=$2
net=$build/bench/net/sixfold-net
brief=()
variations=60
if [[ ${3:-no} == yes ]]; then
  brief=(--smoke)
  variations=2
fi

mkdir -p "$out"
"$build/bench/precision/sixfold-precision" ${brief+"${brief[@]}"} --benchmark_out="$out/precision.json" | tee "$out/precision.txt"

reports=()
# network NAME OPTION...
network() {
  local name=$1
  shift
  "$net" --precision "$@" --variations "$variations" --json "$out/precision-$name.json" | tee "$out/precision-$name.txt"
  reports+=("$out/precision-$name.json")
}

if [[ -x $net ]] && models=$("$here/../net/models/fetch.sh" "$net"); then
  network mobilenet-v2 --model "$models/mobilenet-v2.onnx" --input "$models/chelsea.png" --preprocess unit
  network text-direction --model "$models/text-direction.onnx" --input "$models/page.png" --crop 0,8,240,32 --preprocess ppocr-cls
  network text-detection --model "$models/text-detection.onnx" --input "$models/page.png" --preprocess ppocr-det
fi

# Debian's Python, which has the plotting library, may not be the first in the path.
python=python3
python3 -c 'import matplotlib' 2>/dev/null || python=/usr/bin/python3
"$python" "$here/report/report.py" "$out/precision.html" "$out/precision.json" ${reports+"${reports[@]}"}
