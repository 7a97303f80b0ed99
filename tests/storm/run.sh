#!/usr/bin/env bash
# The long storms: 500 rounds of kills, 64 workers, 100 rounds on PostgreSQL, every fault point, a million inputs for each parser. About 50 minutes on two cores;
# needs what tests/run.sh installs, and clang for the last part.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cmake --preset full >/dev/null
cmake --build --preset full -- --quiet
joulefront=$PWD/build/full/bin/joulefront
tests/storm/kill_storm.py --joulefront "$joulefront" --rounds "${ROUNDS:-500}"
tests/storm/contention.py --joulefront "$joulefront" --workers 64 --trials 2000
tests/storm/cluster_storm.py --joulefront "$joulefront" --rounds 100 --trials 100 --cut 60
tests/storm/slurm_study.py --joulefront "$joulefront"
tests/storm/damaged_stores.py --joulefront "$joulefront" --stores 1000
tests/storm/fault_walk.py --joulefront "$joulefront" --library "$PWD/build/full/tests/libfailing_calls.so"
if command -v clang++ >/dev/null; then
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz -- --quiet
  export TMPDIR=/dev/shm     # stores are files: in memory they are twice as fast
  for reader in 2 0 8; do  # the study file, the trainer's messages, stores
    JOULEFRONT_READER=$reader build/fuzz/bin/fuzz_parsers -runs="${INPUTS:-1000000}" -max_len=4096 -print_final_stats=1
  done
else
  echo "no clang++: the parsers were not fuzzed"
fi
