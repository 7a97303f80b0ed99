#!/usr/bin/env bash
# Prints the figures that joulefront keeps beside what they should be. They are no tests: a busy
# machine is slower.
#   tests/bench/run.sh [BUILD_FOLDER] [--build]     default: build/full, made if it is not there
# --build also times full builds with and without LibTorch, which takes minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=build/full
if [[ $# -gt 0 && $1 != --* ]]; then
  folder=$1
  shift
fi
[[ -e $folder/CMakeCache.txt ]] || cmake --preset full -B "$folder" >/dev/null
targets=(joulefront bench_pareto bench_store bench_trainer bench_meter)
# Against pagmo, where it is installed.
if grep -q '^pagmo_DIR:PATH=/' "$folder/CMakeCache.txt"; then targets+=(bench_front); fi
cmake --build "$folder" --target "${targets[@]}" -- --quiet
exec python3 tests/bench/figures.py "$folder" "$@"
