#!/usr/bin/env bash
# What a job of CI does for a change, in the folder of the training:
#   gate.sh BASE
# runs the training of the commit BASE, where the change began, and that of the change in turn, and fails with 3 if the change
# costs more joules or has a worse error than is allowed. Leaves gate.md, gate.xml and gate.json.
# JOULEFRONT: the program; MAX_ENERGY, MAX_ERROR: how much worse is allowed.
set -euo pipefail

before=$(mktemp -d)
trap 'git worktree remove --force "$before"' EXIT
git worktree add --quiet --detach "$before" "$1"

"${JOULEFRONT:-joulefront}" gate --against "$before/$(git rev-parse --show-prefix)" \
  --phase train --metric 'error=val_error={number}' \
  --max-regress "energy=${MAX_ENERGY:-5%}" --max-regress "error=${MAX_ERROR:-0.01}" \
  --markdown gate.md --junit gate.xml --json gate.json -- python3 train.py
