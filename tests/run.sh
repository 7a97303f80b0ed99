#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: format and house rules, the release build
# with LibTorch, the sanitizer build, and the quickstart with fewer trials.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t packages < <(cat examples/packages.txt tests/packages.txt)
examples/install_packages.sh "${packages[@]}"

# The quickstart's build has the sources and flags of the full one, but for warnings as errors.
export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_IGNOREOPTIONS=-Werror

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
# The rank test over 20 seeds judges quality, and installing and Optuna are other programs' part: they have run above.
ctest --test-dir build/asan --output-on-failure -j2 --exclude-regex "by a rank test|^packaging|^optuna"

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

for study in 03_images 04_tabular 05_text 06_deployment; do
  (cd build/examples && ../release/bin/joulefront run "../../examples/$study.toml" --trials 8 --quiet)
done
for store in images letters text deployment; do
  build/release/bin/joulefront front "build/examples/$store.db"
done

step "a cluster on this machine"
examples/07_cluster/run.sh --trials 12 --quiet

step "the gate of CI"
examples/09_ci/run.sh

step "the search as a library: installed, and as a folder"
rm -rf build/library_prefix build/examples/08_library build/examples/08_folder
cmake -G Ninja -S . -B build/library -DJOULEFRONT_SEARCH_ONLY=ON -DCMAKE_INSTALL_PREFIX="$PWD/build/library_prefix" >/dev/null
cmake --build build/library
cmake --install build/library >/dev/null
cmake -G Ninja -S examples/08_library -B build/examples/08_library -DCMAKE_PREFIX_PATH="$PWD/build/library_prefix" >/dev/null
cmake -G Ninja -S examples/08_library -B build/examples/08_folder -DJOULEFRONT_SOURCE="$PWD" >/dev/null
for example in 08_library 08_folder; do
  cmake --build "build/examples/$example"
  "build/examples/$example/example" > "build/examples/$example.txt"
  grep " J$" "build/examples/$example.txt"
done
cmp build/examples/08_library.txt build/examples/08_folder.txt

step "all tests passed"
