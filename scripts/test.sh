#!/usr/bin/env bash
# Runs every test against one throw-away cluster, which ends with this script however it ends.
# Arguments go to `cargo test`.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/setup.sh
# All that the tests need in one build; the cluster's program alone would be built with other
# features of the same dependencies, and so build them twice.
cargo build --workspace --locked --bins --tests

# The cluster lives for as long as its standard input is open: even a `kill -9` of this script
# ends it.
pipes=$(mktemp -d)
mkfifo "$pipes/in" "$pipes/out"
"$(built turnback-throwaway)" <"$pipes/in" >"$pipes/out" &
cluster=$!
exec 9>"$pipes/in"

end_cluster() {
    local status=$?
    trap - EXIT
    exec 9>&-
    wait "$cluster" || true
    rm -rf "$pipes"
    exit "$status"
}
trap end_cluster EXIT
# As exits, so that the cluster ends on the way out.
trap 'exit 130' INT
trap 'exit 143' TERM

read -r TURNBACK_TEST_CLUSTER_URL <"$pipes/out" ||
    fail "the throw-away cluster did not start; what it said is above."
export TURNBACK_TEST_CLUSTER_URL

# All of them, even after one has failed: a run is long, and one wants to know everything it knows.
cargo test --workspace --locked --no-fail-fast "$@"
