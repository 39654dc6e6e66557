#!/usr/bin/env bash
# What can be judged without running anything: formatting, lints, documentation, supply chain.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

command -v cargo >/dev/null ||
    fail "Rust is needed: install it with rustup (https://rustup.rs), and try again."
for component in fmt clippy; do
    cargo "$component" --version >/dev/null 2>&1 ||
        fail "cargo $component is missing: run 'rustup component add rustfmt clippy', and try again."
done

say "formatting"
cargo fmt --all --check
say "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings
say "documentation"
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --workspace --no-deps --locked
if command -v shellcheck >/dev/null; then
    say "scripts"
    shellcheck -x scripts/*.sh .ci/run
fi
if command -v cargo-deny >/dev/null; then
    say "supply chain"
    cargo deny check
else
    say "supply chain: skipped, cargo-deny is not installed (cargo install cargo-deny --locked)"
fi
