#!/usr/bin/env bash
# test_replay.sh SIXFOLD_NET WORK REPLAY...
# Tests that a network gives the same values on every machine: the text-direction classifier's run is written down as a plan, in
# each arithmetic, and repeated by each REPLAY, a command that runs sixfold-replay, perhaps under an emulator. They fail unless
# their digest is that of this machine.
# Ends with 77, skipped, if the network cannot be had here; with SIXFOLD_REQUIRE_NETWORKS=1 that is a failure.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
net=$(realpath "$1")
work=$2
shift 2

models=$("$here/models/fetch.sh" "$net") || {
  [[ -z ${SIXFOLD_REQUIRE_NETWORKS:-} ]] || exit 1
  echo "skipped: the network cannot be had"
  exit 77
}

mkdir -p "$work"
run=("$net" --model "$models/text-direction.onnx" --input "$models/page.png" --crop 0,8,240,32 --preprocess ppocr-cls
  --repeat 1 --no-layers)
for arithmetic in "fp32 fp32" "fp16 fp32" "fp16 fp16" "fp16 blocked"; do
  read -r type accumulation <<<"$arithmetic"
  plan=$work/$type-$accumulation.plan
  "${run[@]}" --type "$type" --accumulation "$accumulation" --plan "$plan" | grep ^digest
  for replay in "$@"; do
    printf '  %s\n  ' "$replay"
    $replay "$plan"
  done
done
