#!/usr/bin/env bash
# bench_shared_store on a PostgreSQL of its own, with fsync: the figures of docs/scale.md.
#   tests/bench/shared_store.sh [BUILD_FOLDER]      default: build/full
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${1:-build/full}
cmake --build "$folder" --target bench_shared_store -- --quiet >/dev/null
where=$(mktemp -d)
trap 'examples/07_cluster/postgres_server.py stop "$where/postgres"; rm -rf "$where"' EXIT
"$folder/bin/bench_shared_store" "$(examples/07_cluster/postgres_server.py start "$where/postgres" --durable)"
