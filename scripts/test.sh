#!/usr/bin/env bash
# Runs every test against one throw-away cluster, which ends with this script however it ends.
# Arguments go to `cargo test`. Where TURNBACK_PG_BIN names several PostgreSQLs, every test runs
# on each of them, one after the other.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/setup.sh tests
if ! scripts/counterparts.sh; then
    say "going on without them; the tests that talk to them say that they are skipped"
    export TURNBACK_WITHOUT_COUNTERPARTS=1
fi

if [[ ${TURNBACK_PG_BIN:-} == *:* ]]; then
    IFS=: read -r -a versions <<<"$TURNBACK_PG_BIN"
    failed=()
    for version in "${versions[@]}"; do
        say "testing on $("$version/postgres" --version)"
        TURNBACK_PG_BIN=$version scripts/test.sh "$@" || failed+=("$version")
    done
    [ "${#failed[@]}" -eq 0 ] || fail "tests failed on: ${failed[*]}"
    exit 0
fi

# All that the tests need in one build; the cluster's program alone would be built with other
# features of the same dependencies, and so build them twice.
cargo build --workspace --locked --bins --tests

# Tests make and drop files by the hundred thousand, which takes a file system a while: the cluster is
# in memory where there is plenty of it, unless TMPDIR says where it shall be.
place=${TMPDIR:-/tmp}
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && has_free_gib 8 /dev/shm && has_memory_gib 12; then
    place=/dev/shm
fi

# The cluster lives for as long as its standard input is open: even a `kill -9` of this script
# ends it.
pipes=$(mktemp -d)
mkfifo "$pipes/in" "$pipes/out"
TMPDIR=$place "$(built turnback-throwaway)" <"$pipes/in" >"$pipes/out" &
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

# One more than there are cores: most tests wait for a server, or for time to pass, more than they
# compute.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) + 1))}

# As one build with all else, but for a package that is chosen as a whole: to cargo `--workspace`
# beside `-p` means every package.
chosen=(--workspace)
if [[ " $* " == *" -p "* && " $* " != *" --test "* ]]; then chosen=(); fi

# All of them, even after one has failed: a run is long, and one wants to know everything it knows.
cargo test "${chosen[@]}" --locked --no-fail-fast "$@"
