#!/usr/bin/env bash
# The campaign: random faults, load and configuration for as long as is asked, then the totals. See campaign.py and README.md.
#
#   bash tests/proof/run.sh --minutes 30 | --hours 8 [--seed S]      --seed S --round K repeats one round
#   bash tests/proof/run.sh --soak HOURS
#
# LAKETIDE_BINARY   the program under proof (default build/ci/laketide)      PYTHON   default build/venv/bin/python
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
export LAKETIDE_BINARY=${LAKETIDE_BINARY:-$repo/build/ci/laketide} PYTHONDONTWRITEBYTECODE=1
[ -x "$LAKETIDE_BINARY" ] || { echo "No program at $LAKETIDE_BINARY: build it (bash tests/run.sh --quick), or set LAKETIDE_BINARY." >&2; exit 2; }
cd "$here"
exec "${PYTHON:-$repo/build/venv/bin/python}" campaign.py "$@"
