#!/usr/bin/env bash
# Installs what building, testing and the demo need and this machine lacks: PostgreSQL's
# server programs and a C compiler. Says nothing, and needs no network, where all is there.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

oldest_postgres=14
oldest_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

temporary_file() {
    mktemp || fail "no temporary file can be made: make room in ${TMPDIR:-/tmp}, or point TMPDIR elsewhere."
}

# --- Rust: installing a toolchain is the user's choice, so this only says how.

rust_is_there() {
    command -v cargo >/dev/null && command -v rustc >/dev/null || return 1
    at_least "$(rustc --version | cut -d ' ' -f 2)" "$oldest_rust"
}

# --- A C compiler with its headers: SQLite and the cryptography under TLS are C.

compiler_is_there() {
    local out works=1
    command -v cc >/dev/null || return 1
    out=$(temporary_file) || exit 1
    printf '#include <stdio.h>\nint main(void) { return 0; }\n' |
        cc -x c -o "$out" - 2>/dev/null && works=0
    rm -f "$out"
    return "$works"
}

# --- PostgreSQL: the server programs, not a running server.

has_postgres() {
    local program
    for program in initdb pg_ctl postgres; do
        [ -x "$1/$program" ] || return 1
    done
    at_least "$("$1/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" "$oldest_postgres"
}

# Whether the server programs are in one of the places in which the tests and the demo look.
find_postgres() {
    local dir dirs
    if [ -n "${TURNBACK_PG_BIN:-}" ]; then
        IFS=: read -r -a dirs <<<"$TURNBACK_PG_BIN"
        for dir in "${dirs[@]}"; do
            has_postgres "$dir" ||
                fail "TURNBACK_PG_BIN names $dir, which does not hold PostgreSQL $oldest_postgres or later (initdb, pg_ctl, postgres); name the directory that does, or unset it."
        done
        has_psql "${dirs[@]}"
        return
    fi
    IFS=: read -r -a dirs <<<"$(pg_config --bindir 2>/dev/null || true):$PATH"
    for dir in /usr/lib/postgresql/*/bin "${dirs[@]}"; do
        has_postgres "$dir" && has_psql "$dir" && return 0
    done
    return 1
}

# Some packages carry the server alone; then another installation's client serves.
has_psql() {
    local dir
    for dir in "$@" /usr/lib/postgresql/*/bin; do
        [ -x "$dir/psql" ] && return 0
    done
    command -v psql >/dev/null
}

# --- Installing, on Debian and its descendants.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

can_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null || return 1
    # With a terminal sudo may ask for the password; without one it must not have to.
    [ -t 0 ] || sudo -n true 2>/dev/null
}

# Runs a command quietly; what it said comes out if it fails.
quietly() {
    local log
    log=$(temporary_file) || exit 1
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

apt_install() {
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" ||
        fail "apt-get could not install $* (its own words are above); install it by hand, and try again."
}

# Debian creates and starts a cluster along with the server package. Nobody asked for one,
# so it is told not to for as long as this installation lasts.
no_main_cluster=/etc/postgresql-common/createcluster.d/turnback-setup.conf

install_postgres() {
    # The file's directory belongs to this package, which creates no cluster.
    apt_install postgresql-common
    trap 'as_root rm -f "$no_main_cluster"' EXIT
    as_root mkdir -p "$(dirname "$no_main_cluster")"
    echo 'create_main_cluster = false' | as_root tee "$no_main_cluster" >/dev/null
    apt_install postgresql
    as_root rm -f "$no_main_cluster"
    trap - EXIT
}

# --- PostgreSQL refuses to run as root: its programs are started as somebody else.

ordinary_user_is_there() {
    [ "$(id -u)" -ne 0 ] || id postgres >/dev/null 2>&1 || id nobody >/dev/null 2>&1
}

# --- The whole.

rust_is_there ||
    fail "Rust $oldest_rust or later is needed: install it with rustup (https://rustup.rs), and try again."

need_compiler=no
need_postgres=no
compiler_is_there || need_compiler=yes
# Not in a subshell: a wrong TURNBACK_PG_BIN ends the script here.
find_postgres || need_postgres=yes

if [ "$need_compiler" = yes ] || [ "$need_postgres" = yes ]; then
    if ! can_install; then
        [ "$need_compiler" = no ] ||
            say "A C compiler with headers is needed (on Debian: build-essential), and this script can install it only with apt-get and the right to use it."
        [ "$need_postgres" = no ] ||
            say "PostgreSQL's server programs, version $oldest_postgres or later, are needed (on Debian: postgresql), and this script can install them only with apt-get and the right to use it; where they are installed already, set TURNBACK_PG_BIN to the directory that holds initdb, pg_ctl and postgres."
        exit 1
    fi
    say "fetching the list of packages"
    # A broken source among many is no reason to stop: the installation itself will tell.
    quietly as_root apt-get update -qq || say "apt-get update had errors; going on with what it has."
    if [ "$need_compiler" = yes ]; then
        say "installing a C compiler (build-essential)"
        apt_install build-essential
    fi
    if [ "$need_postgres" = yes ]; then
        say "installing PostgreSQL's server programs (postgresql); no cluster is created or started"
        install_postgres
        find_postgres ||
            fail "this system's PostgreSQL is older than $oldest_postgres: install a later one (https://www.postgresql.org/download), and set TURNBACK_PG_BIN if it is in an unusual place."
    fi
fi

ordinary_user_is_there ||
    fail "PostgreSQL does not run as root, and there is no user 'postgres' to run it as: create one (useradd --system postgres), or run this as an ordinary user."

# --- Programs that turnback works with, which only tests need: `setup.sh tests`.

if [ "${1:-}" = tests ] && ! command -v pgbackrest >/dev/null; then
    if can_install; then
        say "installing pgbackrest, for the tests of backups by it"
        quietly as_root apt-get update -qq || true
        quietly as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends pgbackrest ||
            say "pgbackrest could not be installed; the tests of backups by it say that they are skipped."
    else
        say "pgbackrest is not there; the tests of backups by it say that they are skipped."
    fi
fi
