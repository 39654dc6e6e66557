#!/usr/bin/env bash
# Runs the benchmarks on throw-away clusters and prints them as tables. Names choose some of
# them: backfill, cut-over, watching, serving, clients, planning; --small takes a tenth of the rows.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/setup.sh
exec cargo bench --quiet --locked -p turnback --bench bench -- "$@"
