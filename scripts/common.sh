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
