#!/usr/bin/env bash
# A cluster on this machine: a PostgreSQL and a Slurm of two nodes, both private and on loopback, a study of real trainings on them, and a node
# that dies in the middle. Installs and builds what is missing. Arguments go to `joulefront run`, for example
#   examples/07_cluster/run.sh --trials 20
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

mapfile -t packages < <(cat examples/packages.txt examples/07_cluster/packages.txt)
examples/install_packages.sh "${packages[@]}"
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build --preset release -- --quiet >/dev/null
joulefront=$PWD/build/release/bin/joulefront

rm -rf build/cluster && mkdir -p build/cluster
cd build/cluster
trap '"$here/slurm_server.py" stop slurm; "$here/postgres_server.py" stop postgres' EXIT
url=$("$here/postgres_server.py" start postgres --durable)
eval "$("$here/slurm_server.py" start slurm --nodes 2)"

say() { printf '\n== %s\n' "$*"; }
trials_done() { "$joulefront" status "$url" 2>/dev/null | sed -n 's/^trials *\([0-9]*\) complete.*/\1/p'; }

say "joulefront run study.toml --store $url --launch slurm"
"$joulefront" run "$here/study.toml" --store "$url" --launch slurm "$@" &
run=$!
until [ "$(trials_done || true)" -ge 5 ] 2>/dev/null; do
  kill -0 $run 2>/dev/null || break
  sleep 0.5
done
say "the queue, and who trains what"
squeue
"$joulefront" status "$url" | tail -n 4
say "node1 dies, with all that runs there, and comes back"
"$here/slurm_server.py" kill slurm node1
sleep 2
"$here/slurm_server.py" revive slurm node1
wait $run

say "the front"
"$joulefront" front "$url"
"$joulefront" audit "$url"
say "and home again, as a file: build/cluster/home.db"
"$joulefront" export "$url" --format sqlite --output home.db
"$joulefront" status home.db | head -n 3
