#!/usr/bin/env bash
# run_networks.sh BUILD OUT [SMOKE]
# Runs the real networks, shows the tables, and leaves them in OUT, as text and as JSON. SMOKE is yes to run everything
# once only.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
net=$1/bench/net/sixfold-net
out=$2
options=()
[[ ${3:-no} != yes ]] || options+=(--repeat 1)

mkdir -p "$out"
models=$("$here/models/fetch.sh" "$net")

# run NAME TITLE OPTION...
run() {
  local name=$1 title=$2
  shift 2
  printf '\n%s\n\n' "$title"
  "$net" "$@" ${options+"${options[@]}"} --json "$out/$name.json" | tee "$out/$name.txt"
}

text_direction=(--model "$models/text-direction.onnx" --input "$models/page.png" --crop 0,8,240,32
  --preprocess ppocr-cls)

run text-direction "Text direction of a line that is upright: class 0 is right" "${text_direction[@]}" --expect-class 0
run text-direction-turned "The same line turned by 180 degrees: class 1 is right" "${text_direction[@]}" \
  --rotate 180 --no-layers --expect-class 1
run text-detection "Where there is text on the page: a likelihood for each pixel" \
  --model "$models/text-detection.onnx" --input "$models/page.png" --preprocess ppocr-det
run mobilenet-v2 "MobileNetV2, trained to find what is not for children, on the picture of a cat: class 2, harmless" \
  --model "$models/mobilenet-v2.onnx" --input "$models/chelsea.png" --preprocess unit --expect-class 2
