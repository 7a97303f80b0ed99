#!/usr/bin/env bash
# The gate as CI has it, on this machine: a repository with a training, a change that costs nothing and passes, and one that
# costs three times the joules and fails with exit code 3. Installs and builds what is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

mapfile -t packages < <(cat examples/packages.txt examples/09_ci/packages.txt)
examples/install_packages.sh "${packages[@]}"
if [ -z "${JOULEFRONT:-}" ]; then
  [ -f build/release/build.ninja ] || cmake --preset release >/dev/null
  cmake --build --preset release -- --quiet >/dev/null
  export JOULEFRONT=$PWD/build/release/bin/joulefront
fi
export MAX_ENERGY=50%   # much, since who knows what else this machine does meanwhile

repository=$(mktemp -d)
trap 'rm -rf "$repository"' EXIT
cd "$repository"
say() { printf '\n== %s\n' "$*"; }
git() { command git -c user.name=you -c user.email=you@example.org -c init.defaultBranch=main "$@"; }
git init --quiet
cp "$here/train.py" "$here/gate.sh" .
git add . && git commit --quiet -m "A training"

say "a change of its words only"
echo "# a comment" >> train.py
git commit --quiet -am "A comment"
bash gate.sh HEAD~1

say "a change that trains three times as long"
sed -i 's/default=100/default=300/' train.py
git commit --quiet -am "More epochs"
code=0
bash gate.sh HEAD~1 || code=$?
[ "$code" = 3 ] || { echo "the gate ended with $code where 3 was due" >&2; exit 1; }

say "the report for the pull request"
cat gate.md
