#!/usr/bin/env bash
# test_report.sh BUILD OUT
# Makes the page of a brief study, and opens it in headless Chromium: light, dark, narrow and printed.
# Ends with 77, skipped, if Chromium, matplotlib or the networks cannot be had.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
out=$2
page=$out/precision.html

skip() {
  [[ -z ${SIXFOLD_REQUIRE_NETWORKS:-} ]] || exit 1
  echo "skipped: $*"
  exit 77
}

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no Chromium"
python=python3
python3 -c 'import matplotlib' 2>/dev/null || python=/usr/bin/python3
"$python" -c 'import matplotlib, PIL' 2>/dev/null || skip "no matplotlib"
"$here/../../net/models/fetch.sh" "$build/bench/net/sixfold-net" >/dev/null || skip "the networks cannot be had"

rm -rf "$out"
mkdir -p "$out"
"$here/../run_precision.sh" "$build" "$out" yes >/dev/null
"$python" "$here/check_page.py" static "$page"

browse() { "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
  --user-data-dir="$out/profile" "$@" 2>/dev/null; }

# The page with a script at its end that writes what it finds into the title.
probed=$out/probed.html
"$python" "$here/check_page.py" probe "$page" "$probed"
for width in 400 1100; do
  browse --window-size=$width,900 --virtual-time-budget=5000 --dump-dom "file://$probed" >"$out/dom-$width.html"
  "$python" "$here/check_page.py" dom "$out/dom-$width.html" $width
done

browse --window-size=1100,1600 --screenshot="$out/light.png" "file://$page"
browse --window-size=1100,1600 --force-dark-mode --blink-settings=preferredColorScheme=0 --screenshot="$out/dark.png" \
  "file://$page"
"$python" "$here/check_page.py" pictures "$out/light.png" "$out/dark.png"
browse --no-pdf-header-footer --print-to-pdf="$out/page.pdf" "file://$page"
[[ -s $out/page.pdf ]] || { echo "nothing was printed"; exit 1; }
rm -rf "$out/profile"
