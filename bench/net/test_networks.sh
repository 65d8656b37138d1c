#!/usr/bin/env bash
# test_networks.sh SIXFOLD_NET WORK NETWORK
# Tests a real network from end to end: the classes of real pictures in fp32 and fp16, every layer against ONNX Runtime,
# and that all backends and numbers of threads give the same values. NETWORK is text-direction, text-detection or
# mobilenet-v2.
# Ends with 77, skipped, if the networks cannot be had here; with SIXFOLD_REQUIRE_NETWORKS=1 that is a failure.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
net=$(realpath "$1")
work=$2/$3
network=$3

models=$("$here/models/fetch.sh" --oracle "$net") || {
  [[ -z ${SIXFOLD_REQUIRE_NETWORKS:-} ]] || exit 1
  echo "skipped: the networks cannot be had"
  exit 77
}

rm -rf "$work"
mkdir -p "$work"
cd "$work"

# classify CLASS OPTION...: on every backend, in fp32 and fp16.
classify() {
  local class=$1 backend
  shift
  for backend in $backends; do
    "$net" "$@" --backend "$backend" --repeat 1 --no-layers --expect-class "$class"
  done
}

# against_onnx_runtime OPTION...: every fused layer, and every node by itself.
against_onnx_runtime() {
  local fuse
  "$net" "$@" --expose-intermediates exposed.onnx
  "$net" "$@" --type fp32 --repeat 1 --no-layers --dump-input input.npy
  node "$here/models/oracle.mjs" exposed.onnx input.npy oracle
  "$net" "$@" --type fp32 --repeat 1 --no-layers --check oracle
  "$net" "$@" --type fp32 --repeat 1 --no-layers --check oracle --no-fuse
}

# same_everywhere OPTION...: value for value, on every backend and for several numbers of threads.
same_everywhere() {
  local backend type
  for type in fp32 fp16; do
    "$net" "$@" --type $type --repeat 1 --no-layers --backend scalar --dump "scalar-$type"
    for backend in $backends; do
      "$net" "$@" --type $type --repeat 1 --no-layers --backend "$backend" --check "scalar-$type" --tolerance 0
    done
    "$net" "$@" --type $type --repeat 1 --no-layers --threads 3 --check "scalar-$type" --tolerance 0
  done
}

backends=$("$net" --list-backends)
case $network in
  text-direction)
    upright=(--model "$models/text-direction.onnx" --input "$models/page.png" --crop 0,8,240,32 --preprocess ppocr-cls)
    classify 0 "${upright[@]}"
    classify 1 "${upright[@]}" --rotate 180
    against_onnx_runtime "${upright[@]}"
    against_onnx_runtime "${upright[@]}" --rotate 180
    same_everywhere "${upright[@]}"
    ;;
  text-detection)
    page=(--model "$models/text-detection.onnx" --input "$models/page.png" --preprocess ppocr-det)
    against_onnx_runtime "${page[@]}"
    same_everywhere "${page[@]}"
    ;;
  mobilenet-v2)
    cat=(--model "$models/mobilenet-v2.onnx" --input "$models/chelsea.png" --preprocess unit)
    classify 2 "${cat[@]}"
    against_onnx_runtime "${cat[@]}"
    same_everywhere "${cat[@]}"
    ;;
  *)
    echo "there is no network called $network" >&2
    exit 2
    ;;
esac
