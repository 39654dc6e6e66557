#!/usr/bin/env bash
# Kills the program at random moments, stops it at every step, crashes and freezes servers, fills
# their disks, and lets everything go wrong on a simulated one, for much longer than `make test`
# does; then tries schemas that nobody has tried yet. TURNBACK_CRASH_ROUNDS says how often the
# program is killed (200 by default), TURNBACK_CASES how many schemas there are (1000);
# TURNBACK_SEED, which a failing run prints, repeats its draws.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Always others, and always said.
export TURNBACK_SEED=${TURNBACK_SEED:-$((RANDOM << 30 | RANDOM << 15 | RANDOM))}
say "seed $TURNBACK_SEED"
export TURNBACK_CRASH_ROUNDS=${TURNBACK_CRASH_ROUNDS:-200}
say "killing the program in $TURNBACK_CRASH_ROUNDS rounds; crashes, hangs and take-overs of the server"
# What a test prints is its seed and the moments it drew: worth having when one fails at night.
scripts/test.sh -p turnback --test live "$@" -- --nocapture --test-threads=2 \
    crash:: terminated:: every_step:: server:: full_disk:: hang:: lease:: journal:: resume::
say "every point of every command on a simulated server"
cargo test --locked -p turnback-engine --test simulated -- --nocapture
export TURNBACK_CASES=${TURNBACK_CASES:-1000}
say "$TURNBACK_CASES generated schemas, the first of seed $TURNBACK_SEED"
scripts/test.sh -p turnback --test generated "$@" -- --nocapture
