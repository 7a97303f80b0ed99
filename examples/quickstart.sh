#!/usr/bin/env bash
# From a fresh Debian 12 machine to an accuracy-versus-energy front: installs the packages that are
# missing, builds the release, runs examples/01_digits.toml, and shows its front. Running it again
# builds nothing anew and shows the finished study. Arguments go to `joulefront run`, for example
#   examples/quickstart.sh --trials 12
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t packages < examples/packages.txt
examples/install_packages.sh "${packages[@]}"

if [ ! -x build/release/bin/joulefront ]; then
  echo "building joulefront: about three minutes on two cores" >&2
fi
if [ ! -f build/release/build.ninja ]; then
  cmake --preset release >/dev/null
fi
cmake --build --preset release -- --quiet

mkdir -p build/quickstart
cd build/quickstart
joulefront=../release/bin/joulefront
"$joulefront" run ../../examples/01_digits.toml "$@"
echo
"$joulefront" front digits.db --plot
"$joulefront" front digits.db --format csv > front.csv
echo
echo "the front as CSV: build/quickstart/front.csv    the study: build/quickstart/digits.db"
