#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: format and house rules, the release build
# with LibTorch, the sanitizer build, and the quickstart with fewer trials.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t packages < <(cat examples/packages.txt tests/packages.txt)
examples/install_packages.sh "${packages[@]}"

step() { printf '\n== %s\n' "$*"; }

step "format"
find base search study_store workers objectives cli tests -name '*.cc' -o -name '*.h' |
  xargs clang-format-14 --dry-run --Werror

step "house rules"
tests/check_house.py

step "release build with LibTorch, all tests"
cmake --preset full >/dev/null
cmake --build --preset full -- --quiet
ctest --test-dir build/full --output-on-failure -j2

step "sanitizers"
cmake --preset asan >/dev/null
cmake --build --preset asan -- --quiet
ctest --test-dir build/asan --output-on-failure -j2

step "quickstart, twice"
rm -rf build/quickstart
examples/quickstart.sh --trials 14
examples/quickstart.sh --trials 14 > build/second_quickstart.txt  # no pipe: grep -q would close it
grep "front of" build/second_quickstart.txt

step "examples"
rm -rf build/examples && mkdir -p build/examples
for study in study unchanged; do
  (cd build/examples && ../release/bin/joulefront run "../../examples/02_any_command/$study.toml" --trials 6 --quiet)
done
for store in any_command unchanged; do
  build/release/bin/joulefront front "build/examples/$store.db"
done

step "all tests passed"
