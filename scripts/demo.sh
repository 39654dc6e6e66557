#!/usr/bin/env bash
# Builds turnback and shows it at work on a throw-away cluster. Arguments go to `turnback demo`.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/setup.sh
# The development profile: it builds in a fraction of the time, and the database does the work.
cargo build --locked -p turnback
exec "$(built turnback)" demo "$@"
