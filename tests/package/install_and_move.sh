#!/bin/sh
# install_and_move.sh <cmake> <build folder> <configuration> <first place> <second place>
set -eu
rm -rf "$4" "$5"
"$1" --install "$2" --config "${3:-Release}" --prefix "$4"
mv "$4" "$5"
# No installed text may name the first place, the build folder, or where the source is.
if grep -rIlF -e "$4" -e "$2" "$5"; then
  echo "these files remember where they were made" >&2
  exit 1
fi
