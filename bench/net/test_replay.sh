#!/usr/bin/env bash
# test_replay.sh SIXFOLD_NET WORK REPLAY...
# Tests that a network gives the same values on every machine: the text-direction classifier's run is recorded in each
# arithmetic, and by the plan that --precision writes, and repeated by each REPLAY, a command that runs sixfold-replay, perhaps
# under an emulator. They fail unless their digest is that of this machine.
# Ends with 77, skipped, if the network cannot be had here; with SIXFOLD_REQUIRE_NETWORKS=1 that is a failure.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
net=$(realpath "$1")
work=$2
shift 2
replays=("$@")

models=$("$here/models/fetch.sh" "$net") || {
  [[ -z ${SIXFOLD_REQUIRE_NETWORKS:-} ]] || exit 1
  echo "skipped: the network cannot be had"
  exit 77
}

mkdir -p "$work"
network=("$net" --model "$models/text-direction.onnx" --input "$models/page.png" --crop 0,8,240,32 --preprocess ppocr-cls)

# repeat NAME OPTION...
repeat() {
  local recording=$work/$1.recording replay
  shift
  "${network[@]}" --repeat 1 --no-layers "$@" --record "$recording" | grep ^digest
  for replay in "${replays[@]}"; do
    printf '  %s\n  ' "$replay"
    $replay "$recording"
  done
}

for arithmetic in "fp32 fp32" "fp16 fp32" "fp16 fp16" "fp16 blocked"; do
  read -r type accumulation <<<"$arithmetic"
  repeat "$type-$accumulation" --type "$type" --accumulation "$accumulation"
done

# A threshold at which some layers are refused sums in fp16, so that the plan is none of the above.
"${network[@]}" --precision --threshold 0.001 --write-plan "$work/plan.json" >/dev/null
[[ $(grep -o '"accumulation": "[^"]*"' "$work/plan.json" | sort -u | wc -l) -gt 1 ]] # it mixes arithmetics
repeat plan --type fp16 --plan "$work/plan.json" | tee "$work/plan.txt"
grep -q 'accumulated by plan' "$work/plan.txt"
