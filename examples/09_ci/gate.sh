#!/usr/bin/env bash
# What a job of CI does for a change, in the folder of the training:
#   gate.sh BASE
# measures the training of the commit BASE, where the change began, then that of the change, and fails with 3 if it costs more
# joules or has a worse error than is allowed. Both in one job: joules of two machines, or of two kernels, are not compared.
# Leaves gate.md, gate.xml and report.json. JOULEFRONT: the program; MAX_ENERGY, MAX_ERROR: how much worse is allowed.
set -euo pipefail
base=$1
joulefront=${JOULEFRONT:-joulefront}
train=(python3 train.py)
flags=(--phase train --metric 'error=val_error=([0-9.]+)')

here=$PWD
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree"; rm -f "$here/gate.json"' EXIT
git worktree add --quiet --detach "$tree" "$base"
cd "$tree/$(git rev-parse --show-prefix)"
"$joulefront" gate --baseline "$here/gate.json" --update-baseline "${flags[@]}" -- "${train[@]}"

cd "$here"
"$joulefront" gate --baseline gate.json "${flags[@]}" \
  --max-regress "energy=${MAX_ENERGY:-5%}" --max-regress "error=${MAX_ERROR:-0.01}" \
  --markdown gate.md --junit gate.xml --json report.json -- "${train[@]}"
