# shellcheck shell=bash
# Sourced by every script here: the repository's root, cargo on the PATH, how to speak.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# A fresh rustup is on the PATH of new login shells only.
cargo_bin="${CARGO_HOME:-${HOME:-/nonexistent}/.cargo}/bin"
if ! command -v cargo >/dev/null && [ -x "$cargo_bin/cargo" ]; then
    PATH="$cargo_bin:$PATH"
fi

say() {
    printf 'turnback: %s\n' "$*" >&2
}

# Says what is wrong and what to do about it, in one sentence, and stops.
fail() {
    say "$@"
    exit 1
}

# Where this workspace's programs are after a build.
built() {
    printf '%s/debug/%s' "${CARGO_TARGET_DIR:-target}" "$1"
}

# Whether version $1 is at least $2.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# Whether so many GiB ($1) are free in a directory ($2).
has_free_gib() {
    local free
    free=$(df --output=avail -B 1G "$2" 2>/dev/null | tail -n 1) && [ "${free:-0}" -ge "$1" ]
}

# Whether so many GiB ($1) of memory are to be had.
has_memory_gib() {
    awk -v least="$1" '/^MemAvailable:/ { found = $2 >= least * 1024 * 1024 } END { exit !found }' /proc/meminfo
}
